"""What matching is asked for: the domains meet, a warp comes back, and like is matched with like.

The first two are the paper's; the others use what the renderer knows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..look.matching import likeness, warped

LEAST = 1e-4  # of a share that the logarithm sees
UNKNOWN = -1  # the place of a cell whose like is not known


@dataclass(frozen=True)
class Met:
    """Directions [B, h, w, F] of pictures and of the exemplar of each, as they match."""

    own: Tensor
    others: Tensor
    temperature: float

    def warp(self, values: Tensor) -> Tensor:
        """Values [B, C, h, w] of each exemplar, brought to its picture: R of the paper."""
        return self._each(self.own, self.others, values)

    def back(self, values: Tensor) -> Tensor:
        """Values of each picture, brought to its exemplar."""
        return self._each(self.others, self.own, values)

    def _each(self, to: Tensor, of: Tensor, values: Tensor) -> Tensor:
        parts = zip(to.split(1), of.split(1), values.split(1), strict=True)
        return torch.cat([warped(*one, self.temperature) for one in parts])


def domain_loss(own: Tensor, photo: Tensor) -> Tensor:
    """[B]: L1 between the features of a condition and of its photo."""
    return (own - photo).abs().flatten(1).mean(dim=1)


def cycle_loss(met: Met, warp: Tensor, exemplars: Tensor) -> Tensor:
    """[B]: L1 between exemplars and what comes back of their warp."""
    return (met.back(warp) - exemplars).abs().flatten(1).mean(dim=1)


def class_loss(brought: Tensor, own: Tensor, classes: Tensor) -> Tensor:
    """[B]: cross-entropy of a cell's shares of classes [B, K, h, w] and of those matched to it.

    What the exemplar, with shares `classes`, has nothing of is not asked for.
    """
    has = classes.amax(dim=(2, 3), keepdim=True) > 0.5
    wanted = own * has
    missed = -(wanted * brought.clamp_min(LEAST).log()).sum(dim=(1, 2, 3))
    return missed / wanted.sum(dim=(1, 2, 3)).clamp_min(1)


def place_loss(met: Met, places: Tensor) -> Tensor:
    """[B]: how unlikely the true places [B, h * w] are among all, where they are known."""
    return torch.stack([_place_loss(*one, met.temperature) for one in _flat(met, places)])


def _place_loss(own: Tensor, others: Tensor, places: Tensor, temperature: float) -> Tensor:
    known = (places != UNKNOWN).nonzero()[:, 0]
    if not len(known):
        return own.sum() * 0
    missed = [
        F.cross_entropy(alike / temperature, places[known][rows], reduction="sum")
        for rows, alike in likeness(own[known], others)
    ]
    return torch.stack(missed).sum() / len(known)


def _flat(met: Met, places: Tensor) -> zip[tuple[Tensor, Tensor, Tensor]]:
    return zip(met.own.flatten(1, 2), met.others.flatten(1, 2), places, strict=True)
