"""How large the trained variant of MIDMs is; the paper has 256 features and a large prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..kit.settings import Settings, number

PRIOR_HALVINGS = 2  # of the prior, on the latents' grid


@dataclass(frozen=True, kw_only=True)
class Design(Settings):
    size: int = number(128, 16, 1024, "Pixels a side of the pictures it is trained on.")
    channels: int = number(4, 1, 64, "Channels of the autoencoder's latents.")
    stride: int = number(4, 1, 32, "Pixels of a picture along one side of a latent's.")
    features: int = number(64, 4, 1024, "Channels of the space in which places are matched.")
    width: int = number(48, 4, 1024, "Channels of the encoders.")
    blocks: int = number(4, 1, 16, "Residual blocks before the matching space.")
    prior_width: int = number(48, 4, 1024, "Channels of the prior's first level.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stride & (self.stride - 1):
            raise ValueError(
                f"Design.stride is {self.stride}, but must be a power of two: the next one is "
                f"{2 ** self.stride.bit_length()}."
            )
        if self.size % self.step:
            raise ValueError(
                f"Design.size is {self.size}, but must be a multiple of {self.step}: take "
                f"{math.ceil(self.size / self.step) * self.step}."
            )

    @property
    def halvings(self) -> int:
        """From a picture to the latents' grid."""
        return round(math.log2(self.stride))

    @property
    def step(self) -> int:
        """What sides of pictures must be multiples of, for the prior to halve its maps."""
        return self.stride * 2**PRIOR_HALVINGS
