from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import look_of, structure_loss
from s2st.look.look import NearestLook
from s2st.model.contract import go_on
from s2st.strokes.painting import Painting, blurred
from s2st.strokes.strokes import Strokes
from s2st.strokes.updates import Clamp, Length, UpdateConfig, Updates

LONG = UpdateConfig(updates=60, learning_rate=0.05)


@pytest.fixture
def updates(autoencoder, stroke_task, strokes):
    """updates(config, ...): of the fixtures' strokes."""

    def make(config=LONG, task=stroke_task, strokes=strokes, on_update=go_on):
        return Updates(autoencoder, task, strokes, config, on_update)

    return make


def test_the_distance_is_the_mean_square_after_f(updates, autoencoder, strokes, latent):
    expected = (blurred(autoencoder.decode(latent).clamp(0, 1)) - strokes.picture).square()
    assert_close(updates().distance(latent), expected.mean((1, 2, 3)))


@pytest.mark.parametrize("painting", list(Painting))
@pytest.mark.parametrize("length", list(Length))
def test_updates_come_to_the_strokes(updates, latent, painting, length):
    made = updates(replace(LONG, painting=painting, length=length, clamp=Clamp.NEVER))
    moved, losses = made.optimised(latent)
    assert losses.shape == (2,)
    assert float(made.distance(moved).max()) < 0.2 * float(made.distance(latent).min())


def test_no_updates_leave_the_latent(updates, latent):
    moved, losses = updates(UpdateConfig(updates=0)).optimised(latent)
    assert moved is latent and losses is None


@pytest.mark.parametrize(("clamp", "moves"), [(Clamp.BEFORE, False), (Clamp.NEVER, True)])
def test_what_is_clamped_before_f_has_no_gradient(updates, clamp, moves):
    white = torch.full((2, 4, 8, 8), 30.0)
    moved, _ = updates(replace(LONG, clamp=clamp)).optimised(white)
    assert bool((moved != white).any()) is moves


def test_only_what_was_painted_is_compared(updates, strokes, latent):
    left = torch.zeros(1, 1, 16, 16)
    left[..., :8] = 1
    config = replace(LONG, clamp=Clamp.NEVER)
    made = updates(config, strokes=Strokes(strokes.picture, left))
    moved, _ = made.optimised(latent)
    assert float(made.distance(moved).max()) < 0.1 * float(made.distance(latent).min())
    assert torch.equal(moved[..., 6:], latent[..., 6:])  # beyond the blur's reach
    assert not torch.allclose(moved[..., :4], latent[..., :4], atol=0.05)


def test_a_level_length_lets_rest_what_hardly_matters(updates, strokes, latent):
    """Adam moves a value by its rate however little it matters."""
    faint = torch.full((1, 1, 16, 16), 1e-4)
    faint[..., :8] = 1

    def moved(length):
        config = replace(LONG, updates=1, length=length, clamp=Clamp.NEVER)
        after, _ = updates(config, strokes=Strokes(strokes.picture, faint)).optimised(latent)
        return float((after - latent)[..., 6:].abs().max())

    assert moved(Length.ADAM) == pytest.approx(LONG.learning_rate, rel=0.05)
    assert moved(Length.LEVEL) < 0.01 * LONG.learning_rate


def test_the_look_of_photos_joins(updates, stroke_task, latent, normal):
    look = look_of(0.5 * normal(1, 4, 8, 8, seed=2) - 1.0)
    config = replace(LONG, stroke_weight=0.0, appearance_weight=1.0, tolerance=0.0)
    moved, _ = updates(config, replace(stroke_task, look=look)).optimised(latent)

    def apart(at):
        return NearestLook(look, at, 3, 0.0).around(at)(at).mean()

    assert apart(moved) < 0.3 * apart(latent)


def test_the_strokes_edges_are_followed(updates, stroke_task, latent):
    config = replace(LONG, stroke_weight=0.0, structure_weight=1.0)
    moved, _ = updates(config).optimised(latent)
    wanted = stroke_task.latent
    assert structure_loss(moved, wanted).max() < 0.5 * structure_loss(latent, wanted).min()


def test_a_batch_equals_its_pictures_one_by_one(updates, stroke_task, strokes, latent):
    both, _ = updates(replace(LONG, updates=5)).optimised(latent)
    for number in range(2):
        one = slice(number, number + 1)
        alone = updates(
            replace(LONG, updates=5),
            replace(stroke_task, latent=stroke_task.latent[one]),
            Strokes(strokes.picture[one]),
        )
        assert_close(alone.optimised(latent[one])[0], both[one], atol=1e-5, rtol=0)


def test_a_caller_may_stop_between_updates(updates, latent):
    class Cancelled(Exception):
        pass

    def cancel():
        raise Cancelled

    with pytest.raises(Cancelled):
        updates(on_update=cancel).optimised(latent)


def test_steps_begin_where_the_strength_says():
    assert UpdateConfig(strength=0.8).begins(50) == 9  # int(50 * 0.19999...), as released
    assert UpdateConfig(strength=1.0).begins(50) == 0
    assert UpdateConfig(strength=0.5).begins(50) == 25
