"""The diffusion prior: a small U-Net that takes noise off latents, and may be given the warp.

Without a warp it is the unconditional prior of the paper, which polishes. It predicts v (Salimans
and Ho, 2202.00512) of latents whose spread is about 1.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import ResidualBlock, convolution, normalised
from .design import PRIOR_HALVINGS, Design

WAVES = 8  # of the noise level's code, each as sine and cosine
TOLD = 64


class Prior(nn.Module):
    """(x = z + sigma noise [B, C, h, w], sigma [B], warp, given [B]) -> the clean estimate."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        first = design.prior_width
        widths = [first] + [2 * first] * PRIOR_HALVINGS
        last, pairs = widths[-1], list(zip(widths, widths[1:], strict=False))
        self.told = nn.Sequential(nn.Linear(2 * WAVES, TOLD), nn.SiLU(), nn.Linear(TOLD, TOLD))
        self.entrance = convolution(2 * design.channels + 1, first)
        self.down = nn.ModuleList(ResidualBlock(one, one, TOLD) for one in widths[:-1])
        self.smaller = nn.ModuleList(convolution(*pair, stride=2) for pair in pairs)
        self.middle = nn.ModuleList(ResidualBlock(last, last, TOLD) for _ in range(2))
        self.up = nn.ModuleList(
            ResidualBlock(after + before, before, TOLD) for before, after in reversed(pairs)
        )
        self.exit = nn.Sequential(normalised(first), nn.SiLU(), convolution(first, design.channels))

    def forward(self, x: Tensor, sigma: Tensor, warp: Tensor, given: Tensor) -> Tensor:
        level, shown = sigma[:, None, None, None], given[:, None, None, None].to(x)
        length = (1 + level.square()).sqrt()
        seen = [x / length, shown * warp, shown.expand_as(x[:, :1])]
        velocity = self._velocity(torch.cat(seen, dim=1), self.told(coded(sigma)))
        return x / length.square() - velocity * level / length

    def _velocity(self, maps: Tensor, told: Tensor) -> Tensor:
        maps, kept = self.entrance(maps), []
        for block, smaller in zip(self.down, self.smaller, strict=True):
            kept.append(block(maps, told))
            maps = smaller(kept[-1])
        for block in self.middle:
            maps = block(maps, told)
        for block in self.up:
            larger = F.interpolate(maps, scale_factor=2, mode="nearest")
            maps = block(torch.cat([larger, kept.pop()], dim=1), told)
        out: Tensor = self.exit(maps)
        return out


def coded(sigma: Tensor) -> Tensor:
    """Waves of a noise level's logarithm, [B, 2 * WAVES]."""
    turns = math.pi / 4 * 2.0 ** (torch.arange(WAVES, device=sigma.device) / 2)
    angles = sigma.log()[:, None] * turns
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()
