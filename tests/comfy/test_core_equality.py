"""With S2ST's own steps switched off, the pack samples exactly as the core does."""

import pytest
import torch
from graphs import (
    STEPS,
    Graph,
    core_sampler,
    invert,
    optimize,
    sample_seed,
    seed_translate,
    tiny_latent,
    tiny_model,
    tiny_prompt,
    translate,
)

KINDS = ("eps", "v", "xl", "flow", "flux")


def parts(kind="eps"):
    graph = Graph()
    model = tiny_model(graph, kind)
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    latent = tiny_latent(graph, channels=16 if kind == "flux" else 4)
    return graph, model, source, positive, negative, latent


def relative(one, other):
    return float((one - other).abs().max() / other.std())


@pytest.mark.parametrize("sampler", ["ddim", "euler"])
@pytest.mark.parametrize("kind", KINDS)
def test_sampling_a_seed_equals_the_core(comfy, kind, sampler):
    graph, model, source, positive, negative, latent = parts(kind)
    inverted = invert(graph, model, source, latent)
    ours = sample_seed(graph, model, positive, negative, seed=inverted[1])
    core = core_sampler(graph, model, positive, negative, inverted[1], sampler)
    one, other, seed = comfy.latents(graph, ours[0], core[0], inverted[1])
    assert relative(one, other) < 1e-4
    assert relative(one, seed) > 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_inverting_and_sampling_back_in_the_core_returns_the_source(comfy, kind):
    graph, model, source, _, negative, latent = parts(kind)
    inverted = invert(graph, model, source, latent, refine=5)
    core = core_sampler(graph, model, source, negative, inverted[1], cfg=1.0)
    returned, given, seed = comfy.latents(graph, core[0], latent, inverted[1])
    assert relative(returned, given) < 0.02
    assert relative(seed, given) > 0.2


@pytest.mark.parametrize("empty", [True, False], ids=["empty latent", "source latent"])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("kind", KINDS)
def test_our_noise_in_the_custom_sampler_equals_sample_seed(comfy, kind, spacing, empty):
    graph, model, source, positive, negative, latent = parts(kind)
    channels = 16 if kind == "flux" else 4
    domain = tiny_latent(graph, 9, batch=2, channels=channels)
    trajectory = invert(graph, model, source, latent, spacing=spacing)[0]
    moved = seed_translate(graph, model, trajectory, positive, negative, domain)
    ours = sample_seed(
        graph, model, positive, negative, seed=moved[0], trajectory=trajectory, spacing=spacing
    )
    blank = "EmptySD3LatentImage" if kind == "flux" else "EmptyLatentImage"
    start = graph.add(blank, width=128, height=128, batch_size=1)[0]
    guider = graph.add("CFGGuider", model=model, positive=positive, negative=negative, cfg=3.0)
    core = graph.add(
        "SamplerCustomAdvanced",
        noise=moved[1],
        guider=guider[0],
        sampler=graph.add("KSamplerSelect", sampler_name="euler")[0],
        sigmas=moved[4],
        latent_image=start if empty else latent,
    )
    one, other = comfy.latents(graph, ours[0], core[0])
    assert relative(one, other) < 1e-4


def test_everything_switched_off_is_the_core_graph(comfy):
    graph, model, source, positive, negative, latent = parts()
    domain = tiny_latent(graph, 9, batch=2)
    off = {"seed_iterations": 0, "trajectory_iterations": 0, "null_text": "off"}
    whole = translate(graph, model, source, positive, negative, latent, domain, **off)
    inverted = invert(graph, model, source, latent)
    stepwise = optimize(
        graph, model, inverted[0], inverted[1], positive, negative, domain, iterations=0
    )
    core = core_sampler(graph, model, positive, negative, inverted[1])
    one, two, other = comfy.latents(graph, whole[0], stepwise[0], core[0])
    assert relative(one, other) < 1e-4
    assert relative(two, other) < 1e-4


def test_the_whole_method_is_its_stages_wired_by_hand(comfy):
    graph, model, source, positive, negative, latent = parts()
    domain = tiny_latent(graph, 9, batch=2)
    seed = {"iterations": 2, "learning_rate": 0.03, "lookahead": 2, "structure_weight": 3.0}
    along = {"iterations": 2, "start": 0.5, "structure_weight": 3.0}
    inputs = {"null_text": "off", "structure_weight": 3.0, "seed_structure_weight": 3.0}
    inputs |= {"trajectory_start": 0.5, "guided_seed": False}
    whole = translate(graph, model, source, positive, negative, latent, domain, **inputs)
    trajectory = invert(graph, model, source, latent)[0]
    prompts = (model, trajectory, positive, negative, domain)
    moved = seed_translate(graph, *prompts, cfg=1.0, **seed)[0]
    stepwise = optimize(graph, model, trajectory, moved, positive, negative, domain, **along)
    one, other = comfy.latents(graph, whole[0], stepwise[0])
    assert relative(one, other) < 1e-4


def test_guiding_the_seed_and_starting_late_are_the_nodes_own_inputs(comfy):
    graph, model, source, positive, negative, latent = parts()
    domain = tiny_latent(graph, 9, batch=2)
    prompts = (model, source, positive, negative, latent, domain)
    changes = ({}, {"trajectory_start": 0.5}, {"guided_seed": False})
    before, late, plain = comfy.latents(
        graph, *(translate(graph, *prompts, **one)[0] for one in changes)
    )
    assert not torch.allclose(before, late, atol=1e-3)
    assert not torch.allclose(before, plain, atol=1e-3)


def test_steps_and_spacing_of_the_node_are_used(comfy):
    graph, model, source, positive, negative, latent = parts()
    # Both spacings begin at the highest noise, and a seed is sampled only where it stands.
    seed = invert(graph, model, source, latent, spacing="linspace")[1]
    more, other, plain = (
        sample_seed(graph, model, positive, negative, seed=seed, steps=steps, spacing=spacing)
        for steps, spacing in ((2 * STEPS, "linspace"), (STEPS, "trailing"), (STEPS, "linspace"))
    )
    results = comfy.latents(graph, more[0], other[0], plain[0])
    assert not torch.allclose(results[0], results[2], atol=1e-3)
    assert not torch.allclose(results[1], results[2], atol=1e-3)
