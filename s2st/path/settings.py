"""Everything that a run of the difference path is set by, in one value that can be kept."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..kit.settings import choice, number
from ..look.drawn import matchings
from ..model.guidance import MAX_GUIDANCE, MIN_GUIDANCE
from ..model.schedule import MAX_STEPS, MIN_STEPS, Schedule, Spacing, make_schedule
from .difference_path import DEFAULT_GUIDANCE, DEFAULT_STEPS, DifferenceConfig

BRANCHES = 2  # evaluations of a step: source and target prompt; guidance adds one


@dataclass(frozen=True, kw_only=True)
class PathSettings(DifferenceConfig):
    """The path's config with its steps and its guidance."""

    steps: int = number(
        DEFAULT_STEPS, MIN_STEPS, MAX_STEPS, "Steps along the path; 4 make a draft."
    )
    spacing: Spacing = choice(
        Spacing.TRAILING, "Which of the model's timesteps are visited (names as in diffusers)."
    )
    guidance: float = number(
        DEFAULT_GUIDANCE, MIN_GUIDANCE, MAX_GUIDANCE, "How firmly the target prompt is followed."
    )

    def schedule(self, sigma_table: Tensor) -> Schedule:
        """The noise levels for a model's table."""
        return make_schedule(sigma_table, self.steps, self.spacing)

    @property
    def evaluations(self) -> int:
        """What the whole path asks of the model."""
        return expected_evaluations(self, self.guidance, self.steps)


def expected_evaluations(
    config: DifferenceConfig, scale: float, steps: int, matched: bool = False
) -> int:
    """Model evaluations of a whole path at a guidance scale; `matched` where there are exemplars,
    whose own features are not counted.
    """
    guided = [scale != 1.0 and config.guides(index, steps) for index in range(steps)]
    matchings_asked = matchings(config, steps) if matched else 0
    return matchings_asked + sum(
        config.draws(index) * (BRANCHES + one) for index, one in enumerate(guided)
    )
