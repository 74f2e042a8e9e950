"""How large a translator is; by default as the paper has it, but for the picture's size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..kit.settings import Settings, number

SMALLEST_SEEN = 4  # pixels a side where encoder and discriminator make up their minds


@dataclass(frozen=True, kw_only=True)
class Design(Settings):
    size: int = number(32, 16, 512, "Pixels a side of the pictures it is trained on.")
    width: int = number(512, 4, 1024, "Channels of the first layer; each halving doubles them.")
    most_width: int = number(512, 4, 1024, "Channels that no layer exceeds.")
    style: int = number(64, 1, 1024, "Numbers of a style.")
    latent: int = number(16, 1, 1024, "Numbers of the noise that a style is drawn from.")
    hidden: int = number(512, 4, 2048, "Width of the network that draws styles.")
    inside: int = number(16, 4, 512, "Pixels a side where styles begin to act.")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("size", "inside"):
            side = getattr(self, name)
            if side & (side - 1):
                raise ValueError(
                    f"Design.{name} is {side}, but must be a power of two: "
                    f"the next one is {2 ** side.bit_length()}."
                )

    @property
    def halvings(self) -> int:
        """Of the generator."""
        return round(math.log2(max(self.size // self.inside, 1)))

    @property
    def stride(self) -> int:
        """What sides of pictures must be multiples of."""
        return 2**self.halvings

    def widths(self, halvings: int) -> list[int]:
        """Channels before the first halving, and after each."""
        return [min(self.width * 2**place, self.most_width) for place in range(halvings + 1)]

    @property
    def seen_widths(self) -> list[int]:
        """Of what looks at a picture until it is a single point."""
        return self.widths(round(math.log2(self.size // SMALLEST_SEEN)))
