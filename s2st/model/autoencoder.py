"""The other contract: pictures into latents and back, and the way back can be differentiated.

A decoder is what a method goes back through when it compares pictures and moves a latent. It may be
in half precision (`rescaled` keeps small gradients alive) and the picture may be large (`Tiled`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .gradients import rescaled


class Autoencoder(Protocol):
    """Pictures [B, 3, H, W] in 0..1 and the latents that a diffusion model works on.

    `decode` has a gradient and clamps nothing: what leaves 0..1 is for the caller to judge.
    """

    @property
    def stride(self) -> int:
        """Pixels of a picture along one side of a latent's."""

    def encode(self, pictures: Tensor) -> Tensor: ...

    def decode(self, latents: Tensor) -> Tensor: ...


LEAST = 8  # latents along a side that every network takes: they are halved several times


def padded_side(side: int, stride: int) -> int:
    """Pixels along a side that make whole latents, and as many as every network takes."""
    return max(side + -side % stride, LEAST * stride)


def padded(pictures: Tensor, stride: int) -> Tensor:
    """[B, C, H, W] extended to such sides by repeating the last row and column."""
    height, width = pictures.shape[-2:]
    down, across = (padded_side(side, stride) - side for side in (height, width))
    return F.pad(pictures, (0, across, 0, down), mode="replicate")


def decoded(autoencoder: Autoencoder, latents: Tensor) -> Tensor:
    """The pictures in the latents' own precision, with a gradient that half precision survives."""
    return rescaled(autoencoder.decode, latents)


def recomputed(decode: Callable[[Tensor], Tensor], latents: Tensor) -> Tensor:
    """`decode(latents)`, computed again in the backward pass instead of kept for it."""
    if not torch.is_grad_enabled():
        return decode(latents)
    return checkpoint(decode, latents, use_reentrant=False, preserve_rng_state=False)


TILE, OVERLAP = 64, 16  # along a latent's side: a picture of 512 for Stable Diffusion


class Tiled:
    """An autoencoder that decodes large latents in overlapping tiles.

    Tiles fade into each other. Each is computed again in the backward pass, so that memory holds
    the graph of one. A decoder that normalises over the whole picture sees each tile as one, so
    that the result is close to the whole's and not equal to it.
    """

    def __init__(self, autoencoder: Autoencoder, tile: int = TILE, overlap: int = OVERLAP) -> None:
        if not 0 <= overlap < tile:
            raise ValueError(
                f"The overlap is {overlap}, but must be at least 0 and less than the tile, {tile}: "
                f"a quarter of the tile is usual."
            )
        self._autoencoder, self._tile, self._overlap = autoencoder, tile, overlap

    @property
    def stride(self) -> int:
        return self._autoencoder.stride

    def encode(self, pictures: Tensor) -> Tensor:
        return self._autoencoder.encode(pictures)

    def decode(self, latents: Tensor) -> Tensor:
        height, width = latents.shape[-2:]
        if max(height, width) <= self._tile:
            return self._autoencoder.decode(latents)
        size, stride = (height * self.stride, width * self.stride), self.stride
        pictures = latents.new_zeros(len(latents), 3, *size)
        weights = latents.new_zeros(1, 1, *size)
        for rows, columns in self._tiles(height, width):
            part = recomputed(self._autoencoder.decode, latents[..., rows, columns])
            place = (..., _scaled(rows, stride), _scaled(columns, stride))
            weight = self._fade(rows, height, part)[:, None] * self._fade(columns, width, part)
            pictures[place] += weight * part.to(pictures)
            weights[place] += weight
        return pictures / weights

    def _tiles(self, height: int, width: int) -> Iterator[tuple[slice, slice]]:
        for top in _starts(height, self._tile, self._overlap):
            for left in _starts(width, self._tile, self._overlap):
                yield slice(top, top + self._tile), slice(left, left + self._tile)

    def _fade(self, place: slice, side: int, like: Tensor) -> Tensor:
        """How much each pixel along one side counts: less towards a neighbouring tile."""
        length = (min(place.stop, side) - place.start) * self.stride
        ramp = self._overlap * self.stride
        there = torch.arange(length, device=like.device, dtype=torch.float32) + 0.5
        before = there if place.start > 0 else torch.full_like(there, float(length))
        after = length - there if place.stop < side else torch.full_like(there, float(length))
        return (torch.minimum(before, after) / max(ramp, 1)).clamp(max=1)


def _starts(side: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin: evenly, the last one flush with the end."""
    if side <= tile:
        return [0]
    count = -(-(side - overlap) // (tile - overlap))
    return [round(number * (side - tile) / (count - 1)) for number in range(count)]


def _scaled(place: slice, stride: int) -> slice:
    return slice(place.start * stride, place.stop * stride)
