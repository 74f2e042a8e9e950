"""How much of a picture's structure a translation keeps, and how much of a look it reaches.

Both are measured on decoded pictures, without a truth. The method itself lowers its losses on
latents, so that a cell is not judged by the very number that it was told to lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from kornia.filters import spatial_gradient
from torch import Tensor

from ..look.look import NearestLook, look_of
from ..model.checks import check_same_latent_shape

BRIGHTNESS = (0.299, 0.587, 0.114)
NEIGHBOURS = 3  # of the nearest references that a picture is compared with
OWN_SPREAD = 0.5  # how much of the references' own spread counts as reached
NEAR = 0.01  # a source no further than this from a look has it already


@dataclass(frozen=True)
class Measured:
    """Both between 0 and 1 where all is well; higher is better."""

    structure: float  # edge agreement with the source
    look: float  # share of the way from the source to the references


class Judge:
    """Measures translations of some source pictures against references, [B, 3, H, W] in 0..1."""

    def __init__(self, source: Tensor, references: Tensor) -> None:
        self._source = source
        look = look_of(references)
        self._look = NearestLook(look, source, NEIGHBOURS, OWN_SPREAD)
        self._way = max(self._excess(source), NEAR)

    def __call__(self, pictures: Tensor) -> Measured:
        check_same_latent_shape("The result", pictures, "its source", self._source)
        reached = 1 - self._excess(pictures) / self._way
        return Measured(edge_agreement(pictures, self._source), reached)

    def _excess(self, pictures: Tensor) -> float:
        """How much further from the nearest references than these from each other."""
        return float(self._look.around(pictures)(pictures).mean())


def edge_agreement(one: Tensor, other: Tensor) -> float:
    """Cosine of two pictures' Sobel magnitudes, [B, 3, H, W]: 1 is the same edges."""
    first, second = _edges(one), _edges(other)
    return float(torch.nn.functional.cosine_similarity(first, second, dim=1).mean())


def _edges(picture: Tensor) -> Tensor:
    weights = torch.tensor(BRIGHTNESS).view(1, 3, 1, 1).to(picture)
    grey = (picture * weights).sum(dim=1, keepdim=True)
    return spatial_gradient(grey)[:, 0].square().sum(dim=1).sqrt().flatten(1)
