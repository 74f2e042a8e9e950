from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import RoundsConfig, Strokes, paint_in_rounds, sample
from s2st.model.noise import noises_for
from s2st.model.parameterization import to_variance_preserving
from s2st.model.schedule import Schedule
from s2st.strokes.painting import blurred

CONFIG = RoundsConfig(rounds=3)


@pytest.fixture
def painted(curved_model, autoencoder, stroke_task, strokes, schedule):
    """painted(config, ...): the fixtures' strokes, painted over."""

    def run(config=CONFIG, over=strokes, **listeners):
        return paint_in_rounds(
            curved_model, autoencoder, stroke_task, over, schedule, config, **listeners
        )

    return run


def test_without_updates_it_is_img2img_over_and_over(painted, curved_model, stroke_task, schedule):
    rest, latent = Schedule(schedule.sigmas[6:]), stroke_task.latent
    noises = noises_for(latent, 0, shared=True)
    for _ in range(3):
        seed = to_variance_preserving(latent + rest.sigmas[0] * next(noises), rest.sigmas[0])
        latent = sample(curved_model, seed, stroke_task.target, rest)
    assert_close(painted(replace(CONFIG, updates=0)), latent)


def test_more_updates_are_more_faithful(painted, autoencoder, strokes):
    def apart(updates):
        picture = autoencoder.decode(painted(replace(CONFIG, updates=updates, rounds=6)))
        return float((blurred(picture) - strokes.picture).square().mean())

    assert apart(20) < apart(4) < apart(0)


def test_all_rounds_are_told_of_as_one(painted):
    records, told = [], []
    painted(CONFIG, on_step=records.append, on_update=lambda: told.append(1))
    assert [one.index for one in records] == list(range(1, 13))
    assert {one.total for one in records} == {12} == {CONFIG.steps(10, partly=False)}
    moved = [one.index - 1 for one in records if one.loss is not None]
    assert moved == [4, 8] == list(CONFIG.moved_before(10, partly=False))
    assert len(told) == 2 * CONFIG.updates


def test_what_was_not_painted_begins_as_a_sample(painted, strokes):
    """With little noise each half stays near what it began as."""
    faint, records = replace(CONFIG, strength=0.0, rounds=1), []
    half = torch.zeros_like(strokes.picture[:, :1])
    half[..., : half.shape[-1] // 2] = 1
    partly = painted(faint, Strokes(strokes.picture, half), on_step=records.append)
    moved = (partly - painted(faint)).abs().mean(dim=(0, 1, 2)).chunk(2)
    assert moved[0].mean() < 0.6 * moved[1].mean()
    assert len(records) == 11 == faint.steps(10, partly=True)


def test_no_strength_still_goes_back_by_one_step(painted):
    assert RoundsConfig(strength=0.0, rounds=2).steps(10, partly=False) == 2
    assert painted(replace(CONFIG, strength=0.0)).isfinite().all()
