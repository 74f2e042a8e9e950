"""Drawing a clean estimate to what matches it in the exemplars, again while it forms (MIDMs).

What is coarse is taken from the places of the exemplars that the features find, what is fine stays
the picture's own. As noise goes, the estimate tells more of what is where than the source did, so
that exemplars may be matched and warped anew before chosen steps (Seo et al., arXiv 2209.11047).
"""

from __future__ import annotations

from dataclasses import dataclass

from kornia.filters import gaussian_blur2d
from torch import Tensor

from ..kit.settings import number
from .exemplars import MatchConfig, Matcher, Warp

EPSILON = 1e-6
REACH = 3.0  # deviations at which a blur ends


@dataclass(frozen=True, kw_only=True)
class DrawnConfig(MatchConfig):
    matching: float = number(
        0.3, 0.0, 1.0, "How much of what matches in the exemplars is mixed in; 0 leaves it out."
    )
    grain: float = number(
        1.0,
        0.0,
        64.0,
        "What is finer than this many latent pixels stays the picture's own; 0 takes all of the "
        "exemplars.",
    )
    matched_until: float = number(
        0.3, 0.0, 1.0, "Fraction of the run in which it is mixed in; the rest is left to the model."
    )
    rematches: int = number(
        0, 0, 100, "How many steps after the first match again, with the picture as it is then."
    )


class Drawn:
    """Draws clean estimates to the exemplars, step by step."""

    def __init__(self, matcher: Matcher, source: Tensor, config: DrawnConfig) -> None:
        self._matcher, self._config = matcher, config
        self.warp = matcher.warp(source, config)

    def __call__(self, step: int, steps: int, clean: Tensor) -> Tensor:
        """The estimate of a step, counted from 0, of so many."""
        if step >= self._config.matched_until * steps:
            return clean
        if 0 < step <= self._config.rematches:
            self.warp = self._matcher.warp(clean, self._config)
        return mixed(clean, self.warp, self._config)


def mixed(clean: Tensor, warp: Warp, config: DrawnConfig) -> Tensor:
    """The warped exemplars where they are trusted, the estimate elsewhere and in what is finer."""
    return clean + config.matching * warp.confidence * coarse(warp, clean, config.grain)


def coarse(warp: Warp, clean: Tensor, grain: float) -> Tensor:
    """What leads from the estimate to the warp, blurred over the places that are trusted."""
    apart = warp.latent - clean
    if not grain:
        return apart
    spread = blurred(warp.confidence, grain).clamp_min(EPSILON)
    return blurred(warp.confidence * apart, grain) / spread


def blurred(values: Tensor, deviation: float) -> Tensor:
    """A Gaussian blur, mirrored at the edges; no wider than the picture allows."""
    sides = values.shape[-2:]
    height, width = (2 * min(round(REACH * deviation), side - 1) + 1 for side in sides)
    return gaussian_blur2d(values, (height, width), (deviation, deviation), border_type="reflect")


def matchings(config: DrawnConfig, steps: int) -> int:
    """How often a run of so many steps matches: evaluations of one picture each."""
    last = config.matched_until * steps
    again = sum(step < last for step in range(1, min(config.rematches, steps - 1) + 1))
    return (1 + again) if config.matching else 0
