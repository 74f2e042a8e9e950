from collections import Counter
from dataclasses import replace

import pytest
import torch

from s2st import (
    InversionConfig,
    NullTextConfig,
    Prompt,
    SeedConfig,
    Stages,
    TrajectoryConfig,
    correlation_factor,
    domain_statistics,
    invert,
    sample,
    translate,
    translate_seed,
)

INVERSION = InversionConfig(steps=8)
ALL = Stages(
    inversion=INVERSION,
    null_text=NullTextConfig(inner_steps=2),
    seed=SeedConfig(iterations=2),
    trajectory=TrajectoryConfig(iterations=2),
)
NOTHING = Stages(inversion=INVERSION, null_text=None, seed=None, trajectory=None)


@pytest.fixture
def run(curved_model, sigma_table, latent, source, target, domain_latents):
    def translated(stages=ALL, model=curved_model, scale=3.0, start=latent, **options):
        prompt = Prompt(target, source, scale)
        return translate(
            model, sigma_table, start, source, prompt, domain_latents, stages, **options
        )

    return translated


def test_everything_off_is_plain_inversion_and_sampling(
    run, curved_model, latent, source, target, sigma_table
):
    trajectory = invert(curved_model, latent, source, sigma_table, INVERSION)
    prompt = Prompt(target, source, 3.0)
    plain = sample(curved_model, trajectory.seed, prompt, trajectory.schedule)
    result = run(NOTHING)
    assert torch.equal(result.latent, plain)
    assert torch.equal(result.seed, trajectory.seed)
    assert result.null_text is None and result.eta is None


def test_each_stage_changes_the_result(run):
    plain = run(NOTHING).latent
    for name in ("null_text", "seed", "trajectory"):
        stages = Stages(**{**vars(NOTHING), name: getattr(ALL, name)})
        assert not torch.allclose(run(stages).latent, plain, atol=1e-3), name


def test_two_runs_are_bit_identical_and_leave_the_random_state(run, domain_latents):
    before = torch.random.get_rng_state()
    one, other = (run(source_domain_latents=domain_latents - 1) for _ in range(2))
    assert torch.equal(one.latent, other.latent)
    assert torch.equal(one.seed, other.seed)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_guidance_acts_in_seed_translation_only_where_asked(
    run, curved_model, sigma_table, latent, source, target, domain_latents
):
    trajectory = invert(curved_model, latent, source, sigma_table, INVERSION)
    domain = domain_statistics(domain_latents)
    for guided, prompt in ((False, Prompt(target)), (True, Prompt(target, source, 3.0))):
        expected = translate_seed(curved_model, trajectory, prompt, domain, ALL.seed)
        assert torch.equal(run(replace(ALL, guided_seed=guided)).seed, expected)


def test_inputs_are_left_alone(run, latent, domain_latents):
    kept = latent.clone(), domain_latents.clone()
    run()
    assert torch.equal(latent, kept[0]) and torch.equal(domain_latents, kept[1])


class InPrecision:
    """A model whose weights and arithmetic are of a half-size type."""

    def __init__(self, model, dtype):
        self.model, self.dtype = model, dtype

    def denoise(self, x, sigma, conditioning):
        inner = type(conditioning)(conditioning.embedding.to(self.dtype), conditioning.extra)
        return self.model.denoise(x.to(self.dtype), sigma, inner)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_models_work_with_full_precision_latents(run, model, dtype):
    half = run(model=InPrecision(model, dtype))
    full = run(model=model)
    assert half.latent.dtype is half.seed.dtype is half.trajectory.states.dtype is torch.float32
    assert float((half.latent - full.latent).abs().mean()) < 0.15
    assert float((half.latent - full.latent).abs().max()) > 0


def test_float64_stays_float64(run, model, latent, domain_latents, source):
    assert run(model=model, start=latent.double()).latent.dtype is torch.float64


def test_eta_is_estimated_from_both_domains(run, latent, domain_latents):
    result = run(source_domain_latents=latent)
    expected = correlation_factor(latent, domain_latents).eta
    assert torch.equal(result.eta, expected)
    assert not torch.equal(result.latent, run().latent)


def test_the_mask_keeps_the_source(run, latent):
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4, :] = 1
    assert torch.equal(run(mask=mask).latent[..., 4:, :], latent[..., 4:, :])


def test_every_stage_reports(run):
    seen = Counter()
    run(on_step=lambda stage, record: seen.update([stage]))
    assert seen == {
        "inversion": 8,
        "null text": 8,
        "seed translation": 2,
        "trajectory optimisation": 8,
    }


def test_a_source_without_guidance_needs_no_empty_prompt(
    curved_model, sigma_table, latent, source, target, domain_latents
):
    stages = Stages(inversion=INVERSION, null_text=None)
    result = translate(
        curved_model, sigma_table, latent, source, Prompt(target), domain_latents, stages
    )
    assert bool(torch.isfinite(result.latent).all())
