"""The references nearest to a picture: an appearance target that fits one scene, not a domain.

A domain's mean distribution is no scene's own, and pulling every picture towards it costs likeness
to the truth. The few references that a picture already resembles ask for less, and within the
spread that the domain's own pictures have, nothing is asked for at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..model.checks import check_channels, check_latent
from .distributions import sorted_values, wasserstein_distance

QUANTILES = 1024  # kept of every reference
COMPARED = 256  # enough to tell which references are near


@dataclass(frozen=True)
class References:
    """Every reference's own per-channel distribution, as quantile functions [M, C, K]."""

    quantiles: Tensor

    @property
    def channels(self) -> int:
        return self.quantiles.shape[1]

    def to(self, like: Tensor) -> References:
        """On the device and in the precision of `like`."""
        return References(self.quantiles.to(like))

    def nearest(self, latent: Tensor, count: int) -> Tensor:
        """[B, C, H*W]: the mean sorted values of the `count` references nearest to each latent."""
        values = sorted_values(latent)
        apart = distances(read_at(values, COMPARED), read_at(self.quantiles, COMPARED))
        chosen = apart.topk(min(count, len(self.quantiles)), dim=1, largest=False).indices
        return read_at(self.quantiles, values.shape[-1])[chosen].mean(dim=1)

    def spread(self, count: int) -> Tensor:
        """[C]: how far a reference is from its own `count` nearest others; 0 for a single one."""
        known = read_at(self.quantiles, COMPARED)
        if len(known) == 1:
            return known.new_zeros(self.channels)
        apart = distances(known, known).fill_diagonal_(torch.inf)
        chosen = apart.topk(min(count, len(known) - 1), dim=1, largest=False).indices
        return wasserstein_distance(known, known[chosen].mean(dim=1)).mean(dim=0)


def references_of(latents: Tensor) -> References:
    """From M latents of the target domain [M, C, H, W]."""
    check_latent("The domain's latents", latents)
    return References(read_at(sorted_values(latents.detach()), QUANTILES))


def read_at(quantiles: Tensor, count: int) -> Tensor:
    """Quantile functions [M, C, K] read at `count` evenly spaced points."""
    return F.interpolate(quantiles, size=count, mode="linear", align_corners=False)


def distances(one: Tensor, other: Tensor) -> Tensor:
    """[B, M]: mean distance of every quantile function of `one` to every one of `other`."""
    return (one[:, None] - other).abs().mean(dim=(2, 3))


def check_references(references: References, latent: Tensor) -> None:
    check_channels("The target domain", references.channels, "the source latent", latent.shape[1])
