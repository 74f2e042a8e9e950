"""Matching in a real server: what is shown of it, the path drawn to it, MIDMs' loop."""

import pytest
import torch
from graphs import Graph, difference, picture, tiny_latent, tiny_model, tiny_prompt
from test_pictures import encode, shown
from test_running import progress_of, relative

from tools.comfy_client import GraphFailed

STEPS = 10
REFERENCES = 5


def wired(kind="eps", seed=1, batch=1, channels=4):
    graph = Graph()
    model = tiny_model(graph, kind, seed=seed)
    prompts = [tiny_prompt(graph, number) for number in (3, 5, 4)]
    latent = tiny_latent(graph, batch=batch, channels=channels)
    return graph, model, prompts, latent, tiny_latent(graph, 9, REFERENCES, channels)


def path(graph, model, prompts, latent, domain, **changes):
    given = {"target_domain": domain, "steps": 4, "matching": 1.0, **changes}
    return difference(graph, model, latent, *prompts, **given)


def led(graph, model, prompts, latent, exemplar, **changes):
    values = {
        "cfg": 1.0,
        "steps": STEPS,
        "spacing": "trailing",
        "start": 0.5,
        "rematches": 2,
        "matched_until": 0.75,
        "matching": 1.0,
        "grain": 0.0,
        "temperature": 0.05,
        "stray": 2.0,
        "iterations": 1,
        "learning_rate": 0.01,
        "structure": "scale-free",
        "noise_seed": 0,
        "latent": latent,
        "exemplar": exemplar,
        **changes,
    }
    given = {"model": model, "positive": prompts[1], "negative": prompts[2]}
    return graph.add("S2ST_ExemplarTranslate", **given, **values)


def match(graph, model, prompt, image, exemplar, **changes):
    values = {"temperature": 0.05, "stray": 2.0, **changes}
    vae = graph.add("TestVAE", seed=1)[0]
    pictures = {"image": image, "exemplar": exemplar}
    return graph.add(
        "S2ST_MatchExemplar", model=model, vae=vae, prompt=prompt, **pictures, **values
    )


@pytest.mark.parametrize("kind", ["eps", "v", "xl", "flow"])
def test_the_path_is_drawn_to_the_target_domain_on_every_unet(comfy, kind):
    graph, model, prompts, latent, domain = wired(kind, seed=51)
    plain = path(graph, model, prompts, latent, domain, matching=0.0)
    drawn = path(graph, model, prompts, latent, domain)
    one, other = comfy.latents(graph, plain[0], drawn[0])
    assert torch.isfinite(other).all()
    assert not torch.allclose(one, other, atol=1e-3)
    assert "drawn to its like" in comfy.texts(graph, drawn[2])
    assert "like" not in comfy.texts(graph, plain[2])


def test_the_references_are_read_once_and_the_source_in_every_run(comfy):
    graph, model, prompts, latent, domain = wired(seed=52)
    asked = []
    for seed in (0, 1):
        node = path(graph, model, prompts, latent, domain, noise_seed=seed, cfg=1.0)
        told = graph.add("PreviewAny", source=node[2])
        run = comfy.client.run(graph.nodes)
        text = run.outputs[told.name]["text"][0]
        asked.append(int(text.split(" evaluations in all")[0].split()[-1]))
        values = progress_of(run, node.name)
        assert {most for _, most in values} == {asked[-1]}
    assert asked == [8 + 1 + 2, 8 + 1]  # five references by fours


def test_a_drawn_batch_of_two_equals_two_singles(comfy):
    graph, model, prompts, latent, domain = wired(seed=53, batch=2)
    singles = [
        graph.add("LatentFromBatch", samples=latent, batch_index=number, length=1)[0]
        for number in range(2)
    ]
    done = [path(graph, model, prompts, one, domain)[0] for one in (latent, *singles)]
    both, *apart = comfy.latents(graph, *done)
    assert relative(both, apart) < 1e-3
    done = [led(graph, model, prompts, one, domain)[0] for one in (latent, *singles)]
    both, *apart = comfy.latents(graph, *done)
    assert relative(both, apart) < 1e-3


def test_a_transformer_shows_no_features_and_the_path_says_so(comfy):
    graph, model, prompts, latent, domain = wired("flux", seed=54, channels=16)
    drawn = path(graph, model, prompts, latent, domain)
    plain = path(graph, model, prompts, latent, domain, matching=0.0)
    one, other = comfy.latents(graph, plain[0], drawn[0])
    assert torch.equal(one, other)
    report = comfy.texts(graph, drawn[2])
    assert "note: places of the target domain are not matched" in report
    with pytest.raises(GraphFailed, match="whose features S2ST cannot read"):
        comfy.latents(graph, led(graph, model, prompts, latent, domain)[0])


@pytest.mark.parametrize("kind", ["eps", "v", "xl", "flow"])
def test_an_exemplar_leads_every_unet_under_one_bar(comfy, kind):
    graph, model, prompts, latent, domain = wired(kind, seed=55)
    node = led(graph, model, prompts, latent, domain)
    graph.add("PreviewImage", images=node[1])
    told = graph.add("PreviewAny", source=node[2])
    run = comfy.client.run(graph.nodes)
    values = progress_of(run, node.name)
    assert {most for _, most in values} == {2 + 1 + 5 + 2}
    assert values[-1][0] == 2 + 1 + 5 + 2
    assert "interleaved matching: 8 evaluations" in run.outputs[told.name]["text"][0]
    (result,) = comfy.latents(graph, node[0])
    assert torch.isfinite(result).all()


def test_a_correspondence_is_shown_at_the_pictures_own_sizes(comfy):
    graph, model, prompts, _, _ = wired(seed=56)
    image, other = (
        picture(graph, 7, 2, 61, 90),
        picture(graph, 8, 3, 64, 48),
    )
    node = match(graph, model, prompts[2], image, other)
    confident = graph.add("MaskToImage", mask=node[1])[0]
    warped, mask, sheet = shown(comfy, graph, node[0], confident, node[2])
    assert [one.shape[:2] for one in warped] == [(61, 90)] * 2
    assert [one.shape[:2] for one in mask] == [(61, 90)] * 2
    assert {one.shape[0] for one in sheet} == {61}
    assert sheet[0].shape[1] == 90 + 3 * (4 + round(48 * 61 / 64))
    report = comfy.texts(graph, node[3])
    assert "100% of the source's places are matched" in report
    assert "exemplars by share:" in report


def test_a_picture_matches_itself(comfy):
    graph, model, prompts, _, _ = wired(seed=57)
    image = picture(graph, 7, 1, 64, 64)
    node = match(graph, model, prompts[2], image, image, temperature=1e-3, stray=0.0)
    vae = graph.add("TestVAE", seed=1)[0]
    back = graph.add("VAEDecode", samples=encode(graph, image, vae), vae=vae)[0]
    warped, whole = shown(comfy, graph, node[0], back)
    assert abs(warped[0] - whole[0]).max() < 0.02
    assert "100% of the source's places" in comfy.texts(graph, node[3])


def test_a_prompt_with_areas_is_refused_before_the_model_is_asked(comfy):
    graph, model, prompts, latent, domain = wired(seed=58)
    area = {"width": 64, "height": 64, "x": 0, "y": 0, "strength": 1.0}
    prompts[1] = graph.add("ConditioningSetArea", conditioning=prompts[1], **area)[0]
    with pytest.raises(GraphFailed, match="has several parts or an area"):
        comfy.latents(graph, led(graph, model, prompts, latent, domain)[0])
