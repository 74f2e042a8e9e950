import pytest
import torch
from torch.testing import assert_close

from s2st import (
    Gradient,
    InversionConfig,
    NullTextConfig,
    Prompt,
    Reference,
    TrajectoryConfig,
    domain_statistics,
    invert,
    null_text_inversion,
    optimize_trajectory,
    optimize_trajectory_steps,
    sample,
)
from s2st.look.distributions import Distance
from s2st.look.structure import structure_loss

STEPS = 10


@pytest.fixture
def trajectory(curved_model, latent, source, sigma_table):
    return invert(curved_model, latent, source, sigma_table, InversionConfig(steps=STEPS))


@pytest.fixture
def domain(domain_latents):
    return domain_statistics(domain_latents)


class ConstantNoise:
    """A denoiser whose eps does not depend on x."""

    def __init__(self, noise):
        self.noise = noise

    def denoise(self, x, sigma, conditioning):
        return x - sigma * self.noise


def optimized(model, trajectory, prompt, domain, config=None, **options):
    return optimize_trajectory(
        model, trajectory, trajectory.seed, prompt, domain, config, **options
    )


def test_without_iterations_it_is_sampling(curved_model, trajectory, target, source, domain):
    prompt = Prompt(target, source, 3.0)
    plain = sample(curved_model, trajectory.seed, prompt, trajectory.schedule)
    config = TrajectoryConfig(iterations=0)
    assert torch.equal(optimized(curved_model, trajectory, prompt, domain, config), plain)


def test_frozen_and_exact_agree_where_noise_is_constant(trajectory, target, domain, normal):
    model = ConstantNoise(normal(1, 4, 8, 8, seed=9, dtype=torch.float64))
    trajectory = type(trajectory)(trajectory.states.double(), trajectory.schedule)
    results = [
        optimized(model, trajectory, Prompt(target), domain, TrajectoryConfig(gradient=one))
        for one in Gradient
    ]
    assert_close(results[0], results[1], rtol=1e-6, atol=1e-6)
    untouched = optimized(model, trajectory, Prompt(target), domain, TrajectoryConfig(iterations=0))
    assert not torch.allclose(results[0], untouched, atol=1e-2)


def test_frozen_and_exact_differ_on_a_curved_model(curved_model, trajectory, target, domain):
    results = [
        optimized(curved_model, trajectory, Prompt(target), domain, TrajectoryConfig(gradient=one))
        for one in Gradient
    ]
    assert not torch.allclose(results[0], results[1], atol=1e-2)


@pytest.mark.parametrize("gradient", list(Gradient))
@pytest.mark.parametrize("reference", list(Reference))
@pytest.mark.parametrize("distance", list(Distance))
def test_the_first_optimised_step_lowers_its_loss(
    curved_model, trajectory, target, domain, gradient, reference, distance
):
    def first_loss(iterations):
        config = TrajectoryConfig(
            iterations=iterations, gradient=gradient, reference=reference, distance=distance
        )
        return next(
            optimize_trajectory_steps(
                curved_model, trajectory, trajectory.seed, Prompt(target), domain, config
            )
        ).loss

    assert bool((first_loss(15) < first_loss(1)).all())


def test_structure_and_appearance_both_come_closer(
    curved_model, trajectory, target, source, domain
):
    prompt = Prompt(target, source, 2.0)
    plain = optimized(curved_model, trajectory, prompt, domain, TrajectoryConfig(iterations=0))
    ours = optimized(curved_model, trajectory, prompt, domain)
    assert bool(
        (structure_loss(ours, trajectory.source) < structure_loss(plain, trajectory.source)).all()
    )
    for_all = (domain.distances(one, Distance.HISTOGRAM).mean() for one in (ours, plain))
    assert next(for_all) < next(for_all)


@pytest.mark.parametrize(
    ("gradient", "iterations", "evaluations", "gradients"),
    [
        (Gradient.FROZEN, 10, 2 * STEPS, 0),
        (Gradient.EXACT, 3, 2 * STEPS * (1 + 3 + 1), 2 * STEPS * 3),
    ],
)
def test_the_cost_is_what_the_method_says(
    curved_model,
    trajectory,
    target,
    source,
    domain,
    gradient,
    iterations,
    evaluations,
    gradients,
):
    config = TrajectoryConfig(iterations=iterations, gradient=gradient)
    *_, last = optimize_trajectory_steps(
        curved_model, trajectory, trajectory.seed, Prompt(target, source, 3.0), domain, config
    )
    assert (last.evaluations, last.gradients) == (evaluations, gradients)


def test_start_and_end_limit_the_optimised_steps(curved_model, trajectory, target, domain):
    config = TrajectoryConfig(start=0.3, end=0.7)
    records = optimize_trajectory_steps(
        curved_model, trajectory, trajectory.seed, Prompt(target), domain, config
    )
    assert [one.loss is not None for one in records] == [False] * 3 + [True] * 4 + [False] * 3


def test_outside_the_mask_is_the_source(curved_model, trajectory, target, domain):
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    result = optimized(curved_model, trajectory, Prompt(target), domain, mask=mask)
    assert torch.equal(result[..., 4:], trajectory.source[..., 4:])
    assert not torch.allclose(result[..., :4], trajectory.source[..., :4], atol=0.05)


def test_a_full_mask_changes_nothing_and_an_empty_one_everything(
    curved_model, trajectory, target, domain
):
    free = optimized(curved_model, trajectory, Prompt(target), domain)
    full = optimized(curved_model, trajectory, Prompt(target), domain, mask=torch.ones(2, 1, 8, 8))
    empty = optimized(
        curved_model, trajectory, Prompt(target), domain, mask=torch.zeros(1, 1, 8, 8)
    )
    assert torch.equal(full, free)
    assert torch.equal(empty, trajectory.source)


def test_null_text_is_used_step_by_step(curved_model, trajectory, source, target, domain):
    prompt = Prompt(target, source, 3.0)
    null_text = null_text_inversion(
        curved_model, trajectory, Prompt(source, source, 3.0), NullTextConfig(inner_steps=2)
    )
    config = TrajectoryConfig(iterations=0)
    ours = optimized(curved_model, trajectory, prompt, domain, config, null_text=null_text)
    by_hand = sample(curved_model, trajectory.seed, null_text.prompts(prompt), trajectory.schedule)
    assert torch.equal(ours, by_hand)


def test_the_state_that_is_left_was_optimised(curved_model, trajectory, target, domain):
    """The learning rate is in units of the seed: one update moves z_t by about that."""
    config = TrajectoryConfig(iterations=1, learning_rate=0.01, end=0.01)
    record = next(
        optimize_trajectory_steps(
            curved_model, trajectory, trajectory.seed, Prompt(target), domain, config
        )
    )
    plain = next(
        optimize_trajectory_steps(
            curved_model,
            trajectory,
            trajectory.seed,
            Prompt(target),
            domain,
            TrajectoryConfig(iterations=0),
        )
    )
    sigma = trajectory.schedule.sigmas[0]
    moved = (record.latent - plain.latent).abs() / (1 + sigma**2) ** 0.5
    assert float(moved.median()) == pytest.approx(0.01, rel=0.3)


def test_a_batch_equals_its_items(curved_model, trajectory, target, domain):
    together = optimized(curved_model, trajectory, Prompt(target), domain)
    for item in range(2):
        single = type(trajectory)(trajectory.states[:, item : item + 1], trajectory.schedule)
        alone = optimized(curved_model, single, Prompt(target), domain)
        assert_close(together[item], alone[0], rtol=1e-3, atol=1e-3)
