"""Residual blocks: content on the way down, style on the way up, and where domains enter."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .modulation import AdaptedConv, DemodulatedConv, sloped, twice

HALF_POWER = 0.5**0.5  # keeps the spread of a sum of two


class ContentBlock(nn.Module):
    """Two convolutions beside a straight way; `halved` is half as large a side."""

    def __init__(self, inputs: int, outputs: int, *, normalised: bool, halved: bool) -> None:
        super().__init__()
        self.halved = halved
        self.first = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.second = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norms = nn.ModuleList(_norm(inputs, normalised) for _ in range(2))
        self.straight = _straight(inputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        inner = self._smaller(self.first(sloped(self.norms[0](maps))))
        inner = self.second(sloped(self.norms[1](inner)))
        return (self.straight(self._smaller(maps)) + inner) * HALF_POWER

    def _smaller(self, maps: Tensor) -> Tensor:
        return F.avg_pool2d(maps, 2) if self.halved else maps


class StyledBlock(nn.Module):
    """The same under a style; `doubled` is twice as large a side."""

    def __init__(
        self, inputs: int, outputs: int, style: int, *, demodulated: bool, doubled: bool
    ) -> None:
        super().__init__()
        self.doubled = doubled
        kind = DemodulatedConv if demodulated else AdaptedConv
        self.first = kind(inputs, outputs, style)
        self.second = kind(outputs, outputs, style)
        self.straight = _straight(inputs, outputs)

    def forward(self, maps: Tensor, styles: Tensor) -> Tensor:
        inner = self.second(self.first(maps, styles, self.doubled), styles, False)
        straight: Tensor = self.straight(maps)
        return ((twice(straight) if self.doubled else straight) + inner) * HALF_POWER


class PerDomain(nn.Module):
    """A layer for each domain, or one for all; each picture goes through that of its own."""

    def __init__(self, layers: Sequence[nn.Module], channels: Sequence[int], most: int) -> None:
        super().__init__()
        self.layers, self.channels, self.most = nn.ModuleList(layers), list(channels), most

    def forward(self, maps: Tensor, domains: Tensor) -> Tensor:
        if len(self.layers) == 1:
            out: Tensor = self.layers[0](maps)
            return out
        parts = [maps.new_zeros(0)] * len(maps)
        for number in sorted(set(domains.tolist())):
            places = (domains == number).nonzero()[:, 0]
            made = self.layers[number](maps[places, : self.channels[number]])
            made = F.pad(made, (0, 0, 0, 0, 0, self.most - made.shape[1]))
            for place, one in zip(places.tolist(), made, strict=True):
                parts[place] = one
        return torch.stack(parts)


def entrance(channels: Sequence[int], width: int) -> PerDomain:
    """From each domain's channels into the shared space."""
    return PerDomain([nn.Conv2d(one, width, 3, padding=1) for one in channels], channels, width)


def exit_to(channels: Sequence[int], width: int, normalised: bool) -> PerDomain:
    """From the shared space to each domain's channels, and zeros behind them."""

    def layer(one: int) -> nn.Module:
        return nn.Sequential(_norm(width, normalised), nn.LeakyReLU(0.2), nn.Conv2d(width, one, 1))

    shared = [width] * len(channels)
    return PerDomain([layer(one) for one in channels], shared, max(channels))


def looked_at(widths: Sequence[int]) -> nn.Sequential:
    """From a picture's first maps to a single point, [B, widths[-1]]."""
    last = widths[-1]
    pairs = zip(widths, widths[1:], strict=False)
    return nn.Sequential(
        *(ContentBlock(*pair, normalised=False, halved=True) for pair in pairs),
        nn.LeakyReLU(0.2),
        nn.Conv2d(last, last, 4),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
    )


def start(module: nn.Module, generator: torch.Generator) -> None:
    """Draw weights after He et al. (1502.01852), with biases 0, as the paper has them."""
    for one in module.modules():
        if isinstance(one, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(one.weight, nonlinearity="relu", generator=generator)
            if one.bias is not None:
                nn.init.zeros_(one.bias)


def _norm(channels: int, normalised: bool) -> nn.Module:
    return nn.InstanceNorm2d(channels, affine=True) if normalised else nn.Identity()


def _straight(inputs: int, outputs: int) -> nn.Module:
    """A mix of channels at each place, so that it may stand where maps are smallest."""
    return nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)
