from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import GradopConfig, gradop, sample
from s2st.strokes.gradop_plus import starting_seed
from s2st.strokes.painting import blurred

STRONG = GradopConfig(strength=0.3, updates=40, gamma=0.0)


@pytest.fixture
def painted(curved_model, autoencoder, stroke_task, strokes, schedule):
    """painted(config, ...): the fixtures' strokes, painted over."""

    def run(config=STRONG, **listeners):
        return gradop(
            curved_model, autoencoder, stroke_task, strokes, schedule, config, **listeners
        )

    return run


@pytest.fixture
def plain(curved_model, stroke_task, schedule):
    seed = starting_seed(stroke_task.latent, 0)
    return sample(curved_model, seed, stroke_task.target, schedule)


def test_without_updates_it_is_plain_sampling_bit_for_bit(painted, plain):
    records = []
    assert torch.equal(painted(GradopConfig(updates=0), on_step=records.append), plain)
    assert [one.index for one in records] == list(range(1, 11))
    assert records[-1].total == 10


def test_more_updates_are_more_faithful(painted, autoencoder, strokes):
    def apart(updates):
        picture = autoencoder.decode(painted(replace(STRONG, updates=updates)))
        return float((blurred(picture) - strokes.picture).square().mean())

    assert apart(60) < apart(5) < apart(0)


def test_gamma_keeps_it_near_the_sample(painted, plain):
    def moved(gamma):
        return float((painted(replace(STRONG, strength=0.05, gamma=gamma)) - plain).abs().mean())

    assert moved(10.0) < 0.5 * moved(0.0)


def test_both_runs_are_told_of_as_one(painted):
    records, told = [], []
    listeners = {"on_step": records.append, "on_update": lambda: told.append(1)}
    painted(replace(STRONG, strength=0.4, updates=7), **listeners)
    assert [one.index for one in records] == list(range(1, 15))
    assert {one.total for one in records} == {14} == {STRONG.steps(10) + 1}
    assert [one.index for one in records if one.loss is not None] == [11]
    assert records[-1].evaluations == 2 * 14
    assert len(told) == 7


def test_no_strength_still_leads_back_by_one_step(painted):
    assert GradopConfig(strength=0.0).steps(10) == 11
    assert_close(painted(replace(STRONG, strength=0.0)).isfinite().all(), torch.tensor(True))
