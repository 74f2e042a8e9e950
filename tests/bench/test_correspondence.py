import numpy as np
import pytest
import torch
from torch.testing import assert_close

from bench.correspondence import (
    CELLS,
    HEADS,
    errors,
    found_again,
    measured,
    moved,
    of_nothing,
    of_position,
    row_of,
    sights,
)
from bench.lab import open_lab
from demo_world import TUNING_SEEDS, scene
from demo_world.geometry import rasterise
from s2st.look.matching import Matches

SEED = TUNING_SEEDS[0]


@pytest.fixture(scope="module")
def sight():
    return sights([SEED], ("day", "night"), mirrored=False)[0]


def test_a_scene_finds_itself_where_it_is():
    canvas = rasterise(scene(SEED), CELLS, 1)
    rows, columns, known = found_again(canvas, canvas)
    middles = np.arange(CELLS) + 0.5
    assert np.abs(rows - middles[:, None])[known].max() < 1e-3
    assert np.abs(columns - middles[None])[known].max() < 1e-3
    sky = np.array([one.label == 0 for one in canvas.surfaces])[canvas.index]
    assert (known == ~sky).all()


def test_a_mirror_shows_every_place_on_the_other_side():
    (sight,) = sights([SEED], ("day", "day"), mirrored=True)
    middles = torch.arange(CELLS) + 0.5
    assert_close(
        sight.columns[sight.known],
        (CELLS - middles).expand(CELLS, -1)[sight.known],
        atol=1e-3,
        rtol=0,
    )
    assert torch.equal(sight.others, sight.labels.flip(-1))


def test_true_places_are_rightly_matched_and_labelled(sight):
    places = sight.places
    back = torch.zeros(CELLS * CELLS, dtype=torch.long).scatter(
        0, places, torch.arange(len(places))
    )
    found = Matches(places, torch.ones(len(places)), back)
    known = sight.known.flatten()
    assert float(errors(found, sight)[known].max()) <= 0.5**0.5 + 1e-4
    values = dict(zip(HEADS[1:], measured(found, sight, 0.1), strict=True))
    assert values["PCK 1"] == values["PCK 2"] == values["PCK 4"] == 1
    assert values["wrong side"] < 0.05
    same = sight.others.flatten()[places] == sight.labels.flatten()
    assert bool(same[known].all())


def test_a_moved_camera_sees_the_same_things_elsewhere(sight):
    rows = torch.arange(CELLS)[:, None] + 0.5
    shifted = (sight.rows - rows).abs()[sight.known]
    assert 0.3 < float(sight.known.float().mean()) < 1
    assert float(shifted.max()) > 0.5
    assert moved(SEED, np.random.default_rng(1)).camera != scene(SEED).camera


def test_position_knows_places_and_chance_knows_nothing(sight):
    lab = open_lab()
    position = row_of("position", of_position, lab, [sight], 0.1)
    chance = row_of("chance", of_nothing, lab, [sight], 0.1)
    assert len(position) == len(chance) == len(HEADS)
    assert float(chance[3].strip("%")) < 20 < float(position[3].strip("%"))
