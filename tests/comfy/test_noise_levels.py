"""Models whose highest noise level is far above Stable Diffusion's, with every spacing."""

import re

import pytest
import torch
from graphs import Graph, invert, optimize, tiny_latent, tiny_model, tiny_prompt


def zero_snr(graph, model):
    """The core's own patch: the last timestep is pure noise, at sigma 4518."""
    return graph.add("ModelSamplingDiscrete", model=model, sampling="v_prediction", zsnr=True)[0]


MODELS = {
    "zero-SNR": lambda graph: zero_snr(graph, tiny_model(graph, "v")),
    "flow": lambda graph: tiny_model(graph, "flow"),
    "flux": lambda graph: tiny_model(graph, "flux"),
}


@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("kind", list(MODELS))
def test_optimising_is_steady_at_the_highest_level(comfy, kind, spacing):
    """Its first loss was 8 to 120, as z_t moved the clean estimate by sqrt(1 + sigma^2) as much."""
    graph, channels = Graph(), 16 if kind == "flux" else 4
    model = MODELS[kind](graph)
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    latent = tiny_latent(graph, channels=channels)
    domain = tiny_latent(graph, 9, batch=2, channels=channels)
    trajectory, seed, _ = (
        invert(graph, model, source, latent, spacing=spacing)[n] for n in range(3)
    )
    settings = {"iterations": 10, "learning_rate": 0.02, "distance": "wasserstein"}
    prompts = (positive, negative, domain)
    done = optimize(graph, model, trajectory, seed, *prompts, cfg=1.0, **settings)
    plain = optimize(graph, model, trajectory, seed, *prompts, cfg=1.0, iterations=0)
    result, untouched = comfy.latents(graph, done[0], plain[0])
    report = comfy.texts(graph, done[2])
    first, last = map(
        float, re.search(r"loss ([\d.]+) at first, ([\d.]+) at last", report).groups()
    )
    assert first < 5 and last < first
    assert torch.isfinite(result).all()
    assert float((result - untouched).abs().max()) < 5 * float(untouched.std())
