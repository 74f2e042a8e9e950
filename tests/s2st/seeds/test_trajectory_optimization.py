from dataclasses import replace

import pytest
import torch
from ideal import GaussianDenoiser
from torch.testing import assert_close

from s2st import (
    Gradient,
    InversionConfig,
    NullTextConfig,
    Prompt,
    Reference,
    Schedule,
    Trajectory,
    TrajectoryConfig,
    invert,
    look_of,
    null_text_inversion,
    optimize_trajectory,
    sample,
)
from s2st.look.distributions import Distance
from s2st.look.look import WholeLook
from s2st.look.structure import structure_loss
from s2st.model.gradients import Adam

STEPS = 10


@pytest.fixture
def trajectory(curved_model, latent, source, sigma_table):
    return invert(curved_model, latent, source, sigma_table, InversionConfig(steps=STEPS))


@pytest.fixture
def asked(task, look):
    """asked(prompt, **changes): the task with a look, to be sampled with `prompt`."""

    def with_prompt(prompt, **changes):
        return replace(task, target=prompt, look=look, **changes)

    return with_prompt


class ConstantNoise:
    """A denoiser whose eps does not depend on x."""

    def __init__(self, noise):
        self.noise = noise

    def denoise(self, x, sigma, conditioning):
        return x - sigma * self.noise


def optimized(model, trajectory, task, config=None, **options):
    return optimize_trajectory(model, trajectory, trajectory.seed, task, config, **options)


def records_of(model, trajectory, task, config):
    seen = []
    optimized(model, trajectory, task, config, on_step=seen.append)
    return seen


def test_without_iterations_it_is_sampling(curved_model, trajectory, target, source, asked):
    prompt = Prompt(target, source, 3.0)
    plain = sample(curved_model, trajectory.seed, prompt, trajectory.schedule)
    config = TrajectoryConfig(iterations=0)
    assert torch.equal(optimized(curved_model, trajectory, asked(prompt), config), plain)


def test_frozen_and_exact_agree_where_noise_is_constant(trajectory, asked, target, normal):
    """At low noise levels the clean latent and z_t move alike."""
    model = ConstantNoise(normal(1, 4, 8, 8, seed=9, dtype=torch.float64))
    low = Schedule((0.02, 0.01, 0.0))
    trajectory = Trajectory(trajectory.states[:3].double(), low)
    task = asked(Prompt(target), latent=trajectory.source)
    frozen, exact, untouched = (
        optimized(model, trajectory, task, config)
        for config in (
            TrajectoryConfig(learning_rate=0.001, gradient=Gradient.FROZEN),
            TrajectoryConfig(learning_rate=0.001, gradient=Gradient.EXACT),
            TrajectoryConfig(iterations=0),
        )
    )
    assert_close(frozen, exact, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(frozen, untouched, atol=1e-2)


@pytest.mark.parametrize("reference", list(Reference))
@pytest.mark.parametrize("highest", [14.6, 1e3, 1e5])
def test_no_noise_level_lets_the_clean_estimate_explode(
    model, source, task, look, target, normal, reference, highest
):
    """Flow and zero-SNR models begin where sigma is huge; moving z_t there moved x0_hat by it."""
    schedule = Schedule((highest, 3.0, 1.0, 0.0))
    trajectory = Trajectory(normal(4, 2, 4, 8, 8, seed=3), schedule)
    config, seen = TrajectoryConfig(learning_rate=0.01, reference=reference), []
    task = replace(task, target=Prompt(target), look=look, latent=trajectory.source)
    optimize_trajectory(model, trajectory, normal(2, 4, 8, 8), task, config, on_step=seen.append)
    plain = []
    optimize_trajectory(
        model,
        trajectory,
        normal(2, 4, 8, 8),
        task,
        TrajectoryConfig(iterations=0),
        on_step=plain.append,
    )
    moved = (seen[0].denoised - plain[0].denoised).abs().max()
    furthest = schedule.rate(config.learning_rate) * config.iterations
    assert 0 < float(moved) <= furthest * (1 + Adam.LEVEL_EPSILON)


def test_frozen_and_exact_differ_on_a_curved_model(curved_model, trajectory, target, asked):
    results = [
        optimized(curved_model, trajectory, asked(Prompt(target)), TrajectoryConfig(gradient=one))
        for one in Gradient
    ]
    assert not torch.allclose(results[0], results[1], atol=1e-2)


@pytest.mark.parametrize("gradient", list(Gradient))
@pytest.mark.parametrize("reference", list(Reference))
@pytest.mark.parametrize("distance", list(Distance))
def test_the_first_optimised_step_lowers_its_loss(
    curved_model, trajectory, target, asked, gradient, reference, distance
):
    def first_loss(iterations):
        config = TrajectoryConfig(
            iterations=iterations, gradient=gradient, reference=reference, distance=distance
        )
        return records_of(curved_model, trajectory, asked(Prompt(target)), config)[0].loss

    assert bool((first_loss(15) < first_loss(1)).all())


def test_structure_and_appearance_both_come_closer(curved_model, trajectory, target, source, asked):
    prompt = Prompt(target, source, 2.0)
    plain = optimized(curved_model, trajectory, asked(prompt), TrajectoryConfig(iterations=0))
    ours = optimized(curved_model, trajectory, asked(prompt))
    assert bool(
        (structure_loss(ours, trajectory.source) < structure_loss(plain, trajectory.source)).all()
    )
    look = WholeLook(asked(prompt).look, ours, Distance.HISTOGRAM, None)
    assert look(ours).mean() < look(plain).mean()


@pytest.mark.parametrize(
    ("gradient", "iterations", "evaluations", "gradients"),
    [
        (Gradient.FROZEN, 10, 2 * STEPS, 0),
        (Gradient.EXACT, 3, 2 * STEPS * (3 + 1), 2 * STEPS * 3),
    ],
)
def test_the_cost_is_what_the_method_says(
    curved_model,
    trajectory,
    target,
    source,
    asked,
    gradient,
    iterations,
    evaluations,
    gradients,
):
    config = TrajectoryConfig(iterations=iterations, gradient=gradient)
    task = asked(Prompt(target, source, 3.0))
    *_, last = records_of(curved_model, trajectory, task, config)
    assert (last.evaluations, last.gradients) == (evaluations, gradients)


def test_start_and_end_limit_the_optimised_steps(curved_model, trajectory, target, asked):
    config = TrajectoryConfig(start=0.3, end=0.7)
    records = records_of(curved_model, trajectory, asked(Prompt(target)), config)
    assert [one.loss is not None for one in records] == [False] * 3 + [True] * 4 + [False] * 3


def test_outside_the_mask_is_the_source(curved_model, trajectory, target, asked):
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    result = optimized(curved_model, trajectory, asked(Prompt(target), mask=mask))
    assert torch.equal(result[..., 4:], trajectory.source[..., 4:])
    assert not torch.allclose(result[..., :4], trajectory.source[..., :4], atol=0.05)


def test_a_full_mask_changes_nothing_and_an_empty_one_everything(
    curved_model, trajectory, target, asked
):
    free = optimized(curved_model, trajectory, asked(Prompt(target)))
    full = optimized(curved_model, trajectory, asked(Prompt(target), mask=torch.ones(2, 1, 8, 8)))
    empty = optimized(curved_model, trajectory, asked(Prompt(target), mask=torch.zeros(1, 1, 8, 8)))
    assert torch.equal(full, free)
    assert torch.equal(empty, trajectory.source)


def test_null_text_is_used_step_by_step(curved_model, trajectory, source, target, asked):
    prompt = Prompt(target, source, 3.0)
    null_text = null_text_inversion(
        curved_model, trajectory, Prompt(source, source, 3.0), NullTextConfig(inner_steps=2)
    )
    config = TrajectoryConfig(iterations=0)
    ours = optimized(curved_model, trajectory, asked(prompt), config, null_text=null_text)
    by_hand = sample(curved_model, trajectory.seed, null_text.prompts(prompt), trajectory.schedule)
    assert torch.equal(ours, by_hand)


def test_the_state_that_is_left_was_optimised(curved_model, trajectory, target, asked):
    """The learning rate is in units of the latent: in a run of 20 steps, one update moves x_t by
    about that, and in one of 10 by twice as much.
    """
    task, plain = asked(Prompt(target)), TrajectoryConfig(iterations=0)
    config = TrajectoryConfig(iterations=1, learning_rate=0.005, end=0.01)
    ours, theirs = (
        records_of(curved_model, trajectory, task, one)[0].latent for one in (config, plain)
    )
    assert float((ours - theirs).abs().median()) == pytest.approx(0.01, rel=0.3)


def test_inside_the_mask_the_look_is_met_and_not_overshot(
    model, trajectory, asked, source, latent, normal, half_mask
):
    """What may not change filled the sorted values, and the rest made up for it."""
    look = look_of(0.5 * normal(3, 4, 8, 8, seed=2) - 1.0)
    task = replace(asked(Prompt(source)), look=look, mask=half_mask)
    config = TrajectoryConfig(iterations=40, learning_rate=0.02, structure_weight=0.0)
    result = optimized(model, trajectory, task, config)
    assert float(result[..., :4].mean()) == pytest.approx(-1.0, abs=0.06)


def test_a_rate_means_the_same_at_any_number_of_steps(asked, source, latent, look, sigma_table):
    """A look too far away to be reached, and a model that takes little of an update back: what is
    compared is how far the updates go.
    """
    model = GaussianDenoiser(mean=0.0, spread=30.0)
    task = replace(asked(Prompt(source)), look=look_of(look.quantiles[:, :, None] + 9.0))
    config = TrajectoryConfig(structure_weight=0.0)

    def moved(steps):
        along = invert(model, latent, source, sigma_table, InversionConfig(steps=steps))
        plain = TrajectoryConfig(iterations=0)
        ends = (optimized(model, along, task, one) for one in (config, plain))
        return next(ends) - next(ends)

    whole = moved(20)
    assert whole.abs().mean() > 0.3
    for some in (5, 10):
        assert (moved(some) - whole).abs().mean() < 0.1 * whole.abs().mean()


def test_a_caller_may_stop_between_updates(curved_model, trajectory, target, asked):
    class Cancelled(Exception):
        pass

    updates = []

    def cancel():
        updates.append(None)
        if len(updates) == 13:
            raise Cancelled

    with pytest.raises(Cancelled):
        optimized(curved_model, trajectory, asked(Prompt(target)), on_update=cancel)
    assert len(updates) == 13


def test_a_batch_equals_its_items(curved_model, trajectory, target, asked):
    together = optimized(curved_model, trajectory, asked(Prompt(target)))
    for item in range(2):
        single = type(trajectory)(trajectory.states[:, item : item + 1], trajectory.schedule)
        task = asked(Prompt(target), latent=single.source)
        alone = optimized(curved_model, single, task)
        assert_close(together[item], alone[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("gradient", list(Gradient))
def test_each_region_takes_the_look_of_its_own_kind(
    curved_model, trajectory, source, asked, regional, gradient
):
    config = TrajectoryConfig(gradient=gradient, structure_weight=0.0, learning_rate=0.05)
    task = asked(Prompt(source), regional=regional)
    result = optimize_trajectory(curved_model, trajectory, trajectory.seed, task, config)
    left, right = result[..., :4].mean((2, 3)), result[..., 4:].mean((2, 3))
    assert bool((left > right + 0.5).all())
