"""Gradients work whatever touched the model before, and leave it exactly as it was."""

import json
import re

import pytest
import torch
from graphs import (
    STEPS,
    Graph,
    core_sampler,
    invert,
    null_text,
    optimize,
    sample_seed,
    seed_translate,
    tiny_latent,
    tiny_model,
    tiny_prompt,
)


def fresh(graph, model, other, lora_name):
    return model


def after_a_ksampler(graph, model, other, lora_name):
    done = core_sampler(graph, model, other["positive"], other["negative"], other["latent"])
    return graph.add("TestAfter", model=model, after=done[0])[0]


def after_a_lora_came_and_went(graph, model, other, lora_name):
    changed = graph.add("LoraLoaderModelOnly", model=model, lora_name=lora_name, strength_model=1.0)
    done = core_sampler(graph, changed[0], other["positive"], other["negative"], other["latent"])
    return graph.add("TestAfter", model=model, after=done[0])[0]


def after_unload_and_reload(graph, model, other, lora_name):
    loaded = after_a_ksampler(graph, model, other, lora_name)
    done = core_sampler(graph, loaded, other["positive"], other["negative"], other["latent"])
    return graph.add("TestUnloadAll", model=loaded, after=done[0])[0]


def after_the_same_stage(graph, model, other, lora_name):
    done = stage(graph, model, other)
    return graph.add("TestAfter", model=model, after=done)[0]


HISTORIES = (
    fresh,
    after_a_ksampler,
    after_a_lora_came_and_went,
    after_unload_and_reload,
    after_the_same_stage,
)


def wired(dtype="float32", seed=1):
    graph = Graph()
    other = {
        "positive": tiny_prompt(graph, 5),
        "negative": tiny_prompt(graph, 4),
        "latent": tiny_latent(graph),
        "domain": tiny_latent(graph, 9, batch=2),
    }
    return graph, tiny_model(graph, dtype=dtype, seed=seed), other


def stage(graph, model, other):
    """Every node that needs gradients, one after the other; their last latent."""
    positive, negative, domain = other["positive"], other["negative"], other["domain"]
    inverted = invert(graph, model, positive, other["latent"], steps=4)
    trajectory = inverted[0]
    fitted = null_text(graph, model, trajectory, positive, negative)
    moved = seed_translate(graph, model, trajectory, positive, negative, domain)
    done = optimize(
        graph,
        model,
        trajectory,
        moved[0],
        positive,
        negative,
        domain,
        gradient="exact",
        null_text=fitted[0],
    )
    return done[0]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_every_history_gives_the_same_bits(comfy, lora, dtype):
    results = []
    for number, history in enumerate(HISTORIES):
        graph, model, other = wired(dtype)
        # A fresh copy of the model for each history, so that none inherits another's past.
        graph.nodes[model[0]]["inputs"]["seed"] = 1
        comfy.client.free()
        prepared = history(graph, model, other, lora)
        results.append(comfy.latents(graph, stage(graph, prepared, other))[0])
        assert torch.isfinite(results[number]).all()
    assert all(torch.equal(one, results[0]) for one in results[1:])


@pytest.mark.parametrize("dtype", ["float32", "float16", "float8_e4m3fn"])
def test_a_ksampler_gives_the_same_bits_before_and_after(comfy, dtype):
    graph, model, other = wired(dtype, seed=2)
    before = core_sampler(graph, model, other["positive"], other["negative"], other["latent"])
    waited = graph.add("TestAfter", model=model, after=before[0])[0]
    done = stage(graph, waited, other)
    later = graph.add("TestAfter", model=model, after=done)[0]
    after = core_sampler(graph, later, other["positive"], other["negative"], other["latent"])
    first, second = comfy.latents(graph, before[0], after[0])
    assert torch.equal(first, second)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("with_lora", [False, True])
def test_half_of_the_model_may_be_offloaded(comfy, lora, dtype, with_lora):
    graph, whole, other = wired(dtype, seed=31)
    small = graph.add("TestSmallCard", kind="eps", dtype=dtype, seed=31)[0]
    if with_lora:
        added = {"lora_name": lora, "strength_model": 1.0}
        whole, small = (
            graph.add("LoraLoaderModelOnly", model=one, **added)[0] for one in (whole, small)
        )
    at_once, piecewise = stage(graph, whole, other), stage(graph, small, other)
    held = graph.add("TestOffloaded", model=small, after=piecewise)[0]
    one, two = comfy.latents(graph, at_once, piecewise)
    offloaded = float(comfy.texts(graph, held).split()[0])
    assert 0.5 <= offloaded < 1
    assert torch.isfinite(two).all()
    scale = float(one.std())
    assert float((one - two).abs().max()) < (1e-4 if dtype == "float32" else 0.05) * scale


@pytest.mark.parametrize("kind", ["eps", "v", "xl", "flow", "flux"])
def test_the_network_of_every_kind_of_model_has_its_own_slope(comfy, kind):
    graph = Graph()
    channels = 16 if kind == "flux" else 4
    slope = graph.add(
        "TestSlope",
        model=tiny_model(graph, kind),
        latent=tiny_latent(graph, channels=channels),
        prompt=tiny_prompt(graph, 5),
    )
    assert float(comfy.texts(graph, slope[0])) == pytest.approx(1, abs=2e-3)


def test_weights_in_memory_that_is_used_again_are_kept_by_copy(comfy):
    graph, whole, other = wired(seed=32)
    lent = graph.add("TestLentWeights", kind="eps", dtype="float32", seed=32)[0]
    own, borrowed = comfy.latents(graph, stage(graph, whole, other), stage(graph, lent, other))
    torch.testing.assert_close(borrowed, own, rtol=1e-4, atol=1e-4)


def test_the_core_is_asked_for_room_for_the_graph(comfy):
    graph = Graph()
    model, latent = tiny_model(graph, "asking"), tiny_latent(graph)
    positive, negative, domain = tiny_prompt(graph, 5), tiny_prompt(graph, 4), tiny_latent(graph, 9)

    def asked(done):
        return int(comfy.texts(graph, graph.add("TestAsked", after=done)[0]))

    plain = asked(core_sampler(graph, model, positive, negative, latent)[0])
    inverted = invert(graph, model, positive, latent)
    trajectory, seed = inverted[0], inverted[1]
    assert asked(seed) == plain
    moved = seed_translate(graph, model, trajectory, positive, negative, domain)
    wired_up = (graph, model, trajectory, seed, positive, negative, domain)
    assert asked(optimize(*wired_up, gradient="frozen")[0]) == plain
    assert asked(optimize(*wired_up, gradient="exact")[0]) >= 2 * plain
    assert asked(moved[0]) >= 2 * plain
    assert asked(null_text(graph, model, trajectory, positive, negative)[1]) >= 2 * plain


def test_more_is_computed_again_where_there_is_less_room(comfy):
    found = []
    for share in (0.05, 0.2, 0.5):
        graph = Graph()
        model, prompt = tiny_model(graph, "roomy"), tiny_prompt(graph, 5)
        told = graph.add("TestRecomputed", model=model, share=share, prompt=prompt)[0]
        found.append(json.loads(comfy.texts(graph, told)))
    assert [times for times, _ in found] == [1, 2, 3]
    assert len({digest for _, digest in found}) == 1


def test_what_stands_for_a_weight_moves_and_goes_with_it(comfy):
    graph = Graph()
    told = json.loads(comfy.texts(graph, graph.add("TestStandIns", seed=1)[0]))
    assert told == dict.fromkeys(told, True)


def test_a_model_is_checked_once_and_on_one_picture(comfy):
    graph = Graph()
    positive, negative, domain = tiny_prompt(graph, 5), tiny_prompt(graph, 4), tiny_latent(graph, 9)
    bare = tiny_model(graph, "hungry", seed=41)
    trajectory = invert(graph, bare, positive, tiny_latent(graph, batch=3))[0]
    other = graph.add("FreeU_V2", model=bare, b1=1.0, b2=1.0, s1=1.0, s2=1.0)[0]
    spent = []
    for model, rate in ((bare, 0.03), (bare, 0.04), (other, 0.03)):
        changes = {"iterations": 1, "lookahead": 1, "learning_rate": rate}
        moved = seed_translate(graph, model, trajectory, positive, negative, domain, **changes)
        spent.append(calls_of(comfy.texts(graph, moved[3])))
    evaluations = [one for one, _ in spent]
    model_calls = [one for _, one in spent]
    assert evaluations == [1 + 3, 1, 1 + 3]
    assert model_calls == [3 + 3, 3, 3 + 3]  # here each picture is a call of its own


def calls_of(report):
    found = re.search(r"(\d+) evaluations in all, in (\d+) model calls", report)
    return tuple(map(int, found.groups()))


def test_gradients_are_taken_on_one_of_several_gpus(comfy):
    graph, model, other = wired(seed=34)
    shared = graph.add("TestManyCards", kind="eps", dtype="float32", seed=34)[0]
    one, two = comfy.latents(graph, stage(graph, model, other), stage(graph, shared, other))
    assert torch.equal(one, two)


def test_kernels_without_a_backward_pass_are_left_out(comfy):
    graph, model, other = wired(seed=33)
    fused = graph.add("TestFusedModel", model=model)[0]
    plainly, done = stage(graph, model, other), stage(graph, fused, other)
    trains = graph.add("TestTrains", after=done)[0]
    one, two = comfy.latents(graph, plainly, done)
    assert torch.equal(one, two)
    assert comfy.texts(graph, trains) == "False"


def test_exact_and_frozen_gradients_differ(comfy):
    graph, model, other = wired(seed=3)
    positive, negative, domain = other["positive"], other["negative"], other["domain"]
    trajectory, seed = (invert(graph, model, positive, other["latent"])[i] for i in (0, 1))
    both = [
        optimize(graph, model, trajectory, seed, positive, negative, domain, gradient=gradient)[0]
        for gradient in ("exact", "frozen")
    ]
    exact, frozen = comfy.latents(graph, *both)
    assert not torch.allclose(exact, frozen, atol=1e-3)


def test_null_text_brings_the_source_back_under_guidance(comfy):
    graph, model, other = wired(seed=4)
    positive, negative = other["positive"], other["negative"]
    trajectory, seed = (
        invert(graph, model, positive, other["latent"], refine=3)[i] for i in (0, 1)
    )
    fitted = null_text(
        graph, model, trajectory, positive, negative, cfg=7.5, inner_steps=15, learning_rate=0.3
    )
    guided = core_sampler(graph, model, positive, negative, seed, cfg=7.5)
    found, without, source = comfy.latents(graph, fitted[1], guided[0], other["latent"])
    missed = float((without - source).square().mean())
    assert float((found - source).square().mean()) < 0.1 * missed


def test_fast_null_text_holds_the_source_at_a_fraction_of_the_cost(comfy):
    graph, model, other = wired(seed=4)
    positive, negative = other["positive"], other["negative"]
    trajectory, seed = (invert(graph, model, positive, other["latent"])[i] for i in (0, 1))
    settings = {"cfg": 7.5, "method": "fast null-text", "tolerance": 1e-9}
    fitted = null_text(graph, model, trajectory, positive, negative, **settings)
    path = {"seed": seed, "trajectory": trajectory, "null_text": fitted[0]}
    again = sample_seed(graph, model, positive, negative, cfg=7.5, **path)
    free = null_text(
        graph, model, trajectory, positive, negative, cfg=7.5, method="negative prompt"
    )
    found, sampled, plainly, source = comfy.latents(
        graph, fitted[1], again[0], free[1], other["latent"]
    )
    torch.testing.assert_close(sampled, found, rtol=1e-4, atol=1e-4)
    assert (found - source).square().mean() < (plainly - source).square().mean()
    report = comfy.texts(graph, fitted[2])
    assert f"{STEPS} backward passes" in report
