"""Per-channel distributions of latents, and the two distances between them.

A distribution is seen as a soft histogram (the paper) or as sorted values (bin-free).
"""

from __future__ import annotations

from enum import Enum

import torch
import torch.nn.functional as F
from einops import rearrange
from kornia.enhance import histogram
from torch import Tensor

EPSILON = 1e-12


class Distance(str, Enum):
    """How two per-channel distributions are compared."""

    HISTOGRAM = "histogram"  # 1 - cosine of soft histograms, the paper's
    WASSERSTEIN = "wasserstein"  # mean distance of sorted values, in latent units


def soft_histogram(latent: Tensor, low: Tensor, high: Tensor, bins: int) -> Tensor:
    """[B, C, bins]: each channel's pixels in Gaussian bins between low [C] and high [C]."""
    span = (high - low).clamp_min(EPSILON)
    scaled = (latent - low[:, None, None]) / span[:, None, None]
    centres = torch.linspace(0, 1, bins, dtype=latent.dtype, device=latent.device)
    bandwidth = torch.tensor(1 / bins, dtype=latent.dtype, device=latent.device)
    counted = histogram(rearrange(scaled, "b c h w -> (b c) (h w)"), centres, bandwidth)
    return rearrange(counted, "(b c) n -> b c n", b=latent.shape[0])


def sorted_values(latent: Tensor) -> Tensor:
    """[B, C, H*W]: each channel's pixels in rising order."""
    return rearrange(latent, "b c h w -> b c (h w)").sort(dim=-1).values


def resampled_quantiles(quantiles: Tensor, count: int) -> Tensor:
    """A quantile function [C, K] read at `count` evenly spaced mid-points."""
    return F.interpolate(quantiles[None], size=count, mode="linear", align_corners=False)[0]


def cosine_distance(one: Tensor, other: Tensor) -> Tensor:
    """1 - cos over the last axis, as half the squared chord: exactly 0 for equal directions."""
    return (unit(one) - unit(other)).square().sum(dim=-1) / 2


def unit(vector: Tensor) -> Tensor:
    """The vector at length 1; zero stays zero, with a finite gradient."""
    return vector / (vector.square().sum(dim=-1, keepdim=True) + EPSILON).sqrt()


def wasserstein_distance(values: Tensor, quantiles: Tensor) -> Tensor:
    """Mean absolute distance between sorted values and a quantile function of equal length."""
    return (values - quantiles).abs().mean(dim=-1)
