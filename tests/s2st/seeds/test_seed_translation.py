from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import (
    Distance,
    InversionConfig,
    Prompt,
    SeedConfig,
    invert,
    sample,
    translate_seed,
)
from s2st.look.look import WholeLook
from s2st.seeds.seed_translation import lookahead, on_shell


@pytest.fixture
def trajectory(curved_model, latent, source, sigma_table):
    return invert(curved_model, latent, source, sigma_table, InversionConfig(steps=10))


@pytest.fixture
def asked(task, look):
    """asked(prompt, **changes): the task with a look, to be looked ahead at with `prompt`."""

    def with_prompt(prompt, **changes):
        return replace(task, target=prompt, look=look, **changes)

    return with_prompt


def records_of(model, trajectory, task, config):
    seen = []
    translate_seed(model, trajectory, task, config, on_step=seen.append)
    return seen


@pytest.mark.parametrize("distance", list(Distance))
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_loss_falls(curved_model, trajectory, source, target, asked, distance, scale):
    config = SeedConfig(iterations=20, learning_rate=0.01, keep_shell=False, distance=distance)
    task = asked(Prompt(target, source, scale))
    first, *_, last = records_of(curved_model, trajectory, task, config)
    assert bool((last.loss < first.loss).all())


def test_the_seed_stays_on_its_shell(curved_model, trajectory, target, asked):
    seed = translate_seed(curved_model, trajectory, asked(Prompt(target)))
    inverted = trajectory.seed
    assert not torch.equal(seed, inverted)
    for axis_statistic in (torch.mean, torch.std):
        assert_close(
            axis_statistic(seed, (1, 2, 3)),
            axis_statistic(inverted, (1, 2, 3)),
            rtol=1e-5,
            atol=1e-6,
        )
    loose = SeedConfig(keep_shell=False)
    left = translate_seed(curved_model, trajectory, asked(Prompt(target)), loose)
    assert float((left.std((1, 2, 3)) - inverted.std((1, 2, 3))).abs().min()) > 1e-5


def test_without_iterations_the_seed_is_the_inverted_one(curved_model, trajectory, target, asked):
    config = SeedConfig(iterations=0)
    seed = translate_seed(curved_model, trajectory, asked(Prompt(target)), config)
    assert torch.equal(seed, trajectory.seed)


def test_the_first_update_moves_by_the_learning_rate(curved_model, trajectory, target, asked):
    config = SeedConfig(iterations=1, learning_rate=0.02, keep_shell=False)
    seed = translate_seed(curved_model, trajectory, asked(Prompt(target)), config)
    moved = (seed - trajectory.seed).abs()
    assert float(moved.median()) == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize(("scale", "branches"), [(1.0, 1), (3.0, 2)])
def test_evaluations_are_iterations_times_lookahead(
    curved_model, trajectory, source, target, asked, scale, branches
):
    config = SeedConfig(iterations=3, lookahead=5)
    prompt = Prompt(target, source, scale)
    *_, last = records_of(curved_model, trajectory, asked(prompt), config)
    assert last.evaluations == last.gradients == 3 * 5 * branches


def test_structure_alone_and_appearance_alone_pull_their_own_way(
    curved_model, trajectory, source, target, asked, look
):
    def end(structure, appearance):
        config = SeedConfig(iterations=20, structure_weight=structure, appearance_weight=appearance)
        *_, last = records_of(curved_model, trajectory, asked(prompt), config)
        return WholeLook(look, last.denoised, Distance.HISTOGRAM, None)(last.denoised).mean()

    prompt = Prompt(target, source, 3.0)
    assert end(0.0, 1.0) < end(1.0, 0.0)


def test_a_batch_equals_its_items(curved_model, trajectory, target, asked):
    together = translate_seed(curved_model, trajectory, asked(Prompt(target)))
    for item in range(2):
        single = type(trajectory)(trajectory.states[:, item : item + 1], trajectory.schedule)
        alone = translate_seed(curved_model, single, asked(Prompt(target), latent=single.source))
        assert_close(together[item], alone[0], rtol=1e-3, atol=1e-3)


def test_eta_decides_which_channel_moves(model, latent, source, target, sigma_table, asked):
    """The Gaussian model keeps channels apart: a channel without weight gets no gradient."""
    trajectory = invert(model, latent, source, sigma_table, InversionConfig(steps=10))
    config = SeedConfig(structure_weight=0.0, keep_shell=False)
    eta = torch.tensor([4.0, 0.0, 0.0, 0.0])
    seed = translate_seed(model, trajectory, asked(Prompt(target), eta=eta), config)
    moved = (seed - trajectory.seed).abs().amax((0, 2, 3))
    assert moved[0] > 0.01
    assert torch.equal(moved[1:], torch.zeros(3))


def test_the_lookahead_is_a_sampling_run(curved_model, trajectory, target):
    coarse = trajectory.schedule.subsampled(4)
    looked = lookahead(curved_model, trajectory.states[-1], Prompt(target), coarse)
    sampled = sample(curved_model, trajectory.seed, Prompt(target), coarse)
    assert_close(looked, sampled, rtol=1e-5, atol=1e-5)


def test_on_shell_of_a_hand_made_case():
    wanted = torch.tensor([0.0, 4.0]).reshape(1, 1, 1, 2)
    given = torch.tensor([5.0, 6.0]).reshape(1, 1, 1, 2)
    assert_close(on_shell(given, wanted), wanted)


@pytest.mark.parametrize("distance", list(Distance))
def test_each_region_is_asked_for_the_look_of_its_own_kind(
    model, latent, source, sigma_table, asked, regional, distance
):
    trajectory = invert(model, latent, source, sigma_table, InversionConfig(steps=10))
    config = SeedConfig(
        learning_rate=0.05, structure_weight=0.0, keep_shell=False, distance=distance
    )
    task = asked(Prompt(source), regional=regional)
    first, *_, last = records_of(model, trajectory, task, config)
    apart = [one.denoised[..., :4].mean() - one.denoised[..., 4:].mean() for one in (first, last)]
    assert bool((last.loss < first.loss).all())
    assert apart[1] > apart[0] + 0.02
