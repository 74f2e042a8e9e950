"""How a method's setting is chosen: one rule for all, on scenes that no result is taken from.

The score is a sum of three axes in one currency: 1 dB of distance to truth is worth as much as
0.1 of edge agreement with the source and as 0.025 of pooled colour distance to the target domain.
These are about the spans over which editing methods differ (each span holds four of its units), so
no axis can be ignored and none decides alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from .axes import COLOUR, FRECHET, Axis
from .lab import Pair
from .method import Setting
from .metrics import colour_distribution, distribution_distance, edge_agreement, psnr
from .scenes import rendered
from .statistics import Standing, mean_interval, standing

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
    scene_edges: tuple[float, ...]  # with the source, one per scene
    colour: float
    frechet: float | None = None  # known once there is a judge

    @property
    def edges(self) -> float:
        return sum(self.scene_edges) / len(self.scene_edges)

    @property
    def score(self) -> float:
        return self.psnr / TRUTH_UNIT + self.edges / STRUCTURE_UNIT - self.colour / COLOUR_UNIT

    def appearance(self, axis: Axis) -> float | None:
        return {COLOUR.key: self.colour, FRECHET.key: self.frechet}[axis.key]

    def keeps_more(self, other: Trial) -> bool:
        """Whether it keeps more edges than another, beyond doubt."""
        ahead = torch.tensor(self.scene_edges) - torch.tensor(other.scene_edges)
        return standing(mean_interval(ahead)) is Standing.BETTER

    def __str__(self) -> str:
        setting = ", ".join(f"{name} {value}" for name, value in self.setting.items())
        return f"{self.edges:.2f} ({setting or 'its one setting'})"


def trial(
    setting: Setting, results: Tensor, pair: Pair, seeds: Sequence[int], pool: tuple[int, ...]
) -> Trial:
    """Judge one setting's pictures of the tuning scenes; `pool` shows the target domain."""
    source, truth = rendered(seeds, pair.source), rendered(seeds, pair.target)
    pooled = colour_distribution(results).mean(dim=0)
    return Trial(
        setting,
        float(psnr(results, truth).mean()),
        tuple(edge_agreement(results, source).tolist()),
        float(distribution_distance(pooled, domain_colours(pair.target, pool))),
    )


@cache
def domain_colours(domain: str, seeds: tuple[int, ...]) -> Tensor:
    """The pooled colours of a domain."""
    return colour_distribution(rendered(seeds, domain)).mean(dim=0)


def best(trials: Sequence[Trial]) -> Trial:
    """The trial of the highest score; the first of equals."""
    return max(trials, key=lambda one: one.score)
