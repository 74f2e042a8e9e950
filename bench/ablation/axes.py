"""The axes on which the ablation judges pictures; never one alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from torch import Tensor

from ..fingerprint import fingerprint
from ..lab import Case, Pair
from ..metrics import colour_distribution, distribution_distance, edge_agreement, psnr
from ..scenes import POOL_SEEDS, rendered


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One way to look at pictures, scene by scene."""

    name: str
    title: str
    digits: int
    better: int  # 1 if higher is better, -1 if lower
    measure: Callable[[Tensor, Case, Tensor], Tensor]  # (pictures, case, the domain's look) -> [B]


def truth(made: Tensor, case: Case, _: Tensor) -> Tensor:
    return psnr(made, case.truth)


def source_edges(made: Tensor, case: Case, _: Tensor) -> Tensor:
    return edge_agreement(made, case.source)


def truth_edges(made: Tensor, case: Case, _: Tensor) -> Tensor:
    return edge_agreement(made, case.truth)


def colour(made: Tensor, _: Case, look: Tensor) -> Tensor:
    return distribution_distance(colour_distribution(made), look)


AXES = (
    Axis(name="truth", title="PSNR to truth, dB", digits=2, better=1, measure=truth),
    Axis(
        name="source_edges", title="edges kept of source", digits=3, better=1, measure=source_edges
    ),
    Axis(name="truth_edges", title="edges like truth", digits=3, better=1, measure=truth_edges),
    Axis(name="colour", title="colours from domain", digits=4, better=-1, measure=colour),
)


def look_of(pair: Pair) -> Tensor:
    """The target domain's mean colour distribution, of pictures that no method has seen."""
    return colour_distribution(rendered(POOL_SEEDS, pair.target)).mean(dim=0)


def measured(made: Tensor, case: Case, look: Tensor) -> dict[str, list[float]]:
    """Every axis, scene by scene."""
    return {axis.name: axis.measure(made, case, look).tolist() for axis in AXES}


@cache
def edition() -> str:
    """Changes whenever the way of measuring does."""
    return fingerprint(measured, look_of)
