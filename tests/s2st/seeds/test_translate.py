from collections import Counter
from dataclasses import replace

import pytest
import torch

from s2st import (
    Counted,
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    Prompt,
    SeedConfig,
    Stages,
    TrajectoryConfig,
    correlation_factor,
    invert,
    look_of,
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
def asked(task, look, target, source):
    return replace(task, target=Prompt(target, source, 3.0), look=look)


@pytest.fixture
def run(curved_model, sigma_table, asked):
    def translated(stages=ALL, model=curved_model, task=asked, **options):
        return translate(model, sigma_table, task, stages, **options)

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
    one, other = (run(source_look=look_of(domain_latents - 1)) for _ in range(2))
    assert torch.equal(one.latent, other.latent)
    assert torch.equal(one.seed, other.seed)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_guidance_acts_in_seed_translation_only_where_asked(
    run, curved_model, sigma_table, latent, source, target, asked
):
    trajectory = invert(curved_model, latent, source, sigma_table, INVERSION)
    for guided, prompt in ((False, Prompt(target)), (True, Prompt(target, source, 3.0))):
        task = replace(asked, target=prompt)
        expected = translate_seed(curved_model, trajectory, task, ALL.seed)
        assert torch.equal(run(replace(ALL, guided_seed=guided)).seed, expected)


def test_inputs_are_left_alone(run, latent, look):
    kept = latent.clone(), look.quantiles.clone()
    run()
    assert torch.equal(latent, kept[0]) and torch.equal(look.quantiles, kept[1])


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


def test_float64_stays_float64(run, model, asked, latent):
    task = replace(asked, latent=latent.double())
    assert run(model=model, task=task).latent.dtype is torch.float64


def test_eta_is_estimated_from_both_domains(run, latent, look):
    result = run(source_look=look_of(latent))
    assert torch.equal(result.eta, correlation_factor(look_of(latent), look).eta)
    assert not torch.equal(result.latent, run().latent)


def test_eta_that_is_given_is_taken(run, asked, latent):
    eta = torch.tensor([4.0, 0.0, 0.0, 0.0])
    given = run(task=replace(asked, eta=eta), source_look=look_of(latent))
    assert torch.equal(given.eta, eta)


def test_the_mask_keeps_the_source(run, asked, latent, half_mask):
    kept = run(task=replace(asked, mask=half_mask)).latent
    assert torch.equal(kept[..., 4:], latent[..., 4:])


def test_without_a_translated_seed_every_step_is_optimised():
    """What holds the first steps is the translated seed: without it they must not go free."""
    assert Stages().trajectory.start > 0
    assert Stages(seed=None).trajectory == TrajectoryConfig()
    late = TrajectoryConfig(start=0.4, structure_weight=3.0)
    assert Stages(seed=None, trajectory=late).trajectory is late


def test_a_negative_prompt_that_is_known_asks_the_model_nothing(run, curved_model):
    def evaluations(stages):
        counted = Counted(curved_model)
        run(stages, model=counted)
        return counted.evaluations

    known = NullTextConfig(method=NullTextMethod.NEGATIVE_PROMPT)
    assert evaluations(replace(NOTHING, null_text=known)) == evaluations(NOTHING)


def test_every_stage_reports(run):
    seen = Counter()
    run(on_step=lambda stage, record: seen.update([stage]))
    assert seen == {
        "inversion": 8,
        "null text": 8,
        "seed translation": 2,
        "trajectory optimisation": 8,
    }


def test_a_source_without_guidance_needs_no_empty_prompt(run, asked, target):
    result = run(Stages(inversion=INVERSION), task=replace(asked, target=Prompt(target)))
    assert bool(torch.isfinite(result.latent).all())


def test_the_method_needs_a_source_prompt_and_a_look(run, asked):
    with pytest.raises(ValueError, match="has no source prompt"):
        run(task=replace(asked, source=None))
    with pytest.raises(ValueError, match="has no look"):
        run(task=replace(asked, look=None))
