"""Ways to hold words to regions: each does what it says where the answer is known."""

import pytest
import torch
from torch.testing import assert_close

from bench.lab import Pair, edited, make_case, open_lab
from bench.stroke_methods import PLUS
from bench.word_methods import Subject, Way, from_noise, over_strokes, things_of
from demo_world import LABELS, TUNING_SEEDS
from s2st import RegionConfig
from s2st.model.contract import Query

SIGMA = 4.0
THINGS = Subject.THINGS
WORDS = THINGS.text(*THINGS.phrases)
FREE, STRONG = RegionConfig(strength=0.0), RegionConfig(strength=3.0)


@pytest.fixture(scope="module")
def lab():
    return open_lab(steps=2, references=2)


def told(lab, model, text=WORDS, batch=1):
    x = SIGMA * torch.randn(batch, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    positive, negative = Query(x, lab.parts.encode_prompt(text)), Query(x, lab.prompt(""), True)
    return model.denoise_all([positive, negative], SIGMA)


def test_things_are_those_that_cover_enough():
    labels = torch.zeros(10, 10, dtype=torch.long)
    labels[:5] = LABELS.index("tree")
    labels[5, 0] = LABELS.index("car")
    assert list(things_of(labels)) == ["trees"]
    assert things_of(labels)["trees"].mean() == 0.5


def test_each_half_has_its_time_of_day():
    even, odd = Subject.TIMES.masks([2, 3])
    assert torch.equal(even["at night"], odd["on a sunny day"])
    assert even["at night"][:, :64].all() and not even["at night"][:, 64:].any()


def test_without_strength_words_are_as_free_as_ever(lab):
    mask = torch.zeros(128, 128)
    mask[:, :64] = 1
    plain, nought, strong = (
        told(lab, model)
        for model in (
            lab.parts.denoiser,
            Way.HELD.model(lab, THINGS, [{"trees": mask}], FREE),
            Way.HELD.model(lab, THINGS, [{"trees": mask}], STRONG),
        )
    )
    assert torch.equal(plain[0], nought[0])
    assert not torch.equal(plain[0], strong[0])
    assert_close(plain[1], strong[1], atol=1e-4, rtol=0)  # the negative prompt is nobody's region


@pytest.mark.parametrize("way", [Way.MIXED, Way.COUPLED])
def test_a_region_that_is_everything_is_its_own_prompt(lab, way):
    model = way.model(lab, THINGS, [{"trees": torch.ones(128, 128)}], FREE)
    alone = told(lab, lab.parts.denoiser, THINGS.text("trees"))
    for one, other in zip(told(lab, model), alone, strict=True):
        assert_close(one, other, atol=1e-4, rtol=0)


@pytest.mark.parametrize("way", [Way.HELD, Way.MIXED, Way.COUPLED])
def test_every_picture_has_its_own_regions(lab, way):
    left, right = torch.zeros(2, 128, 128)
    left[:, :64], right[:, 64:] = 1, 1
    both = told(lab, way.model(lab, THINGS, [{"trees": left}, {"trees": right}], STRONG), batch=2)[
        0
    ]
    same = told(lab, way.model(lab, THINGS, [{"trees": left}] * 2, STRONG), batch=2)[0]
    assert_close(both[0], same[0], atol=1e-4, rtol=0)
    assert (both[1] - same[1]).abs().max() > 1e-2


def test_predictions_are_mixed_where_their_masks_are(lab):
    mask = torch.zeros(128, 128)
    mask[:, :64] = 1
    mixed = told(lab, Way.MIXED.model(lab, THINGS, [{"trees": mask}], FREE))[0]
    street, trees = (
        told(lab, lab.parts.denoiser, text)[0] for text in (THINGS.text(), THINGS.text("trees"))
    )
    assert_close(mixed[..., :16], trees[..., :16], atol=1e-4, rtol=0)
    assert_close(mixed[..., 16:], street[..., 16:], atol=1e-4, rtol=0)


METHODS = [*[*from_noise(Subject.TIMES)][-3:], next(over_strokes(THINGS))]


@pytest.mark.parametrize("method", METHODS, ids=lambda one: one.name)
def test_every_way_paints_every_scene(lab, method):
    case = make_case(lab, Pair("day", "day"), tuple(TUNING_SEEDS[:2]))
    made = edited(method, case, method.settings[0])
    assert made.pictures.shape == case.source.shape
    updates = PLUS.updates * method.settings[0]["strokes"]  # the second of two steps is the last
    assert made.spent.gradients == pytest.approx(updates)
