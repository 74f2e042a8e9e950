"""The generator: a picture's content, halved a few times, and a style on the way back up."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from .blocks import ContentBlock, StyledBlock, entrance, exit_to
from .design import Design

INSIDE = 2  # blocks of each half at the smallest size


class Generator(nn.Module):
    """(pictures, their domains, wanted domains, styles) -> translated pictures."""

    def __init__(self, design: Design, channels: Sequence[int], demodulated: bool) -> None:
        super().__init__()
        widths = design.widths(design.halvings)
        ways = list(zip(widths, widths[1:], strict=False))
        last, style = widths[-1], design.style
        self.entrance = entrance(channels, widths[0])
        self.content = nn.Sequential(
            *(ContentBlock(*way, normalised=True, halved=True) for way in ways),
            *(ContentBlock(last, last, normalised=True, halved=False) for _ in range(INSIDE)),
        )
        inside = [(last, last, False)] * INSIDE
        up = [(after, before, True) for before, after in reversed(ways)]
        self.styled = nn.ModuleList(
            StyledBlock(inputs, outputs, style, demodulated=demodulated, doubled=doubled)
            for inputs, outputs, doubled in (*inside, *up)
        )
        self.exit = exit_to(channels, widths[0], normalised=not demodulated)

    def forward(self, pictures: Tensor, sources: Tensor, targets: Tensor, styles: Tensor) -> Tensor:
        maps = self.content(self.entrance(pictures, sources))
        for block in self.styled:
            maps = block(maps, styles)
        out: Tensor = self.exit(maps, targets)
        return out
