"""Where styles come from: drawn from noise, or read off a reference picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .blocks import entrance, looked_at
from .design import Design

LAYERS = 4  # that domains share, and as many of each domain's own


class Mapping(nn.Module):
    """Noise [B, latent] -> a style of each picture's wanted domain, [B, style]."""

    def __init__(self, design: Design, domains: int) -> None:
        super().__init__()
        hidden = design.hidden
        self.shared = _layers([design.latent] + [hidden] * LAYERS)
        self.own = nn.ModuleList(
            nn.Sequential(_layers([hidden] * LAYERS), nn.Linear(hidden, design.style))
            for _ in range(domains)
        )

    def forward(self, noise: Tensor, domains: Tensor) -> Tensor:
        shared = self.shared(noise)
        return one_each(torch.stack([own(shared) for own in self.own], dim=1), domains)


class StyleEncoder(nn.Module):
    """Pictures and their domains -> their styles, [B, style]."""

    def __init__(self, design: Design, channels: Sequence[int], domains: int) -> None:
        super().__init__()
        widths = design.seen_widths
        self.entrance = entrance(channels, widths[0])
        self.look = looked_at(widths)
        self.own = nn.Linear(widths[-1], domains * design.style)
        self.domains = domains

    def forward(self, pictures: Tensor, domains: Tensor) -> Tensor:
        seen = self.own(self.look(self.entrance(pictures, domains)))
        return one_each(seen.unflatten(1, (self.domains, -1)), domains)


def one_each(answers: Tensor, domains: Tensor) -> Tensor:
    """Of answers for every domain, [B, domains, ...], each picture's own."""
    return answers[torch.arange(len(answers), device=answers.device), domains.to(answers.device)]


def _layers(widths: Sequence[int]) -> nn.Sequential:
    pairs = zip(widths, widths[1:], strict=False)
    return nn.Sequential(*(part for pair in pairs for part in (nn.Linear(*pair), nn.ReLU())))
