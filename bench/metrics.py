"""How far a result is from truth, source and domain: one value per scene, never a batch's mean.

Pictures are [B, 3, H, W] in 0..1. Distributions are exact for pictures of 8 bits a channel: a
cumulative histogram over the 256 levels, whose mean distance is the mean distance of sorted values.
"""

from __future__ import annotations

import numpy as np
import torch
from kornia.filters import spatial_gradient
from kornia.metrics import ssim as kornia_ssim
from scipy import ndimage
from torch import Tensor

BRIGHTNESS = (0.299, 0.587, 0.114)
LEVELS = 256
SLOPE_LEVELS = 1024
SSIM_WINDOW = 11
LEAST_PATCH = 16  # pixels


def psnr(results: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, [B]."""
    error = (results - truth).square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return -10 * error.log10()


def ssim(results: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004), kornia's, [B]."""
    return kornia_ssim(results, truth, SSIM_WINDOW).mean(dim=(1, 2, 3))


def edge_agreement(results: Tensor, others: Tensor) -> Tensor:
    """Cosine of two pictures' Sobel magnitudes, [B]: 1 is the same edges."""
    first, second = slopes(results).flatten(1), slopes(others).flatten(1)
    return torch.nn.functional.cosine_similarity(first, second, dim=1)


def slopes(pictures: Tensor) -> Tensor:
    """Sobel magnitude of the brightness, [B, H, W]."""
    return spatial_gradient(brightness(pictures)[:, None])[:, 0].square().sum(dim=1).sqrt()


def brightness(pictures: Tensor) -> Tensor:
    """[B, H, W]."""
    return torch.einsum("bchw,c->bhw", pictures, torch.tensor(BRIGHTNESS))


def brightness_error(results: Tensor, truth: Tensor, where: Tensor) -> Tensor:
    """Mean distance of the brightness where a mask [B, H, W] holds, [B]; NaN if it never does."""
    apart = (brightness(results) - brightness(truth)).abs() * where
    return apart.sum(dim=(1, 2)) / where.sum(dim=(1, 2))


def patches(mask: np.ndarray) -> list[np.ndarray]:
    """The connected patches of a mask [H, W], corners touching, that are large enough to tell."""
    numbered, count = ndimage.label(mask, np.ones((3, 3)))
    found = [numbered == place + 1 for place in range(count)]
    return [one for one in found if one.sum() >= LEAST_PATCH]


def tracked(before: np.ndarray, after: np.ndarray) -> tuple[int, int, int, int]:
    """Patches of two masks: (those before, of them kept, those after, of them invented).

    Two patches are one thing if they share at least half the pixels of the smaller one.
    """
    some, others = patches(before), patches(after)
    same = np.array(
        [[2 * (one & two).sum() >= min(one.sum(), two.sum()) for two in others] for one in some]
    ).reshape(len(some), len(others))
    invented = len(others) - same.any(axis=0).sum()
    return len(some), int(same.any(axis=1).sum()), len(others), int(invented)


def colour_distribution(pictures: Tensor) -> Tensor:
    """Share of values up to each of 256 levels, [B, 3, 256]."""
    return cumulative(pictures, LEVELS)


def slope_distribution(pictures: Tensor) -> Tensor:
    """Share of Sobel magnitudes up to each of 1024 levels, [B, 1, 1024]."""
    return cumulative(slopes(pictures)[:, None], SLOPE_LEVELS)


def cumulative(values: Tensor, levels: int) -> Tensor:
    """Cumulative histogram per picture and channel of values in 0..1, [B, C, levels]."""
    rows = (values.clamp(0, 1) * (levels - 1)).round().long().flatten(2)
    counts = torch.zeros(*rows.shape[:2], levels, dtype=torch.float64)
    counts.scatter_add_(2, rows, torch.ones_like(rows, dtype=torch.float64))
    return counts.cumsum(dim=2) / rows.shape[2]


def distribution_distance(some: Tensor, others: Tensor) -> Tensor:
    """Mean distance of sorted values (1-Wasserstein) of cumulative histograms [..., C, levels]."""
    return (some - others).abs().sum(dim=-1).mean(dim=-1) / (some.shape[-1] - 1)


def label_agreement(found: Tensor, labels: Tensor) -> Tensor:
    """Share of pixels with the true label, [B], for label maps [B, H, W]."""
    return (found == labels).double().mean(dim=(1, 2))


def frechet_distance(some: Tensor, others: Tensor) -> Tensor:
    """Frechet distance (Heusel et al. 1706.08500) of Gaussians fitted to features [..., n, D]."""
    first, second = covariance(some), covariance(others)
    apart = (some.double().mean(dim=-2) - others.double().mean(dim=-2)).square().sum(dim=-1)
    root = symmetric_root(first)
    both = torch.linalg.eigvalsh(root @ second @ root).clamp_min(0).sqrt().sum(dim=-1)
    return (apart + trace(first) + trace(second) - 2 * both).clamp_min(0)


def covariance(features: Tensor) -> Tensor:
    """Unbiased covariance of features [..., n, D]."""
    centred = features.double() - features.double().mean(dim=-2, keepdim=True)
    return centred.transpose(-1, -2) @ centred / (features.shape[-2] - 1)


def symmetric_root(matrix: Tensor) -> Tensor:
    """The positive square root of a symmetric positive matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp_min(0).sqrt()[..., None, :] @ vectors.transpose(-1, -2)


def trace(matrix: Tensor) -> Tensor:
    return matrix.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
