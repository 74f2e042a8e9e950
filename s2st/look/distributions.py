"""Per-channel distributions of latents, and the two distances between them.

A distribution is seen as a soft histogram (the paper) or as sorted values (bin-free). A mask, where
there is one, says how much each pixel counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

EPSILON = 1e-12


class Distance(str, Enum):
    """How two per-channel distributions are compared."""

    HISTOGRAM = "histogram"  # 1 - cosine of soft histograms, the paper's
    WASSERSTEIN = "wasserstein"  # mean distance of sorted values, in latent units


@dataclass(frozen=True)
class Ranked:
    """Each channel's pixels in rising order; where pixels count unevenly, their shares too."""

    values: Tensor  # [B, C, N]
    shares: Tensor | None = None  # [B, C, N], each summing to 1; None is 1 / N each

    @property
    def count(self) -> int:
        return self.values.shape[-1]

    @property
    def places(self) -> Tensor | None:
        """The quantile in 0..1 at which each value stands; None is (n + 1/2) / N."""
        return None if self.shares is None else self.shares.cumsum(-1) - self.shares / 2


def ranked(latent: Tensor, mask: Tensor | None = None) -> Ranked:
    """Every channel's pixels [B, C, H, W], as far as the mask [1 or B, 1, H, W] counts them."""
    values, order = rearrange(latent, "b c h w -> b c (h w)").sort(dim=-1)
    if mask is None:
        return Ranked(values)
    counted = mask.to(latent).expand_as(latent).flatten(2).gather(-1, order)
    return Ranked(values, counted / counted.sum(-1, keepdim=True).clamp_min(EPSILON))


def resampled(quantiles: Tensor, count: int) -> Tensor:
    """Quantile functions [M, C, K] read at `count` evenly spaced mid-points."""
    if quantiles.shape[-1] == count:
        return quantiles
    return F.interpolate(quantiles, size=count, mode="linear", align_corners=False)


def read_at(quantiles: Tensor, places: Tensor) -> Tensor:
    """Quantile functions [B, C, K] read at quantiles [B, C, N] in 0..1."""
    last = quantiles.shape[-1] - 1
    where = (places * quantiles.shape[-1] - 0.5).clamp(0, last)
    below = where.long().clamp(max=max(last - 1, 0))
    above = (below + 1).clamp(max=last)
    return torch.lerp(quantiles.gather(-1, below), quantiles.gather(-1, above), where - below)


def quantiles_of(pixels: Ranked, count: int) -> Tensor:
    """[B, C, count]: the quantile function of ranked pixels at evenly spaced mid-points."""
    if pixels.places is None:
        return resampled(pixels.values, count)
    places, last = pixels.places, pixels.count - 1
    wanted = (torch.arange(count).to(places) + 0.5) / count
    wanted = wanted.expand(*places.shape[:2], count).contiguous()
    above = torch.searchsorted(places.contiguous(), wanted).clamp(1, max(last, 1))
    low, high = places.gather(-1, above - 1), places.gather(-1, above.clamp(max=last))
    share = ((wanted - low) / (high - low).clamp_min(EPSILON)).clamp(0, 1)
    values = pixels.values
    return torch.lerp(values.gather(-1, above - 1), values.gather(-1, above.clamp(max=last)), share)


def wasserstein_distance(pixels: Ranked, quantiles: Tensor) -> Tensor:
    """[B, C]: mean absolute distance between ranked pixels and quantile functions [1 or B, C, K].

    Where the pixels count alike, the functions must have been `resampled` to their number.
    """
    shares, places = pixels.shares, pixels.places
    if shares is None or places is None:
        return (pixels.values - quantiles).abs().mean(dim=-1)
    wanted = read_at(quantiles.expand(len(pixels.values), -1, -1), places)
    return ((pixels.values - wanted).abs() * shares).sum(dim=-1)


def soft_histogram(
    latent: Tensor, low: Tensor, high: Tensor, bins: int, mask: Tensor | None = None
) -> Tensor:
    """[B, C, bins]: each channel's pixels in Gaussian bins between low [C] and high [C], sum 1."""
    near = near_bins(latent, low, high, bins)
    if mask is not None:
        near = near * rearrange(mask.to(latent), "b 1 h w -> b 1 (h w) 1")
    counted = near.sum(dim=2)
    return counted / counted.sum(dim=-1, keepdim=True).clamp_min(EPSILON)


def near_bins(latent: Tensor, low: Tensor, high: Tensor, bins: int) -> Tensor:
    """[B, C, N, bins]: how near each pixel is to each of the Gaussian bins of its channel."""
    span = (high - low).clamp_min(EPSILON)
    scaled = rearrange(latent - low[:, None, None], "b c h w -> b c (h w) 1") / span[:, None, None]
    centres = torch.linspace(0, 1, bins, dtype=latent.dtype, device=latent.device)
    return torch.exp(-0.5 * ((scaled - centres) * bins).square())


def cosine_distance(one: Tensor, other: Tensor) -> Tensor:
    """1 - cos over the last axis, as half the squared chord: exactly 0 for equal directions."""
    return (unit(one) - unit(other)).square().sum(dim=-1) / 2


def unit(vector: Tensor) -> Tensor:
    """The vector at length 1; zero stays zero, with a finite gradient."""
    return vector / (vector.square().sum(dim=-1, keepdim=True) + EPSILON).sqrt()
