"""The committed weights, held to the figures they must reach.

A few pictures of each domain stand for those of `python -m demo_world.evaluate`, which takes longer
than the suite has time for; with --thorough there are more.
"""

import pytest
import torch

from demo_world import DOMAINS, EVALUATION_SEEDS
from demo_world.classifier import rendered_pictures
from demo_world.evaluate import (
    autoencoder_figures,
    classifier_accuracy,
    domain_classifier,
    inversion_figures,
    reconstructed,
    sample_figures,
    sampled,
    translated,
)
from demo_world.model import WEIGHTS, as_pipeline, load
from s2st.adapters.diffusers import PipelineParts

MEGABYTE = 1_000_000
PICTURES = 2 * len(DOMAINS)


@pytest.fixture(scope="module")
def parts():
    """The trained model as the library sees it."""
    return PipelineParts.of(as_pipeline(load()))


def test_the_weights_are_small_and_no_pickle():
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 25 * MEGABYTE
    assert {path.suffix for path in files} == {".safetensors", ".json", ".txt", ".md"}


def test_the_autoencoder_keeps_held_out_pictures_sharp(parts, thorough):
    scenes = 43 if thorough else 8
    figures = autoencoder_figures(parts, scenes)
    assert figures["images"] == scenes * len(DOMAINS)
    assert figures["all"] >= 29.0
    assert min(figures[domain] for domain in DOMAINS) >= 27.0


def test_latents_are_standard(parts):
    images, _ = rendered_pictures(EVALUATION_SEEDS[50:62])
    latents = parts.encode_image(images)
    assert latents.mean((0, 2, 3)).abs().max() < 0.2
    assert latents.std((0, 2, 3)).sub(1).abs().max() < 0.2


def test_samples_show_the_domain_of_their_prompt(parts, thorough):
    classifier = domain_classifier()
    assert classifier_accuracy(classifier) >= 0.99
    samples = {name: sampled(parts, name, 16 if thorough else 6) for name in DOMAINS}
    assert sample_figures(classifier, samples)["all"] >= 0.95


def test_inverting_and_sampling_back_costs_little(parts, thorough):
    assert (
        inversion_figures(parts, count=PICTURES if thorough else len(DOMAINS), refine=0)["lost"]
        <= 0.5
    )


@pytest.mark.thorough
def test_refined_inversion_costs_almost_nothing(parts):
    # At four times the price one picture of each domain has to do.
    assert inversion_figures(parts, count=len(DOMAINS), refine=3)["lost"] <= 0.1


def test_day_becomes_night(parts, capsys):
    start, result, truth, seconds = translated(parts)
    with capsys.disabled():
        print(f"\n8 scenes from day to night in {seconds:.1f} s")
    repainted = reconstructed(parts, start)
    assert (result - truth).square().mean() < 0.5 * (repainted - truth).square().mean()
    assert torch.isfinite(result).all()
