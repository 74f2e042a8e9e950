import pytest
import torch

from s2st.explore.choice import Cell, ChoiceConfig, frontier, recommended
from s2st.explore.measures import Measured
from s2st.path.settings import PathSettings


def cell(structure, look, evaluations):
    return Cell(PathSettings(), Measured(structure, look), evaluations, 1.0)


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


def test_the_cheapest_that_is_nearly_as_good_is_recommended():
    cells = [cell(0.80, 0.95, 26), cell(0.79, 0.92, 13), cell(0.80, 0.60, 8)]
    assert recommended(cells) == 1


def test_a_look_that_costs_structure_is_not_recommended():
    assert recommended([cell(0.8, 0.8, 20), cell(0.5, 1.0, 10)]) == 0


def test_of_equally_cheap_cells_the_best_in_both_together_is_recommended():
    assert recommended([cell(0.80, 0.96, 13), cell(0.84, 0.95, 13)]) == 1


def test_without_any_slack_structure_decides():
    strict = ChoiceConfig(structure_slack=0.0, look_slack=0.0)
    assert recommended([cell(0.80, 0.9, 13), cell(0.81, 0.1, 99)], strict) == 1


def test_what_is_recommended_is_always_of_the_frontier():
    generator = torch.Generator().manual_seed(5)
    for _ in range(300):
        values = torch.rand(9, 2, generator=generator).mul(4).round().div(20).add(0.7).tolist()
        costs = torch.randint(1, 4, (9,), generator=generator).tolist()
        cells = [cell(*pair, cost) for pair, cost in zip(values, costs, strict=True)]
        assert recommended(cells) in frontier(cells)


def test_the_rule_says_its_slacks():
    rule = ChoiceConfig(structure_slack=0.02, look_slack=0.3).rule
    assert "within 0.02 of the best" in rule and "within 0.3 of the best" in rule


def test_nothing_to_choose_from_is_refused():
    with pytest.raises(ValueError, match="no cell to choose from"):
        recommended([])
