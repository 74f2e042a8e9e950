"""A few wishes in plain words, as settings of the path and of the detail that is brought back.

At 1, 1 and normal they are what the path's own config says, or a preset that is put in its place:

    guidance w        1 + strength (w - 1)     how firmly the words are followed
    lambda_a          strength lambda_a        how strongly the look is asked for
    matching          strength matching        how much of what matches is mixed in
    lambda_s          keep_structure^2 lambda_s
    drawn             drawn^keep_structure     share kept of what the source does not explain
    steps             fewer for a draft, more for the best
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..kit.settings import Settings, choice, number
from ..look.detail import DetailConfig
from ..model.schedule import USUAL_STEPS
from .settings import PathSettings

DRAFT_STEPS = 4
BEST_STEPS = USUAL_STEPS


class Quality(str, Enum):
    DRAFT = "draft"
    NORMAL = "normal"
    BEST = "best"


@dataclass(frozen=True, kw_only=True)
class RestyleConfig(Settings):
    """What somebody says who wants another picture and no list of settings."""

    strength: float = number(
        1.0,
        0.0,
        2.0,
        "How far the picture goes: 1 suits most, 2 follows words and look more firmly, 0 asks for "
        "no look and follows the words gently.",
    )
    keep_structure: float = number(
        1.0, 0.0, 2.0, "How firmly edges and fine detail stay: 1 suits most, 0 lets them go."
    )
    quality: Quality = choice(
        Quality.NORMAL,
        "draft is quick and rough; best takes many steps, which helps now and then.",
    )
    megapixels: float = number(
        1.0,
        0.01,
        64.0,
        "Larger pictures are worked on at so many and given back in their own size, with their "
        "own detail: 0.25 for Stable Diffusion 1.x, 0.56 for 2.1 at 768, 1 for XL.",
    )

    def settings(self, base: PathSettings) -> PathSettings:
        """Of the path, around those that suit the model."""
        strength = self.strength
        return replace(
            base,
            steps=self._steps(base.steps),
            guidance=_within("guidance", strength * base.guidance + (1 - strength)),
            appearance_weight=_within("appearance_weight", strength * base.appearance_weight),
            matching=_within("matching", strength * base.matching),
            structure_weight=_within(
                "structure_weight", self.keep_structure**2 * base.structure_weight
            ),
        )

    def detail(self, base: DetailConfig) -> DetailConfig:
        """Of the detail that is brought back from the source."""
        return replace(base, drawn=base.drawn**self.keep_structure)

    def _steps(self, normal: int) -> int:
        match self.quality:
            case Quality.DRAFT:
                return min(normal, DRAFT_STEPS)
            case Quality.NORMAL:
                return normal
            case Quality.BEST:
                return max(normal, BEST_STEPS)
            case _:
                raise AssertionError(self.quality)


def _within(name: str, value: float) -> float:
    """The setting, or the nearest that its limits allow."""
    low, high = PathSettings.limits(name).span
    return min(max(value, low), high)
