"""Painting over strokes in a real server: every kind of model, sizes, masks, batches, cancel."""

import json

import numpy as np
import pytest
import torch
from graphs import STEPS, Graph, paint, picture, tiny_latent, tiny_model, tiny_prompt
from test_running import progress_of, relative

from tools.comfy_client import GraphFailed

METHODS = ["in rounds", "GradOP+", "GradOP"]


def wired(kind="eps", seed=1, batch=1, height=64, width=64):
    graph = Graph()
    model, vae = tiny_model(graph, kind, seed=seed), graph.add("TestVAE", seed=3)[0]
    prompts = [tiny_prompt(graph, number) for number in (5, 4)]
    strokes = picture(graph, batch=batch, height=height, width=width)
    return graph, model, vae, prompts, strokes


def painted(graph, model, vae, prompts, strokes, **changes):
    return paint(graph, model, vae, *prompts, strokes, **changes)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["eps", "v", "xl", "flow"])
def test_it_paints_with_every_kind_of_model(comfy, kind, method):
    graph, *parts = wired(kind)
    near = painted(*(graph, *parts), method=method, faithfulness=12, strength=0.5)
    plain = painted(*(graph, *parts), method=method, faithfulness=0)
    one, other = comfy.latents(graph, near[1], plain[1])
    assert torch.isfinite(one).all()
    assert relative(one, [other]) > 0.05


def test_without_faithfulness_it_is_the_core_s_own_sampling(comfy):
    """The core's DDIM from the noise that the node draws."""
    graph, model, vae, prompts, strokes = wired(seed=41)
    plain = painted(graph, model, vae, prompts, strokes, faithfulness=0, spacing="leading")
    noise = graph.add("TestNoise", height=16, width=16, seed=0)[0]
    given = {"positive": prompts[0], "negative": prompts[1], "cfg": 2.5, "steps": STEPS}
    core = graph.add(
        "KSamplerAdvanced",
        model=model,
        latent_image=graph.add("TestSeedLatent", model=model, noise=noise, steps=STEPS)[0],
        add_noise="disable",
        noise_seed=0,
        sampler_name="ddim",
        scheduler="ddim_uniform",
        start_at_step=0,
        end_at_step=STEPS,
        return_with_leftover_noise="disable",
        **given,
    )
    one, other = comfy.latents(graph, plain[1], core[0])
    assert relative(one, [other]) < 1e-4


def test_the_pictures_have_the_strokes_own_size_and_are_nearer_to_them(comfy):
    graph, *parts = wired(seed=42, height=53, width=70)
    far, near = (
        painted(*(graph, *parts), faithfulness=number, strength=0.4, optimised=6, cfg=1.0)
        for number in (0, 20)
    )
    results = [
        graph.add("SaveImage", images=one[0], filename_prefix="painted") for one in (far, near)
    ]
    blurred = graph.add("SaveImage", images=parts[-1], filename_prefix="strokes")
    run = comfy.client.run(graph.nodes)
    pictures = [np.stack(comfy.client.images(run, one.name)) for one in (*results, blurred)]
    assert {one.shape for one in pictures} == {(1, 53, 70, 3)}
    before, after, wanted = (coarse(one) for one in pictures)
    assert np.abs(after - wanted).mean() < 0.9 * np.abs(before - wanted).mean()


@pytest.mark.parametrize("colour", [0x000000, 0x4060A0, 0xFFFFFF])
def test_a_sheet_of_one_colour_is_painted_over(comfy, colour):
    graph = Graph()
    model, clip, vae = (graph.add("S2ST_LoadDemoModel")[slot] for slot in range(3))
    prompts = [graph.add("CLIPTextEncode", text=text, clip=clip)[0] for text in ("a street", "")]
    sheet = graph.add("EmptyImage", width=64, height=64, batch_size=1, color=colour)[0]
    made = painted(graph, model, vae, prompts, sheet, steps=2, faithfulness=1)
    (one,) = comfy.latents(graph, made[1])
    assert torch.isfinite(one).all()


def coarse(pictures):
    """Means over squares, so that textures do not count."""
    return pictures[:, :48, :64].reshape(1, 6, 8, 8, 8, 3).mean((2, 4))


@pytest.mark.parametrize("method", METHODS)
def test_only_what_was_painted_counts(comfy, method):
    graph, *parts = wired(seed=43)
    full = graph.add("SolidMask", value=1.0, width=32, height=32)[0]
    changes = {"strength": 0.4, "faithfulness": 10, "method": method}
    done = [
        painted(*(graph, *parts), **changes),
        painted(*(graph, *parts), painted=full, **changes),
        painted(*(graph, *parts), painted=half_mask(graph), **changes),
    ]
    everywhere, fully, half = comfy.latents(graph, *(one[1] for one in done))
    assert relative(fully, [everywhere]) < 1e-3
    assert relative(half, [everywhere]) > 0.05


def half_mask(graph):
    canvas = graph.add("SolidMask", value=0.0, width=40, height=40)[0]
    half = graph.add("SolidMask", value=1.0, width=20, height=40)[0]
    given = {"destination": canvas, "source": half, "x": 0, "y": 0, "operation": "add"}
    return graph.add("MaskComposite", **given)[0]


def test_the_look_of_photos_is_asked_for_too(comfy):
    graph, *parts = wired(seed=44)
    domain = tiny_latent(graph, 9, batch=2)
    plain = painted(*(graph, *parts))
    looked = painted(*(graph, *parts), target_domain=domain, appearance_weight=5.0)
    one, other = comfy.latents(graph, plain[1], looked[1])
    assert relative(one, [other]) > 0.02
    assert "the look of the target domain was asked for too" in comfy.texts(graph, looked[3])


def test_a_batch_of_two_equals_two_singles(comfy):
    graph, model, vae, prompts, strokes = wired(seed=45, batch=2)
    singles = [
        graph.add("ImageFromBatch", image=strokes, batch_index=number, length=1)[0]
        for number in range(2)
    ]
    done = [painted(graph, model, vae, prompts, one)[1] for one in (strokes, *singles)]
    both, *apart = comfy.latents(graph, *done)
    assert relative(both, apart) < 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_one_bar_counts_evaluations_and_updates(comfy, method):
    graph, *parts = wired(seed=46)
    node = painted(*(graph, *parts), method=method)
    graph.add("PreviewAny", source=node[3])
    run = comfy.client.run(graph.nodes)
    values = progress_of(run, node.name)
    # Steps, each of two evaluations, and how often there are four updates.
    steps, times = {"in rounds": (36, 5), "GradOP+": (STEPS, 3), "GradOP": (16, 1)}[method]
    expected = 2 * steps + 4 * times
    assert {most for _, most in values} == {expected}
    assert values[-1] == (expected, expected)
    assert [value for value, _ in values] == sorted(value for value, _ in values)
    moves = steps + 4 * times  # both prompts are asked at once
    assert len({value for value, _ in values}) >= moves
    assert len(run.previews) >= 5


def test_cancel_does_not_wait_for_the_end_of_the_updates(comfy):
    graph, *parts = wired(seed=47)
    node = painted(*(graph, *parts), faithfulness=500, strength=1.0, optimised=1)
    graph.add("SaveLatent", samples=node[1], filename_prefix="cancelled")
    seen = comfy.cancelled(graph, node, at=5)
    assert len(seen) < 100


def test_the_same_graph_gives_the_same_bits_and_leaves_global_randomness_alone(comfy):
    results, states = [], []
    for number in range(2):
        comfy.client.free()
        graph, *parts = wired(seed=48)
        before = graph.add("TestRandomState", after=tiny_latent(graph))
        done = painted(*(graph, *parts))
        after = graph.add("TestRandomState", after=done[1])
        states.append([comfy.texts(graph, one[0]) for one in (before, after)])
        results += comfy.latents(graph, done[1])
        assert number == len(results) - 1
    assert torch.equal(results[0], results[1])


@pytest.mark.parametrize("loaded_before", [False, True])
def test_the_vae_gives_what_it_gave_before(comfy, loaded_before):
    graph, model, vae, prompts, strokes = wired(seed=49)
    encoded = graph.add("VAEEncode", pixels=strokes, vae=vae)
    first = graph.add("VAEDecode", samples=encoded[0], vae=vae)
    if loaded_before:
        strokes = first[0]
    done = painted(graph, model, vae, prompts, strokes)
    again = graph.add("S2ST_Compare", source=first[0], result=done[0])  # so that it runs first
    later = graph.add("TestVAEAfter", vae=vae, after=done[1])
    second = graph.add("VAEDecode", samples=encoded[0], vae=later[0])
    saved = [
        graph.add("SaveImage", images=one[0], filename_prefix="same") for one in (first, second)
    ]
    graph.add("PreviewAny", source=again[1])
    run = comfy.client.run(graph.nodes)
    one, two = (np.stack(comfy.client.images(run, node.name)) for node in saved)
    assert np.array_equal(one, two)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("memory", ["plenty", "little", "none"])
def test_the_decoder_has_its_own_slope_whatever_memory_there_is(comfy, dtype, memory):
    graph, model, vae, _, _ = wired(seed=50)
    latent = tiny_latent(graph, height=40, width=24)
    given = {"model": model, "vae": vae, "latent": latent, "dtype": dtype, "memory": memory}
    told = json.loads(comfy.texts(graph, graph.add("TestDecoderSlope", **given)[0]))
    assert told["slope"] == pytest.approx(1, abs=0.02 if dtype == "float32" else 0.1)
    if memory == "none":
        assert told["largest"] == 32
    assert told["again"] is (memory != "plenty")


REFUSALS = {
    "another family's VAE": (
        {"kind": "wide"},
        {},
        ["VAE decodes 4 channels", "works on 16", "own checkpoint"],
    ),
    "nothing painted": ({}, {"black": True}, ["black", "leave the mask out"]),
    "an unknown method": ({}, {"method": "SDEdit"}, ["'SDEdit'", "in rounds, GradOP+, GradOP"]),
    "a prompt of another width": ({"width": 16}, {}, ["16 wide", "reads 24"]),
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_wrong_inputs_are_refused_before_work_begins(comfy, name):
    wiring, changes, words = REFUSALS[name]
    graph, model, vae, prompts, strokes = wired(wiring.get("kind", "eps"), seed=51)
    if "width" in wiring:
        prompts[0] = tiny_prompt(graph, 6, width=wiring["width"])
    changes = dict(changes)
    if changes.pop("black", False):
        changes["painted"] = graph.add("SolidMask", value=0.0, width=32, height=32)[0]
    done = painted(graph, model, vae, prompts, strokes, **changes)
    graph.add("SaveLatent", samples=done[1], filename_prefix="refused")
    with pytest.raises(Exception) as said:
        comfy.client.run(graph.nodes)
    assert isinstance(said.value, GraphFailed) or name == "an unknown method"
    for word in words if isinstance(said.value, GraphFailed) else words[:1]:
        assert word in str(said.value)


def test_strokes_are_made_of_any_picture(comfy):
    graph = Graph()
    source = picture(graph, batch=2, height=50, width=75)
    made = graph.add("S2ST_MakeStrokes", image=source, colours=5, blur=0.0)
    saved = graph.add("SaveImage", images=made[0], filename_prefix="strokes")
    run = comfy.client.run(graph.nodes)
    results = np.stack(comfy.client.images(run, saved.name))
    assert results.shape == (2, 50, 75, 3)
    for one in results:
        assert 2 <= len(np.unique(one.reshape(-1, 3), axis=0)) <= 5
