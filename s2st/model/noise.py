"""Noise that a seed names."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def noises_for(latent: Tensor, noise_seed: int, shared: bool = True) -> Iterator[Tensor]:
    """Without end. All pictures of a batch get the same, so that each is as it is alone; where it
    is not shared, each has its own."""
    generator = torch.Generator().manual_seed(noise_seed)
    shape = latent.shape[1:] if shared else latent.shape
    while True:
        drawn = torch.randn(shape, generator=generator).to(latent)
        yield drawn.expand_as(latent).clone()
