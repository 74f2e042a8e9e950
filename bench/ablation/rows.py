"""From the results of a study to the rows of its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..lab import Meter, Pair
from ..statistics import Interval, mean_interval
from .axes import AXES
from .cells import Result
from .studies import Cell, Study


@dataclass(frozen=True)
class Row:
    """One setting on one pair; draws of the same setting are averaged scene by scene."""

    pair: Pair
    labels: tuple[str, ...]
    values: dict[str, Tensor]  # axis -> [scenes]
    differences: dict[str, Interval]  # axis -> from the base, scene by scene, better is positive
    draws: int
    spent: Meter

    def interval(self, axis: str) -> Interval:
        return mean_interval(self.values[axis])


@dataclass(frozen=True)
class Everywhere(Pair):
    """All translations of a study in the place of one."""

    source: str = "any"
    target: str = "any"

    @property
    def name(self) -> str:
        return "mean of all"


def mean_results(results: Sequence[Result]) -> list[Result]:
    """Each cell's mean over the translations, scene by scene: all are of the same scenes."""
    groups: dict[Cell, list[Result]] = {}
    for result in results:
        groups.setdefault(result.cell, []).append(result)
    means = []
    for cell, group in groups.items():
        values = {name: draws.tolist() for name, draws in _averaged(group).items()}
        means.append(Result(Everywhere(), cell, values, _mean_cost(group)))
    return means


def rows_of(study: Study, results: Sequence[Result]) -> list[Row]:
    """The rows in the study's order, pair after pair."""
    groups: dict[tuple[Pair, tuple[str, ...]], list[Result]] = {}
    for result in results:
        groups.setdefault((result.pair, result.cell.labels), []).append(result)
    values = {key: _averaged(group) for key, group in groups.items()}
    rows = []
    for (pair, labels), group in groups.items():
        base = values[pair, study.base_of(group[0].cell)]
        own = values[pair, labels]
        gains = {axis.name: axis.better * (own[axis.name] - base[axis.name]) for axis in AXES}
        differences = {name: mean_interval(gain) for name, gain in gains.items()}
        rows.append(Row(pair, labels, own, differences, len(group), _mean_cost(group)))
    return rows


def loss_in_percent(row: Row, base: Row, axis: str) -> Interval:
    """How much of the base's value a row loses on an axis, paired by scene."""
    scale, gain = 100 / abs(base.interval(axis).value), row.differences[axis]
    return Interval(-gain.value * scale, -gain.high * scale, -gain.low * scale)


def _averaged(group: Sequence[Result]) -> dict[str, Tensor]:
    return {axis.name: _mean_draw([one.values[axis.name] for one in group]) for axis in AXES}


def _mean_draw(draws: Sequence[Sequence[float]]) -> Tensor:
    return torch.tensor(draws, dtype=torch.float64).mean(dim=0)


def _mean_cost(group: Sequence[Result]) -> Meter:
    count = len(group)
    return Meter(
        sum(result.spent.evaluations for result in group) / count,
        sum(result.spent.gradients for result in group) / count,
        sum(result.spent.seconds for result in group) / count,
    )
