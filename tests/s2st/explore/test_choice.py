import pytest

from s2st.explore.choice import Cell, Choice, ChoiceConfig, frontier, recommended
from s2st.explore.measures import Measured
from s2st.path.settings import PathSettings


def cell(structure, look, evaluations, **settings):
    return Cell(PathSettings(**settings), Measured(structure, look), evaluations, 1.0)


def test_the_frontier_is_what_nothing_beats():
    cells = [
        cell(0.8, 0.8, 20),
        cell(0.7, 0.7, 20),  # beaten by the first in both measures
        cell(0.7, 0.9, 20),
        cell(0.8, 0.8, 30),  # beaten by the first in cost
        cell(0.1, 0.1, 10),  # the cheapest
    ]
    assert frontier(cells) == [0, 2, 4]


def test_equal_cells_are_all_of_the_frontier():
    assert frontier([cell(0.8, 0.8, 20)] * 2) == [0, 1]


def test_the_first_stays_as_long_as_it_is_good_enough():
    assert recommended([cell(0.76, 0.91, 26), cell(0.8, 0.95, 20), cell(0.79, 0.94, 13)]) == 0


@pytest.mark.parametrize("first", [(0.70, 0.95), (0.80, 0.70)], ids=["structure", "look"])
def test_where_the_first_is_not_enough_the_cheapest_that_is_comes_instead(first):
    others = [cell(0.80, 0.95, 26), cell(0.79, 0.92, 13), cell(0.80, 0.60, 8)]
    assert recommended([cell(*first, 20), *others]) == 2


def test_a_look_that_costs_structure_is_not_recommended():
    assert recommended([cell(0.8, 0.5, 20), cell(0.5, 1.0, 10), cell(0.8, 0.8, 20)]) == 2


def test_of_equally_cheap_cells_the_nearest_to_the_first_is_recommended():
    """However strong its measures are: the first has too little, not the others more."""
    cells = [
        cell(0.80, 0.50, 13),
        cell(0.84, 0.99, 13, guidance=5.0, learning_rate=0.03),
        cell(0.80, 0.95, 13, learning_rate=0.01),
    ]
    assert recommended(cells) == 2


def test_without_any_slack_structure_decides():
    strict = ChoiceConfig(structure_slack=0.0, look_slack=0.0)
    assert recommended([cell(0.80, 0.9, 13), cell(0.81, 0.1, 99)], strict) == 1


def test_a_person_may_choose_and_as_long_as_that_cell_is_not_run_the_rule_does():
    cells = [cell(0.8, 0.9, 13), cell(0.5, 0.5, 20)]
    assert Choice(ChoiceConfig(), 2).of(cells) == 1
    assert Choice(ChoiceConfig(), 2).of(cells[:1]) == 0
    assert Choice(ChoiceConfig()).of(cells) == 0
    assert "cell 2 is chosen by hand" in Choice(ChoiceConfig(), 2).title


@pytest.mark.parametrize("number", [-1, 3])
def test_a_cell_that_is_not_there_cannot_be_chosen(number):
    with pytest.raises(ValueError, match=f"Cell {number} is chosen, but the grid has cells 1 to 2"):
        Choice(ChoiceConfig(), number).check(2)


def test_the_rule_says_its_slacks():
    rule = ChoiceConfig(structure_slack=0.02, look_slack=0.3).rule
    assert "within 0.02 of the best" in rule and "within 0.3 of the best" in rule


def test_nothing_to_choose_from_is_refused():
    with pytest.raises(ValueError, match="no cell to choose from"):
        recommended([])
