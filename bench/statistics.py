"""How sure a number is: intervals over scenes, paired differences, resampled sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

CONFIDENCE = 0.95
NORMAL = 1.959964  # the 97.5 % point of the normal distribution
FEW = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571}  # of Student's t, by degrees of freedom
RESAMPLES = 400


@dataclass(frozen=True)
class Interval:
    """A value and the 95 % interval around it."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def __neg__(self) -> Interval:
        return Interval(-self.value, -self.high, -self.low)


class Standing(str, Enum):
    """One against another: the interval of the difference lies above, below or around zero."""

    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t (Cornish-Fisher; within 0.1 % from 6 degrees on)."""
    if freedom < 1:
        raise ValueError(
            f"There are {freedom + 1} scenes, but an interval needs at least 2: ask for more."
        )
    if freedom in FEW:
        return FEW[freedom]
    z, n = NORMAL, freedom
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third


def mean_interval(values: Tensor) -> Interval:
    """The mean of one value per scene, with its Student interval."""
    values = values.double()
    mean = values.mean().item()
    margin = student(len(values) - 1) * values.std().item() / len(values) ** 0.5
    return Interval(mean, mean - margin, mean + margin)


def resampled_scenes(scenes: int, resamples: int = RESAMPLES, seed: int = 0) -> Tensor:
    """Indices [R, S] of scenes drawn with replacement; the same for all who ask."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(scenes, (resamples, scenes), generator=generator)


def resampled(measure: Callable[[Tensor], Tensor], scenes: int) -> Tensor:
    """A set's measure [1 + R] of indices [n, S]: first of the set itself, then of resamples."""
    itself = torch.arange(scenes)[None]
    return torch.cat([measure(itself), measure(resampled_scenes(scenes))])


def bootstrap_interval(values: Tensor) -> Interval:
    """The interval of values [1 + R] made by `resampled`.

    Percentiles, moved so that the resamples' mean falls on the value: a resample holds some scenes
    twice, so distances between sets come out a little larger in all of them.
    """
    value, resamples = values[0].item(), values[1:].double()
    tails = torch.tensor([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], dtype=torch.float64)
    low, high = (torch.quantile(resamples, tails) - resamples.mean()).tolist()
    return Interval(value, value + low, value + high)


def standing(advantage: Interval) -> Standing:
    """What an interval of advantages (positive is better) says."""
    if advantage.low > 0:
        return Standing.BETTER
    return Standing.WORSE if advantage.high < 0 else Standing.EQUAL
