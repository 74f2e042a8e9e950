"""A look: what the pictures of a target domain have in common, kept as distributions.

H_c^B of the paper is all of them as one distribution. Ours is the few references nearest to a
picture: a domain's mean distribution is no scene's own, and pulling every picture towards it costs
likeness to the truth. Within the spread that the domain's own pictures have, nothing is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ..model.checks import check_latent
from .distributions import (
    EPSILON,
    Distance,
    Ranked,
    cosine_distance,
    near_bins,
    quantiles_of,
    ranked,
    resampled,
    soft_histogram,
    wasserstein_distance,
)

QUANTILES = 1024  # kept of every reference
COMPARED = 256  # enough to tell which references are near
BINS = 64  # of each channel's histogram
AT_ONCE = 32  # references whose histograms are counted together
MARGIN = 0.25  # how far histograms reach beyond the references, in their own range


@dataclass(frozen=True)
class Look:
    """Every reference's own per-channel distribution, as quantile functions [M, C, K]."""

    quantiles: Tensor

    @property
    def channels(self) -> int:
        return self.quantiles.shape[1]

    def to(self, like: Tensor) -> Look:
        """On the device and in the precision of `like`."""
        return Look(self.quantiles.to(like))

    @property
    def pixels(self) -> Tensor:
        """[1, C, 1, M K]: all references' values, as one picture."""
        return rearrange(self.quantiles, "m c k -> 1 c 1 (m k)")

    def pooled(self, count: int) -> Tensor:
        """[1, C, count]: the quantile function of all references together."""
        return resampled(resampled(ranked(self.pixels).values, QUANTILES), count)

    def histogram(self, low: Tensor, high: Tensor) -> Tensor:
        """[1, C, BINS]: of all references' values, some references at a time."""
        some = rearrange(self.quantiles, "m c k -> m c 1 k").split(AT_ONCE)
        counted = sum(near_bins(one, low, high, BINS).sum(dim=(0, 2)) for one in some)
        assert isinstance(counted, Tensor)
        return (counted / counted.sum(dim=-1, keepdim=True).clamp_min(EPSILON))[None]

    def histograms(self, low: Tensor, high: Tensor) -> Tensor:
        """[M, C, BINS]: of each reference's own values."""
        some = rearrange(self.quantiles, "m c k -> m c 1 k").split(AT_ONCE)
        return torch.cat([soft_histogram(one, low, high, BINS) for one in some])

    def spread(self, count: int) -> Tensor:
        """[C]: how far a reference is from its own `count` nearest others; 0 for a single one."""
        known = resampled(self.quantiles, COMPARED)
        if len(known) == 1:
            return known.new_zeros(self.channels)
        apart = distances(known, known).fill_diagonal_(torch.inf)
        chosen = apart.topk(min(count, len(known) - 1), dim=1, largest=False).indices
        return wasserstein_distance(Ranked(known), known[chosen].mean(dim=1)).mean(dim=0)


def look_of(latents: Tensor) -> Look:
    """From M latents of the target domain [M, C, H, W]."""
    check_latent("The target domain's latents", latents)
    return Look(resampled(ranked(latents.detach()).values, QUANTILES))


class WholeLook:
    """H_c^B: how far each channel is from all references as one distribution."""

    def __init__(self, look: Look, latent: Tensor, distance: Distance, mask: Tensor | None) -> None:
        self._distance, self._mask = distance, mask
        look = look.to(latent)
        match distance:
            case Distance.HISTOGRAM:
                self._low, self._high = histogram_range(look.pixels, MARGIN)
                self._wanted = look.histogram(self._low, self._high)
            case Distance.WASSERSTEIN:
                self._wanted = look.pooled(latent[0, 0].numel() if mask is None else QUANTILES)
            case _:
                options = ", ".join(f"Distance.{one.name}" for one in Distance)
                raise ValueError(f"The distance is {distance!r}, but must be one of {options}.")

    def __call__(self, latent: Tensor) -> Tensor:
        """[B, C]."""
        if self._distance is Distance.WASSERSTEIN:
            return wasserstein_distance(ranked(latent, self._mask), self._wanted)
        own = soft_histogram(latent, self._low, self._high, BINS, self._mask)
        return cosine_distance(own, self._wanted)


class NearestLook:
    """How much further a channel is from the nearest references than these are from each other."""

    def __init__(
        self,
        look: Look,
        latent: Tensor,
        neighbours: int,
        tolerance: float,
        mask: Tensor | None = None,
    ) -> None:
        look = look.to(latent)
        self._mask, self._neighbours = mask, min(neighbours, len(look.quantiles))
        self._free = tolerance * look.spread(neighbours)
        self._compared = resampled(look.quantiles, COMPARED)
        count = latent[0, 0].numel() if mask is None else QUANTILES
        self._references = resampled(look.quantiles, count)

    def around(self, latent: Tensor) -> _Excess:
        """The distance, with the references that are nearest to `latent` now."""
        own = quantiles_of(ranked(latent, self._mask), COMPARED)
        apart = distances(own, self._compared)
        chosen = apart.topk(self._neighbours, dim=1, largest=False).indices
        return _Excess(self._references[chosen].mean(dim=1), self._free, self._mask)


@dataclass(frozen=True)
class _Excess:
    wanted: Tensor  # [B, C, K]
    free: Tensor  # [C], a distance that is left alone
    mask: Tensor | None

    def __call__(self, latent: Tensor) -> Tensor:
        """[B, C]."""
        apart = wasserstein_distance(ranked(latent, self.mask), self.wanted)
        return (apart - self.free).clamp_min(0)


def distances(one: Tensor, other: Tensor) -> Tensor:
    """[B, M]: mean distance of every quantile function of `one` to every one of `other`."""
    return torch.cdist(one.flatten(1), other.flatten(1), p=1) / one[0].numel()


def histogram_range(pixels: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Per channel, from lowest to highest value of [M, C, H, W], and a margin on both sides."""
    lowest, highest = torch.aminmax(rearrange(pixels, "m c h w -> c (m h w)"), dim=1)
    # A constant channel still needs bins of some width.
    span = (highest - lowest).clamp_min(1e-3 * (1 + lowest.abs()))
    return lowest - margin * span, highest + margin * span
