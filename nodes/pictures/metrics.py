"""How far a result is from source, domain and truth; never one number alone."""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 512  # of the colour distributions


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
