"""The encoders, which see a condition, a photo or an estimate, and the space in which they meet."""

from __future__ import annotations

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from .blocks import ResidualBlock, SpadeBlock, convolution
from .design import Design


class ConditionEncoder(nn.Module):
    """Label maps, one channel a class [B, K, H, W] -> maps [B, width, h, w] of the latents' grid.

    Half of the width until the last halving, where most of the work would be.
    """

    def __init__(self, design: Design, classes: int) -> None:
        super().__init__()
        widths = [max(design.width // 2, 4)] * design.halvings + [design.width]
        ways = list(zip(widths, widths[1:], strict=False))
        self.entrance = convolution(classes, widths[0])
        self.smaller = nn.ModuleList(convolution(*way, stride=2) for way in ways)
        self.block = ResidualBlock(design.width, design.width)

    def forward(self, shown: Tensor) -> Tensor:
        maps = self.entrance(shown)
        for layer in self.smaller:
            maps = layer(F.silu(maps))
        out: Tensor = self.block(maps)
        return out


class ExemplarEncoder(nn.Module):
    """Latents of photos, exemplars among them, [B, C, h, w] -> maps [B, width, h, w]."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.entrance = convolution(design.channels, design.width)
        self.block = ResidualBlock(design.width, design.width)

    def forward(self, latents: Tensor) -> Tensor:
        out: Tensor = self.block(self.entrance(latents))
        return out


class EstimateEncoder(nn.Module):
    """The clean estimate of a step, seen in the light of the condition's maps: SPADE."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.entrance = convolution(design.channels, design.width)
        self.blocks = nn.ModuleList(SpadeBlock(design.width, design.width) for _ in range(2))

    def forward(self, latents: Tensor, condition: Tensor) -> Tensor:
        maps: Tensor = self.entrance(latents)
        for block in self.blocks:
            maps = block(maps, condition)
        return maps


class MatchingSpace(nn.Module):
    """Maps of any encoder -> unit vectors [B, h, w, F], whose cosine is the matching cost's.

    Residual blocks, a 1 x 1 convolution, the channels' mean taken away, unit length.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        width = design.width
        self.blocks = nn.Sequential(*(ResidualBlock(width, width) for _ in range(design.blocks)))
        self.exit = nn.Conv2d(width, design.features, 1)

    def forward(self, maps: Tensor) -> Tensor:
        features: Tensor = self.exit(self.blocks(maps))
        centred = features - features.mean(dim=1, keepdim=True)
        return rearrange(F.normalize(centred, dim=1), "b f h w -> b h w f")
