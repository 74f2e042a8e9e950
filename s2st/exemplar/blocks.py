"""Residual blocks: plain, told of the noise level, or told of the condition at every place."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUPS = 8


class ResidualBlock(nn.Module):
    """Two convolutions beside a straight way; what is `told` scales and shifts in between."""

    def __init__(self, inputs: int, outputs: int, told: int = 0) -> None:
        super().__init__()
        self.before, self.between = normalised(inputs), normalised(outputs)
        self.first, self.second = convolution(inputs, outputs), convolution(outputs, outputs)
        self.told = nn.Linear(told, 2 * outputs) if told else None
        self.straight = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, maps: Tensor, told: Tensor | None = None) -> Tensor:
        inner = self.between(self.first(F.silu(self.before(maps))))
        if self.told is not None and told is not None:
            scale, shift = self.told(told)[:, :, None, None].chunk(2, dim=1)
            inner = (1 + scale) * inner + shift
        out: Tensor = self.straight(maps) + self.second(F.silu(inner))
        return out


class Spade(nn.Module):
    """Normalised maps, scaled and shifted at every place by the condition (1903.07291)."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = normalised(channels)
        self.told = convolution(condition, 2 * channels)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.told(condition).chunk(2, dim=1)
        out: Tensor = (1 + scale) * self.norm(maps) + shift
        return out


class SpadeBlock(nn.Module):
    """Two convolutions under a condition, beside a straight way."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.before, self.between = Spade(channels, condition), Spade(channels, condition)
        self.first, self.second = convolution(channels, channels), convolution(channels, channels)

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        inner = self.first(F.silu(self.before(maps, condition)))
        out: Tensor = maps + self.second(F.silu(self.between(inner, condition)))
        return out


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


def normalised(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(GROUPS, channels), channels)


def start(module: nn.Module, generator: torch.Generator) -> None:
    """Draw weights after He et al. (1502.01852); a block begins as its straight way."""
    for one in module.modules():
        if isinstance(one, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(one.weight, nonlinearity="relu", generator=generator)
            if one.bias is not None:
                nn.init.zeros_(one.bias)
    for one in module.modules():
        if isinstance(one, ResidualBlock | SpadeBlock):
            nn.init.zeros_(one.second.weight)
