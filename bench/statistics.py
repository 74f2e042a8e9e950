"""How sure a number is: intervals over scenes, paired differences, resampled sets."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

import torch
from scipy.stats import norm as normal
from scipy.stats import t as student
from torch import Tensor

CONFIDENCE = 0.95
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
RESAMPLES = 400


class Interval(NamedTuple):
    """A value and the 95 % interval around it."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def __neg__(self) -> Interval:
        return Interval(-self.value, -self.high, -self.low)

    def shown(self, digits: int) -> str:
        return f"{self.value:.{digits}f} ± {self.half_width:.{digits}f}"


class Standing(str, Enum):
    """One against another: the interval of the difference lies above, below or around zero."""

    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"


def standing(advantage: Interval) -> Standing:
    """What an interval of advantages (positive is better) says."""
    if advantage.low > 0:
        return Standing.BETTER
    return Standing.WORSE if advantage.high < 0 else Standing.EQUAL


def mean_interval(values: Tensor) -> Interval:
    """The mean of one value per scene, with its Student interval; NaN has no such value."""
    values = values[~values.isnan()]
    if len(values) < 2:
        raise ValueError(
            f"There are {len(values)} scenes, but an interval needs at least 2: ask for more."
        )
    mean, error = values.double().mean().item(), values.double().std().item() / len(values) ** 0.5
    margin = float(student.ppf(TAILS[1], len(values) - 1)) * error
    return Interval(mean, mean - margin, mean + margin)


def share_interval(hits: float, count: float) -> Interval:
    """A share of few things, with Wilson's interval, which neither 0 nor all of them empties."""
    if count == 0:
        return Interval(0.0, 0.0, 1.0)
    share, strength = hits / count, float(normal.ppf(TAILS[1])) ** 2 / count
    centre = (share + strength / 2) / (1 + strength)
    margin = (strength * (share * (1 - share) + strength / 4)) ** 0.5 / (1 + strength)
    return Interval(share, centre - margin, centre + margin)


def independent_difference(one: Interval, other: Interval) -> Interval:
    """one - other where nothing pairs them: wider than a paired interval would be."""
    value = one.value - other.value
    margin = (one.half_width**2 + other.half_width**2) ** 0.5
    return Interval(value, value - margin, value + margin)


def resampled(measure: Callable[[Tensor], Tensor], scenes: int) -> Tensor:
    """A set's measure [1 + R] of indices [n, S]: first of the set itself, then of resamples.

    The resamples are the same for all who ask, so that methods can be compared in pairs.
    """
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(scenes, (RESAMPLES, scenes), generator=generator)
    return torch.cat([measure(torch.arange(scenes)[None]), measure(drawn)])


def bootstrap_interval(values: Tensor) -> Interval:
    """The interval of values [1 + R] made by `resampled`.

    Percentiles, moved so that the resamples' mean falls on the value: a resample holds some scenes
    twice, so distances between sets come out a little larger in all of them.
    """
    value, resamples = values[0].item(), values[1:].double()
    tails = torch.tensor(TAILS, dtype=torch.float64)
    low, high = (torch.quantile(resamples, tails) - resamples.mean()).tolist()
    return Interval(value, value + low, value + high)
