from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest

from s2st import StructureForm
from s2st.explore.grid import AXES, MOST_CELLS, grid, label, varied
from s2st.path.settings import PathSettings


def test_the_default_grid_is_nine_cells_and_begins_with_the_defaults():
    cells = grid()
    assert cells[0] == PathSettings()
    assert len(cells) == len(set(cells)) == MOST_CELLS == 9


def test_thinning_lets_every_value_of_an_axis_meet_every_value_of_another():
    """But for learning rates, of which there are too few cells for all pairs with both others."""
    cells = grid()
    for one, other in combinations(AXES, 2):
        pairs = {(getattr(cell, one), getattr(cell, other)) for cell in cells}
        assert pairs == {(a, b) for a in AXES[one] for b in AXES[other]}


def test_three_axes_of_three_are_thinned_to_a_latin_square():
    cells = grid({**AXES, "learning_rate": (0.001, 0.003, 0.01)})
    assert len(cells) == 9
    for name in AXES:
        assert set(Counter(getattr(cell, name) for cell in cells).values()) == {3}


def test_a_grid_that_is_small_enough_is_whole():
    cells = grid({"steps": (5, 7), "structure_weight": (0.1, 0.2, 0.4)})
    assert len(cells) == 6
    assert cells[0] == PathSettings()


def test_a_base_beside_the_grid_comes_first():
    base = PathSettings(guidance=4.0)
    cells = grid({"steps": (5, 10)}, base)
    assert cells == [base, replace(base, steps=5), replace(base, steps=10)]


def test_only_what_differs_is_told():
    cells = grid({"steps": (5, 7), "structure": (StructureForm.SCALE_FREE, StructureForm.L1)})
    names = varied(cells)
    assert names == ("steps", "structure")
    assert label(cells[-1], names) == "steps 7, structure l1"
    assert label(cells[0], ()) == "the settings given"


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"step": (5, 7)}, "varies 'step', but only these can be varied: steps, guidance"),
        ({"noise_seed": (1, 2)}, "varies 'noise_seed', but only these"),
        ({"steps": ()}, "steps has no value, but at least 1"),
        ({"steps": (5, 5000)}, "steps is 5000, but must lie within 2 to 1000"),
    ],
)
def test_a_grid_that_cannot_be_is_refused_in_a_sentence(axes, words):
    with pytest.raises(ValueError, match=words):
        grid(axes)


def test_a_grid_of_no_cells_is_refused():
    with pytest.raises(ValueError, match="0 cells, but at least 1"):
        grid(most=0)
