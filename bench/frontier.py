"""Claim 1 without any choice of settings: which of a rival's settings does the faithful S2ST beat?

On the tuning scenes, where every setting was tried. A setting is beaten if one of S2ST's own comes
at least as near to the target domain's colours and, beyond doubt, keeps more edges of the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .lab import Pair
from .statistics import Standing, mean_interval, standing
from .tuning import Choices, Trial
from .verdict import FAITHFUL


@dataclass(frozen=True)
class Beaten:
    """How many of a rival's settings are beaten on a pair."""

    pair: Pair
    rival: str
    settings: int
    beaten: int


def frontier(choices: Choices, rivals: Sequence[str]) -> list[Beaten]:
    """Every rival on every pair in which S2ST was tried as well."""
    return [
        Beaten(
            pair, name, len(choice.trials), beaten_by(choices[pair, FAITHFUL].trials, choice.trials)
        )
        for (pair, name), choice in choices.items()
        if name in rivals and choice.trials and (pair, FAITHFUL) in choices
    ]


def beaten_by(ours: Sequence[Trial], theirs: Sequence[Trial]) -> int:
    return sum(any(beats(mine, rival) for mine in ours) for rival in theirs)


def beats(mine: Trial, rival: Trial) -> bool:
    ahead = torch.tensor(mine.scene_edges) - torch.tensor(rival.scene_edges)
    keeps_more = standing(mean_interval(ahead)) is Standing.BETTER
    return keeps_more and mine.colour <= rival.colour
