"""What a method of the comparison is: a name, the settings it may choose from, and how it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from .lab import Case, Meter

Setting = Mapping[str, float | int | str]
# (case, setting, meter) -> pictures [B, 3, H, W] in 0..1. The meter already runs; a method adds to
# it only what it takes from the case ready-made (the inversion).
Procedure = Callable[[Case, Setting, Meter], Tensor]


class Family(str, Enum):
    BOUND = "bound"  # not a method: what could be reached at best, or without doing anything
    RIVAL = "rival"
    OURS = "ours"


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """One line of the comparison."""

    name: str
    family: Family
    run: Procedure
    settings: Sequence[Setting] = ({},)  # candidates, the best of which is chosen on tuning scenes
    source: str = ""  # the paper, for the table


@dataclass(frozen=True)
class Edited:
    """What a method has made of a case, and what it cost."""

    pictures: Tensor
    spent: Meter


def edited(method: Method, case: Case, setting: Setting) -> Edited:
    """Run a method, metered."""
    extra = Meter()
    with case.lab.metered(case.batch) as meter:
        made = method.run(case, setting, extra)
    meter.add(extra)
    if made.shape != case.source.shape or not torch.isfinite(made).all():
        raise RuntimeError(f"{method.name} has made pictures of shape {tuple(made.shape)}, or NaN.")
    return Edited(made, meter)


def trajectory_of(case: Case, spent: Meter, refine: int = 0):
    """The case's inversion, charged once to the method that uses it, whoever has it made."""
    ready = case.is_inverted(refine)
    trajectory, cost = case.inverted(refine)
    if ready:
        spent.add(cost)
    return trajectory
