import numpy as np
import pytest
import torch

from s2st.explore.choice import Cell
from s2st.explore.measures import Measured
from s2st.explore.sheet import FRAMES, HEIGHT, Tile, cell_tiles, draw
from s2st.path.settings import PathSettings

RED = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 32, 48)


def cell(structure, look, steps):
    settings = PathSettings(steps=steps)
    return Cell(settings, Measured(structure, look), settings.evaluations, 1.0)


@pytest.fixture
def done():
    """The default is beaten in both measures; the shortest path is nearly as good as the best."""
    cells = [cell(0.7, 0.6, 20), cell(0.79, 0.94, 5), cell(0.8, 0.95, 10)]
    return [(one, RED) for one in cells]


def count(sheet, colour):
    return int((np.asarray(sheet) == np.array(colour)).all(axis=-1).sum())


def test_cells_say_settings_measures_cost_and_mark(done):
    lines = [tile.lines for tile in cell_tiles(done, ("steps",), best=1)]
    assert lines[0] == ["1: steps 20", "structure 0.700   look 0.600", "48 evaluations"]
    assert lines[1][2] == "15 evaluations   CHOSEN"
    assert lines[2][2] == "26 evaluations   on the frontier"


def test_the_frames_show_the_choice_and_the_frontier(done):
    tiles = cell_tiles(done, ("steps",), best=1)
    marks = ["", "CHOSEN", "on the frontier"]
    assert [tile.frame for tile in tiles] == [FRAMES[one] for one in marks]
    sheet = draw("title", tiles)
    assert min(count(sheet, one) for one in FRAMES.values()) > 2000


def test_pictures_are_shown_whole_and_two_beside_each_other():
    one = count(draw("", [Tile(RED, ["one"])]), (255, 0, 0))
    three = count(draw("", [Tile(RED.repeat(3, 1, 1, 1), ["three"])]), (255, 0, 0))
    assert one == HEIGHT * (HEIGHT * 48 // 32)
    assert three == pytest.approx(2 * one, rel=0.01)


def test_long_words_and_wide_pictures_stay_on_the_sheet():
    wide = RED.repeat(1, 1, 1, 40)
    sheet = draw("t" * 300, [Tile(wide, ["word " * 60])])
    right = np.asarray(sheet)[:, -3:]
    assert (right == right[0, 0]).all()


def test_five_tiles_take_two_rows():
    tile = Tile(RED, ["one"])
    assert draw("", [tile] * 5).height > 1.8 * draw("", [tile] * 4).height
    assert draw("", [tile] * 5).width == draw("", [tile] * 4).width
