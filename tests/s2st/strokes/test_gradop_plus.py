from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import GradopPlusConfig, Strokes, gradop_plus, sample
from s2st.strokes.gradop_plus import Noise, Variable, starting_seed
from s2st.strokes.painting import blurred

STRONG = GradopPlusConfig(strength=0.5, optimised=4, updates=20)


@pytest.fixture
def painted(curved_model, autoencoder, stroke_task, strokes, schedule):
    """painted(config, ...): the fixtures' strokes, painted over."""

    def run(config=STRONG, task=stroke_task, strokes=strokes, **listeners):
        return gradop_plus(curved_model, autoencoder, task, strokes, schedule, config, **listeners)

    return run


def test_without_updates_it_is_plain_sampling_bit_for_bit(
    painted, curved_model, stroke_task, schedule
):
    seed = starting_seed(stroke_task.latent, 7)
    plain = sample(curved_model, seed, stroke_task.target, schedule)
    for config in (
        GradopPlusConfig(updates=0, noise_seed=7),
        GradopPlusConfig(optimised=0, noise_seed=7),
    ):
        assert torch.equal(painted(config), plain)


@pytest.mark.parametrize("noise", list(Noise))
@pytest.mark.parametrize("variable", list(Variable))
def test_more_updates_are_more_faithful(painted, autoencoder, strokes, variable, noise):
    def apart(updates):
        config = replace(STRONG, updates=updates, variable=variable, noise=noise)
        picture = autoencoder.decode(painted(config))
        return float((blurred(picture) - strokes.picture).square().mean())

    assert apart(30) < apart(3) < apart(0)


def test_the_released_steps_are_optimised(painted):
    records = []
    painted(GradopPlusConfig(strength=0.7, optimised=3), on_step=records.append)
    assert [one.index for one in records if one.loss is not None] == [4, 5, 6]
    assert [one.evaluations for one in records] == list(range(2, 22, 2))
    assert all(one.gradients == 0 for one in records)
    assert {one.total for one in records} == {10}


def test_the_last_step_is_never_optimised(painted):
    records = []
    painted(GradopPlusConfig(strength=0.0, optimised=50), on_step=records.append)
    assert [one.loss for one in records] == [None] * 10


def test_every_update_is_told(painted):
    told = []
    painted(replace(STRONG, updates=5, optimised=3), on_update=lambda: told.append(1))
    assert len(told) == 15


def test_the_noise_seed_decides(painted):
    before = torch.get_rng_state()
    one, again = painted(), painted()
    assert torch.equal(one, again)
    assert not torch.allclose(one, painted(replace(STRONG, noise_seed=1)), atol=1e-2)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_batch_equals_its_pictures_one_by_one(painted, stroke_task, strokes):
    singles = [
        painted(
            task=replace(stroke_task, latent=stroke_task.latent[one]),
            strokes=Strokes(strokes.picture[one]),
        )
        for one in (slice(0, 1), slice(1, 2))
    ]
    assert_close(painted(), torch.cat(singles), atol=1e-3, rtol=0)


def test_each_picture_may_have_noise_of_its_own(curved_model, stroke_task, schedule):
    seed = starting_seed(stroke_task.latent, 3, shared=False)
    assert not torch.allclose(seed[0], seed[1], atol=0.1)
    assert torch.equal(seed[:1], starting_seed(stroke_task.latent[:1], 3))
    assert torch.equal(*starting_seed(stroke_task.latent, 3))
