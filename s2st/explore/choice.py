"""Which cells of a grid are worth choosing, and which one is recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..kit.settings import Settings, number
from ..path.settings import PathSettings
from .measures import Measured

RULE = (
    "of the cells that keep structure within {structure:g} of the best and reach the look within "
    "{look:g} of the best of those, the cheapest; of equally cheap ones, the best in both together"
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
        0.05, 0.0, 1.0, "Edge agreement that may be given up for the look."
    )
    look_slack: float = number(0.05, 0.0, 1.0, "Share of the look that may be given up for speed.")

    @property
    def rule(self) -> str:
        """The rule in one sentence."""
        return RULE.format(structure=self.structure_slack, look=self.look_slack)


def frontier(cells: Sequence[Cell]) -> list[int]:
    """Numbers of the cells than which no other is as good in everything and better in something."""
    return [
        number
        for number, one in enumerate(cells)
        if not any(_beats(other.goodness, one.goodness) for other in cells)
    ]


def recommended(cells: Sequence[Cell], config: ChoiceConfig | None = None) -> int:
    """The cell's number by the rule; it is always one of the frontier."""
    config = config or ChoiceConfig()
    if not cells:
        raise ValueError("There is no cell to choose from, but at least 1 is needed: run the grid.")
    best = max(one.measured.structure for one in cells)
    kept = [one for one in cells if one.measured.structure >= best - config.structure_slack]
    best = max(one.measured.look for one in kept)
    near = [one for one in kept if one.measured.look >= best - config.look_slack]
    chosen = min(near, key=lambda one: (one.evaluations, -one.measured.together))
    return next(number for number, one in enumerate(cells) if one is chosen)


def _beats(one: tuple[float, float, int], other: tuple[float, float, int]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
