from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from demo_world import LABELS
from s2st.exemplar.losses import UNKNOWN
from s2st.exemplar.networks import Plan
from s2st.exemplar.sampling import SceneConfig
from translators.exemplar.config import SMOKE
from translators.exemplar.lessons import HIGHEST, LOWEST, SKY, drawn_lesson
from translators.scenes import LABEL_MAP

PLAN = Plan(legend=LABEL_MAP.legend, design=SMOKE.design)


@pytest.fixture
def drawn(bands):
    def draw(seed=0, **changes):
        training = replace(SMOKE, batch=32, **changes)
        return drawn_lesson(bands, PLAN, training, torch.Generator().manual_seed(seed))

    return draw


def horizons(classes):
    """Rows of sky of each picture."""
    return (classes[:, LABELS.index("sky")] > 0.5).sum(dim=1)[:, 0]


def test_the_same_step_draws_the_same_lesson(drawn):
    one, again, other = drawn(1), drawn(1), drawn(2)
    assert torch.equal(one.noise, again.noise) and torch.equal(one.exemplars, again.exemplars)
    assert not torch.equal(one.noise, other.noise)


def test_another_scene_in_the_same_look_is_the_exemplar(drawn):
    lesson = drawn(real=1.0)
    assert (lesson.places == UNKNOWN).all()
    own, other = horizons(lesson.shown) // 4, horizons(lesson.classes)
    assert (own != other).all()
    look, shown = (one[:, :, -1].mean(dim=2) for one in (lesson.truth, lesson.exemplars))
    assert (look - shown).abs().mean() < 0.1  # the road's colour


def test_the_photo_itself_is_moved_and_its_places_are_known_but_in_the_sky(drawn):
    lesson = drawn(real=0.0)
    known = lesson.places != UNKNOWN
    cells = torch.nn.functional.avg_pool2d(lesson.shown, 4)
    assert torch.equal(known, (cells[:, SKY] < 0.5).flatten(1))
    truth, moved = lesson.truth.flatten(2), lesson.exemplars.flatten(2)
    for one, other, places, there in zip(truth, moved, lesson.places, known, strict=True):
        assert torch.equal(other[:, places[there]], one[:, there])
    assert (lesson.places[known] != torch.arange(64).expand(32, -1)[known]).any()


def test_noise_is_on_the_warp_only_where_sampling_has_it(drawn):
    lesson = drawn(given=0.0)
    sigmas, begun = SceneConfig().sigmas, lesson.begun > 0
    assert 0 < begun.sum() < 32
    assert torch.equal(lesson.given, lesson.begun)
    on_warp = lesson.sigma[begun]
    assert on_warp.min() >= sigmas[-1] - 1e-6 and on_warp.max() <= sigmas[0] + 1e-6
    assert lesson.sigma.min() >= LOWEST and lesson.sigma.max() <= HIGHEST
    assert lesson.sigma[~begun].min() < sigmas[-1]
    assert drawn(given=1.0).given.all()


def test_classes_are_shares_of_cells(drawn):
    lesson = drawn()
    assert lesson.shown.shape == (32, len(LABELS), 32, 32)
    assert_close(lesson.classes.sum(dim=1), torch.ones(32, 8, 8))
