"""The discriminator: one network that judges pictures, with an answer for every domain."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from .blocks import entrance, looked_at
from .design import Design
from .styles import one_each


class Discriminator(nn.Module):
    """Pictures and the domains they are said to be of -> how real each looks, [B]."""

    def __init__(self, design: Design, channels: Sequence[int], domains: int) -> None:
        super().__init__()
        widths = design.seen_widths
        self.entrance = entrance(channels, widths[0])
        self.look = looked_at(widths)
        self.answers = nn.Linear(widths[-1], domains)

    def forward(self, pictures: Tensor, domains: Tensor) -> Tensor:
        return one_each(self.answers(self.look(self.entrance(pictures, domains))), domains)
