"""From the results of a study to the rows of its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from ..lab import Meter, Pair
from .axes import AXES
from .cells import Result
from .studies import Study


@dataclass(frozen=True)
class Interval:
    """A mean and half its 95 % confidence interval; half is NaN for a single scene."""

    mean: float
    half: float

    @property
    def excludes_zero(self) -> bool:
        return abs(self.mean) > self.half


@dataclass(frozen=True)
class Row:
    """One setting on one pair; draws of the same setting are averaged scene by scene."""

    pair: Pair
    labels: tuple[str, ...]
    values: dict[str, np.ndarray]  # axis -> [scenes]
    differences: dict[str, Interval]  # axis -> from the base, scene by scene, better is positive
    draws: int
    spent: Meter

    def interval(self, axis: str) -> Interval:
        return interval(self.values[axis])


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
        differences = {name: interval(gain) for name, gain in gains.items()}
        rows.append(Row(pair, labels, own, differences, len(group), _mean_cost(group)))
    return rows


def interval(values: np.ndarray) -> Interval:
    """The mean of independent values, with Student's 95 % interval."""
    count = len(values)
    if count < 2:
        return Interval(float(values.mean()), float("nan"))
    error = float(values.std(ddof=1)) / count**0.5
    return Interval(float(values.mean()), float(t.ppf(0.975, count - 1)) * error)


def loss_in_percent(row: Row, base: Row, axis: str) -> Interval:
    """How much of the base's value a row loses on an axis, paired by scene."""
    scale = 100 / abs(base.interval(axis).mean)
    difference = row.differences[axis]
    return Interval(-difference.mean * scale, difference.half * scale)


def _averaged(group: Sequence[Result]) -> dict[str, np.ndarray]:
    return {
        axis.name: np.mean([result.values[axis.name] for result in group], axis=0) for axis in AXES
    }


def _mean_cost(group: Sequence[Result]) -> Meter:
    count = len(group)
    return Meter(
        sum(result.spent.evaluations for result in group) / count,
        sum(result.spent.gradients for result in group) / count,
        sum(result.spent.seconds for result in group) / count,
    )
