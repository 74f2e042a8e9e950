"""Translators that need no training are ranked as they deserve, on real digits."""

import pytest
import torch

from bench.many_to_one.colours import Exam, ceiling, judged, probed
from bench.many_to_one.oracles import ORACLES, luminance, undone
from bench.many_to_one.probe import CHANCE, ProbeConfig
from translators.digits import Digits, digits

RIGHT, LUMINANCE, CONSTANT, LEAKING = (one.name for one in ORACLES)
BRIEF = ProbeConfig(steps=120, batch=32, width=12)


def thinned(data, every):
    return Digits(data.grey[::every], data.classes[::every])


@pytest.fixture(scope="module")
def exam():
    return Exam(thinned(digits(taught=False), 4), thinned(digits(taught=True), 8))


@pytest.fixture(scope="module")
def found(exam):
    return {one.name: judged(one, exam) for one in ORACLES}


def test_the_right_grey_is_nearer_than_luminance(found):
    assert found[RIGHT]["mse"] < 0.1 * found[LUMINANCE]["mse"]


def test_random_tints_reach_the_ceiling_and_a_constant_one_does_not(found, exam):
    best = ceiling(exam)
    assert found[RIGHT]["recall"] == pytest.approx(best["recall"], abs=0.1)
    for name, worse in {"recall": 0.3, "bins": 0.2, "coverage": 0.2}.items():
        assert found[CONSTANT][name] < worse * found[RIGHT][name]
    assert found[CONSTANT]["unique"] == 1 < found[RIGHT]["unique"]
    assert found[RIGHT]["frechet"] < 0.01 < found[CONSTANT]["frechet"]


def test_a_leak_that_nobody_sees_is_found_and_honest_greys_are_at_chance(found, exam):
    assert found[LEAKING]["mse"] < found[RIGHT]["mse"] + (1.5 / 255) ** 2
    leak, honest = (probed(ORACLES[place], exam, BRIEF) for place in (3, 0))
    assert leak > 0.6
    assert honest == pytest.approx(CHANCE, abs=0.12)


def test_colours_come_back_by_their_style_alone(found):
    assert found[RIGHT]["back"] < 0.05 < found[CONSTANT]["back"]
    assert found[RIGHT]["back_noisy"] == pytest.approx(found[RIGHT]["back"], abs=0.01)
    assert found[RIGHT]["betrayed"] < 0.1


def test_tints_are_free_of_the_digit(found):
    assert found[RIGHT]["class"] < 0.1
    assert found[RIGHT]["digit"] < 1e-3


def test_greys_are_what_they_say():
    picture = torch.tensor([0.2, 0.4, 0.0])[None, :, None, None].expand(1, 3, 2, 2).clone()
    picture[..., 1] /= 2
    assert undone(picture)[0, 0].tolist() == [[1.0, 0.5], [1.0, 0.5]]
    assert luminance(picture)[0, 0, 0, 0] == pytest.approx(0.299 * 0.2 + 0.587 * 0.4)
