"""A mask: 1 where the picture may change, 0 where it stays the source."""

from __future__ import annotations

import torch
from torch import Tensor

from ..model.checks import check_finite, check_tensor


def restored_outside(x: Tensor, source_state: Tensor, mask: Tensor | None) -> Tensor:
    """`x` where the mask is 1, the source's own state where it is 0."""
    if mask is None:
        return x
    return torch.lerp(source_state, x, mask.to(x).expand_as(x))


def check_mask(mask: Tensor, latent: Tensor) -> None:
    """A mask is [1 or B, 1, H, W] in 0..1: 1 where the picture may change."""
    check_tensor("mask", mask)
    batch, _, height, width = latent.shape
    fits = mask.ndim == 4 and mask.shape[0] in (1, batch) and mask.shape[1:] == (1, height, width)
    if not fits:
        raise ValueError(
            f"mask has shape {tuple(mask.shape)}, but needs [1 or {batch}, 1, {height}, {width}]: "
            f"resize it to the latent and give it one channel."
        )
    check_finite("mask", mask)
    low, high = float(mask.min()), float(mask.max())
    if low < 0 or high > 1:
        raise ValueError(
            f"mask runs from {low:g} to {high:g}, but must stay within 0 to 1: clamp it."
        )
