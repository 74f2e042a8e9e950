"""How far a result is from source, domain and truth; never one number alone."""

from __future__ import annotations

import torch
from kornia.filters import spatial_gradient
from torch import Tensor

BRIGHTNESS = (0.299, 0.587, 0.114)
LEVELS = 512  # of the colour distributions


def edge_agreement(one: Tensor, other: Tensor) -> float:
    """Cosine of two pictures' Sobel magnitudes, [B,3,H,W]: 1 is the same edges."""
    first, second = _edges(one), _edges(other)
    return float(torch.nn.functional.cosine_similarity(first, second, dim=1).mean())


def _edges(picture: Tensor) -> Tensor:
    weights = torch.tensor(BRIGHTNESS).view(1, 3, 1, 1)
    grey = (picture * weights).sum(dim=1, keepdim=True)
    return spatial_gradient(grey)[:, 0].square().sum(dim=1).sqrt().flatten(1)


def colour_distance(picture: Tensor, domain: Tensor) -> float:
    """Mean distance of the sorted colours of a picture and of a domain, in 0..1."""
    return float((_sorted_colours(picture) - _sorted_colours(domain)).abs().mean())


def _sorted_colours(pictures: Tensor) -> Tensor:
    values = pictures.movedim(1, 0).flatten(1).sort(dim=1).values
    places = torch.linspace(0, values.shape[1] - 1, LEVELS).round().long()
    return values[:, places]


def psnr(one: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio in dB."""
    error = (one - other).square().mean().clamp_min(1e-10)
    return float(-10 * torch.log10(error))
