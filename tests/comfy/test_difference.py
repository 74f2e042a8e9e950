"""The difference path in a real server: every kind of model, masks, batches, what it leaves."""

import pytest
import torch
from graphs import (
    STEPS,
    Graph,
    correlation,
    difference,
    tiny_latent,
    tiny_model,
    tiny_prompt,
)
from test_running import progress_of, relative

GUIDED_STEPS = 6  # of STEPS, at guided 0.6
PIXELS = 128  # of a picture whose latent is 16 wide


def wired(kind="eps", seed=1, batch=1):
    graph = Graph()
    model = tiny_model(graph, kind, seed=seed)
    prompts = [tiny_prompt(graph, number) for number in (3, 5, 4)]
    channels = 16 if kind == "flux" else 4
    latent = tiny_latent(graph, batch=batch, channels=channels)
    return graph, model, prompts, latent, tiny_latent(graph, 9, batch=4, channels=channels)


def path(graph, model, prompts, latent, domain=None, **changes):
    if domain is not None:
        changes["target_domain"] = domain
    return difference(graph, model, latent, *prompts, **changes)


@pytest.mark.parametrize("kind", ["eps", "v", "xl", "flow", "flux"])
def test_it_edits_with_every_kind_of_model(comfy, kind):
    graph, model, prompts, latent, domain = wired(kind)
    done = path(graph, model, prompts, latent, domain)
    same = [prompts[0], prompts[0], prompts[2]]
    still = path(graph, model, same, latent, cfg=1.0, iterations=0)
    result, unmoved, source = comfy.latents(graph, done[0], still[0], latent)
    assert torch.isfinite(result).all()
    assert 0.01 < float((result - source).square().mean().sqrt() / source.std()) < 5
    # One prompt on both branches leaves nothing of the noise, at any noise level.
    assert relative(unmoved, [source]) < 1e-3


def test_the_report_tells_what_was_spent(comfy):
    graph, model, prompts, latent, domain = wired(seed=21)
    done = path(graph, model, prompts, latent, domain, cfg=1.0)
    report = comfy.texts(graph, done[2])
    assert f"{2 * STEPS} evaluations, 0 backward passes" in report
    assert "loss" in report and "moved by" in report and "no target domain" not in report


def test_it_works_without_pictures_of_the_target_domain(comfy):
    graph, model, prompts, latent, domain = wired(seed=22)
    without = path(graph, model, prompts, latent)
    asked = path(graph, model, prompts, latent, domain)
    structure, both = comfy.latents(graph, without[0], asked[0])
    assert torch.isfinite(structure).all()
    assert not torch.allclose(structure, both, atol=1e-3)
    report = comfy.texts(graph, without[2])
    assert "no target domain: only the structure was corrected" in report


def test_channel_weights_and_the_noise_seed_are_used(comfy):
    graph, model, prompts, latent, domain = wired(seed=23)
    weights = correlation(graph, tiny_latent(graph, 8, batch=3), domain)[0]
    changes = ({}, {"correlation": weights}, {"noise_seed": 1})
    done = [path(graph, model, prompts, latent, domain, **one)[0] for one in changes]
    plain, weighed, other_noise = comfy.latents(graph, *done)
    assert not torch.allclose(plain, weighed, atol=1e-4)
    assert not torch.allclose(plain, other_noise, atol=1e-3)


def test_outside_the_mask_the_source_stays(comfy):
    graph, model, prompts, latent, domain = wired(seed=24)
    canvas = graph.add("SolidMask", value=0.0, width=PIXELS, height=PIXELS)[0]
    half = graph.add("SolidMask", value=1.0, width=PIXELS // 2, height=PIXELS)[0]
    given = {"destination": canvas, "source": half, "x": 0, "y": 0, "operation": "add"}
    mask = graph.add("MaskComposite", **given)[0]
    done = path(graph, model, prompts, latent, domain, mask=mask)
    result, source = comfy.latents(graph, done[0], latent)
    torch.testing.assert_close(result[..., 9:], source[..., 9:], rtol=1e-5, atol=1e-5)
    assert float((result - source)[..., :7].abs().mean()) > 0.05


def test_a_batch_of_two_equals_two_singles(comfy):
    graph, model, prompts, latent, domain = wired(seed=25, batch=2)
    singles = [
        graph.add("LatentFromBatch", samples=latent, batch_index=number, length=1)[0]
        for number in range(2)
    ]
    done = [path(graph, model, prompts, one, domain)[0] for one in (latent, *singles)]
    both, *apart = comfy.latents(graph, *done)
    assert relative(both, apart) < 1e-3


def test_the_same_graph_gives_the_same_bits(comfy):
    results = []
    for _ in range(2):
        comfy.client.free()
        graph, *parts = wired(seed=26)
        results += comfy.latents(graph, path(graph, *parts)[0])
    assert torch.equal(results[0], results[1])


@pytest.mark.parametrize("cfg", [1.0, 2.5])
def test_the_bar_counts_every_evaluation(comfy, cfg):
    graph, *parts = wired(seed=27)
    node = path(graph, *parts, cfg=cfg)
    graph.add("PreviewAny", source=node[2])
    values = progress_of(comfy.client.run(graph.nodes), node.name)
    expected = 2 * STEPS + (GUIDED_STEPS if cfg != 1.0 else 0)
    assert {most for _, most in values} == {expected}
    assert values[-1] == (expected, expected)
