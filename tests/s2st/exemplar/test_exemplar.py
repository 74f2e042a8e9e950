"""Matching, drawing and the interleaved loop, on a model that sees what it is given."""

from dataclasses import replace

import pytest
import torch
from ideal import SeeingDenoiser
from torch.testing import assert_close

from s2st import (
    Counted,
    DifferenceConfig,
    Prompt,
    Spacing,
    Task,
    difference_path,
    make_schedule,
    structure_loss,
)
from s2st.exemplar.interleaved import InterleavedConfig, interleaved
from s2st.look.drawn import Drawn, DrawnConfig, blurred, matchings, mixed
from s2st.look.exemplars import MatchConfig, Matcher, Warp, exemplars_of
from s2st.path.settings import expected_evaluations

COLD = {"temperature": 1e-3}
SHARP = MatchConfig(**COLD)


@pytest.fixture
def model():
    return SeeingDenoiser(mean=0.0, spread=60.0)


@pytest.fixture
def latent(normal):
    """Loud, so that the noise of the features is nothing beside it."""
    return 60 * normal(2, 4, 8, 8)


@pytest.fixture
def task(latent, source, target):
    return Task(latent=latent, source=source, target=Prompt(target))


@pytest.fixture
def led(task, exemplars):
    return replace(task, exemplars=exemplars)


@pytest.fixture
def schedule(sigma_table):
    return make_schedule(sigma_table, 10, Spacing.TRAILING)


@pytest.fixture
def exemplars(model, latent, source):
    """The second picture moved about, and in other colours."""
    return exemplars_of(model, -0.5 * latent[1:].roll(3, dims=3), source)


@pytest.fixture
def own_exemplars(model, latent, source):
    return exemplars_of(model, latent, source)


@pytest.fixture
def matcher_to(model, source):
    return lambda exemplars: Matcher(model, exemplars, source)


@pytest.fixture
def matcher(matcher_to, exemplars):
    return matcher_to(exemplars)


def test_a_picture_is_its_own_warp(matcher_to, own_exemplars, latent):
    warp = matcher_to(own_exemplars).warp(latent, SHARP)
    assert_close(warp.latent, latent)
    assert bool((warp.confidence == 1).all())


def test_exemplars_of_another_vae_are_refused(matcher_to, own_exemplars, latent):
    with pytest.raises(ValueError, match="exemplar has 4 channels, but the source latent has 3"):
        matcher_to(own_exemplars).warp(latent[:, :3], SHARP)


def test_exemplars_may_be_of_another_size(model, source, matcher_to, latent, normal):
    some = exemplars_of(model, 60 * normal(3, 4, 6, 12, seed=5), source)
    assert some.count == 3
    assert matcher_to(some).warp(latent, SHARP).latent.shape == latent.shape


def test_what_is_finer_than_the_grain_stays(latent, normal):
    warp = Warp(latent + 7.0, torch.ones(2, 1, 8, 8))
    assert_close(mixed(latent, warp, DrawnConfig(matching=1.0, grain=2.0)), latent + 7.0)
    fine = 10 * (torch.arange(8) % 2 * 2 - 1.0)
    rough = Warp(latent + fine, torch.ones(2, 1, 8, 8))
    moved = mixed(latent, rough, DrawnConfig(matching=1.0, grain=2.0)) - latent
    assert float(moved.abs().max()) < 0.5
    assert_close(mixed(latent, rough, DrawnConfig(matching=1.0, grain=0.0)), latent + fine)


def test_what_is_not_trusted_stays_and_tells_others_nothing(latent, half_mask):
    lies = torch.where(half_mask > 0, 3.0, 1000.0)
    warp = Warp(latent + lies, half_mask.expand(2, -1, -1, -1))
    moved = mixed(latent, warp, DrawnConfig(matching=1.0, grain=1.5)) - latent
    assert_close(moved, 3.0 * half_mask.expand_as(latent), atol=1e-4, rtol=0)


def test_a_blur_fits_into_small_pictures(normal):
    assert blurred(normal(1, 2, 3, 2), 10.0).shape == (1, 2, 3, 2)


def test_matching_is_done_again_as_often_as_asked(model, exemplars, source, latent):
    for rematches, times in ((0, 1), (2, 3), (5, 4)):
        config, counted = (
            DrawnConfig(**COLD, matched_until=1.0, rematches=rematches),
            Counted(model),
        )
        drawn = Drawn(Matcher(counted, exemplars, source), latent, config)
        assert all(not torch.equal(drawn(step, 4, latent), latent) for step in range(4))
        assert counted.evaluations == times == matchings(config, 4)


def test_ones_own_source_as_exemplar_is_returned(model, task, own_exemplars, schedule):
    config = InterleavedConfig(**COLD, rematches=100, matched_until=1.0)
    own = replace(task, exemplars=own_exemplars)
    back = interleaved(model, own, schedule, config)
    assert_close(back, task.latent, atol=0.05, rtol=0.01)


def test_the_report_counts_every_evaluation(model, led, schedule):
    records = []
    config = InterleavedConfig(start=0.5, rematches=2)
    interleaved(model, led, schedule, config, on_step=records.append)
    assert [one.index for one in records] == [1, 2, 3, 4, 5]
    assert records[-1].evaluations == 1 + 5 + 2


def test_a_picture_of_a_batch_comes_out_as_it_does_alone(model, led, schedule):
    config = InterleavedConfig(iterations=2)
    both = interleaved(model, led, schedule, config)
    alone = replace(led, latent=led.latent[1:])
    assert_close(both[1:], interleaved(model, alone, schedule, config))


def test_updates_hold_the_sources_edges(model, led, schedule):
    def lost(count):
        config = InterleavedConfig(iterations=count, learning_rate=10.0)
        done = interleaved(model, led, schedule, config)
        return float(structure_loss(done, led.latent).mean())

    assert lost(5) < 0.9 * lost(0)


def test_outside_the_mask_the_source_is_kept(model, led, schedule, half_mask):
    masked = replace(led, mask=half_mask)
    done = interleaved(model, masked, schedule, InterleavedConfig(iterations=1))
    assert_close(done[..., 4:], led.latent[..., 4:])
    assert float((done - led.latent)[..., :4].abs().mean()) > 1


def test_the_model_has_the_last_of_the_run_to_itself(model, exemplars, source, latent):
    counted = Counted(model)
    matcher = Matcher(counted, exemplars, source)
    drawn = Drawn(matcher, latent, DrawnConfig(**COLD, matched_until=0.5, rematches=9))
    moved = [not torch.equal(drawn(step, 4, latent), latent) for step in range(4)]
    assert moved == [True, True, False, False]
    assert counted.evaluations == 2


def test_the_difference_path_is_drawn_to_the_exemplars(model, task, led, matcher, schedule):
    records, plain = [], difference_path(model, task, schedule)
    left = DifferenceConfig(matching=0.0)
    assert torch.equal(difference_path(model, led, schedule, left), plain)
    wanted = matcher.warp(task.latent, SHARP).latent
    config = DifferenceConfig(**COLD, matching=1.0, matched_until=1.0, grain=0.0, rematches=1)
    moved = difference_path(model, led, schedule, config, on_step=records.append)
    assert float((moved - wanted).abs().mean()) < 0.5 * float((plain - wanted).abs().mean())
    assert records[-1].evaluations == expected_evaluations(config, 1.0, 10, matched=True)


def test_a_task_refuses_exemplars_of_another_vae(task, exemplars):
    three = replace(exemplars, latents=exemplars.latents[:, :3])
    with pytest.raises(ValueError, match="exemplar has 3 channels, but the source latent has 4"):
        replace(task, exemplars=three)


def test_a_task_without_exemplars_is_refused(model, task, schedule):
    with pytest.raises(ValueError, match="has no exemplars"):
        interleaved(model, task, schedule)
