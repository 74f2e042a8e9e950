"""Which cells of a grid are worth choosing, and which one is recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..kit.settings import Settings, number
from ..path.settings import PathSettings
from .grid import VARIED
from .measures import Measured

# Both measures rise with the terms' own strength long after pictures stop getting better, so that
# they tell what is too little, and not which of two that are enough is nearer to the truth.
RULE = (
    "the first cell, if it keeps structure within {structure:g} of the best and reaches the look "
    "within {look:g} of the best that do; else the cheapest that does, and of these the one "
    "nearest to the first"
)


@dataclass(frozen=True)
class Cell:
    """Settings with what they came to."""

    settings: PathSettings
    measured: Measured
    evaluations: int  # of the model, for each picture
    seconds: float  # on the machine where it ran, for all pictures

    @property
    def goodness(self) -> tuple[float, float, int]:
        """Structure, look and cost; more of each is better."""
        return self.measured.structure, self.measured.look, -self.evaluations


@dataclass(frozen=True, kw_only=True)
class ChoiceConfig(Settings):
    structure_slack: float = number(
        0.05, 0.0, 1.0, "How much less edge agreement than the best is enough."
    )
    look_slack: float = number(0.05, 0.0, 1.0, "How much less of the look than the best is enough.")

    @property
    def rule(self) -> str:
        """The rule in one sentence."""
        return RULE.format(structure=self.structure_slack, look=self.look_slack)


@dataclass(frozen=True)
class Choice:
    """By the rule, or by a person who has looked: a cell's number on the sheet, from 1."""

    config: ChoiceConfig
    by_hand: int = 0

    def check(self, count: int) -> None:
        """Whether so many cells have the one that was chosen."""
        if not 0 <= self.by_hand <= count:
            raise ValueError(
                f"Cell {self.by_hand} is chosen, but the grid has cells 1 to {count}: choose one "
                f"of them, or 0 to leave it to the rule."
            )

    def of(self, cells: Sequence[Cell]) -> int:
        """Where the chosen cell stands; by the rule until the one of one's own is run."""
        if 1 <= self.by_hand <= len(cells):
            return self.by_hand - 1
        return recommended(cells, self.config)

    @property
    def title(self) -> str:
        if self.by_hand:
            return f"cell {self.by_hand} is chosen by hand."
        return f"chosen is {self.config.rule}."


def frontier(cells: Sequence[Cell]) -> list[int]:
    """Numbers of the cells than which no other is as good in everything and better in something."""
    return [
        number
        for number, one in enumerate(cells)
        if not any(_beats(other.goodness, one.goodness) for other in cells)
    ]


def recommended(cells: Sequence[Cell], config: ChoiceConfig | None = None) -> int:
    """The cell's number by the rule; the first is what is run without any exploring."""
    config = config or ChoiceConfig()
    if not cells:
        raise ValueError("There is no cell to choose from, but at least 1 is needed: run the grid.")
    best = max(one.measured.structure for one in cells)
    kept = [one for one in cells if one.measured.structure >= best - config.structure_slack]
    best = max(one.measured.look for one in kept)
    enough = [one for one in kept if one.measured.look >= best - config.look_slack]
    first = cells[0]
    if first in enough:
        return 0
    chosen = min(enough, key=lambda one: (one.evaluations, _changes(one.settings, first.settings)))
    return cells.index(chosen)


def _changes(one: PathSettings, other: PathSettings) -> int:
    """In how many settings the two differ."""
    return sum(getattr(one, name) != getattr(other, name) for name in VARIED)


def _beats(one: tuple[float, float, int], other: tuple[float, float, int]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
