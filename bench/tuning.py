"""How a method's setting is chosen: one rule for all, on scenes that no result is taken from.

The score is a sum of three axes in one currency: 1 dB of distance to truth is worth as much as
0.1 of edge agreement with the source and as 0.025 of pooled colour distance to the target domain.
These are about the spans over which editing methods differ (each span holds four of its units), so
no axis can be ignored and none decides alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from .lab import Pair
from .method import Method, Setting
from .metrics import colour_distribution, distribution_distance, edge_agreement, psnr
from .scenes import POOL_SEEDS, rendered

TRUTH_UNIT, STRUCTURE_UNIT, COLOUR_UNIT = 1.0, 0.1, 0.025
RULE = (
    f"PSNR to truth / {TRUTH_UNIT:g} dB + edge agreement with the source / {STRUCTURE_UNIT:g} "
    f"- pooled colour distance to the target domain / {COLOUR_UNIT:g}"
)


@dataclass(frozen=True)
class Trial:
    """One setting and what it reached on the tuning scenes."""

    setting: Setting
    psnr: float
    edges: float
    colour: float

    @property
    def score(self) -> float:
        return self.psnr / TRUTH_UNIT + self.edges / STRUCTURE_UNIT - self.colour / COLOUR_UNIT


def trial(setting: Setting, results: Tensor, pair: Pair, seeds: Sequence[int]) -> Trial:
    """Judge one setting's pictures of the tuning scenes."""
    source, truth = rendered(seeds, pair.source), rendered(seeds, pair.target)
    pool = colour_distribution(rendered(POOL_SEEDS, pair.target)).mean(dim=0)
    pooled = colour_distribution(results).mean(dim=0)
    return Trial(
        setting,
        float(psnr(results, truth).mean()),
        float(edge_agreement(results, source).mean()),
        float(distribution_distance(pooled, pool)),
    )


def best(trials: Sequence[Trial]) -> Trial:
    """The trial of the highest score; the first of equals."""
    return max(trials, key=lambda one: one.score)


Chosen = Mapping[tuple[str, str], Setting]  # by (pair's name, method's name)


def needs_tuning(method: Method) -> bool:
    return len(method.settings) > 1
