"""Painting functions f: what a picture comes to when it is painted coarsely.

GradOP asks of a picture that f of it be the user's strokes. Its release blurs; the paper's better
and slower f takes the median of a neighbourhood and the nearest colour of a palette. Both scale
with the picture, so that a stroke's coarseness is a share of it and not a number of pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from kornia.filters import gaussian_blur2d
from torch import Tensor

Paint = Callable[[Tensor], Tensor]  # pictures [B, 3, H, W] in 0..1 to pictures

MEASURED_AT = 512  # pixels: the size of picture that the widths below belong to
BLUR_SIGMA, BLUR_REACH = 7.0, 2.5  # a kernel of 35 there, of 9 at 128
MEDIAN_AT = 128  # pixels: medians are taken of a picture this small, and drawn at its own size
MEDIAN_WIDTH = 11
PALETTE, MOST_COLOURS = 8, 64
LLOYD_STEPS = 12


class Painting(str, Enum):
    """Which painting function."""

    BLUR = "blur"  # Gaussian, as GradOP+ was released
    PALETTE = "palette"  # the median of a neighbourhood, then the nearest of the strokes' colours


def painting_of(painting: Painting, strokes: Tensor, colours: int = PALETTE) -> Paint:
    """The function f under which a picture is compared with these strokes."""
    match painting:
        case Painting.BLUR:
            return blurred
        case Painting.PALETTE:
            palette = palette_of(strokes, colours)
            return lambda pictures: quantised(median(pictures), palette)
        case _:
            options = ", ".join(f"Painting.{one.name}" for one in Painting)
            raise ValueError(f"The painting is {painting!r}, but must be one of {options}.")


def strokes_of(pictures: Tensor, colours: int = PALETTE, blur: float = 0.0) -> Tensor:
    """A stroke picture of every picture: few colours in large patches, softened by `blur`."""
    coarse = median(pictures)
    patches = quantised(coarse, palette_of(coarse, colours))
    return patches if blur == 0 else blurred(patches, blur)


def size_of(pictures: Tensor) -> float:
    """The side of a square of as many pixels."""
    height, width = pictures.shape[-2:]
    return math.sqrt(height * width)


def blurred(pictures: Tensor, strength: float = 1.0) -> Tensor:
    """Gaussian blur of sigma 7 at 512 pixels, in proportion at other sizes."""
    sigma = strength * BLUR_SIGMA * size_of(pictures) / MEASURED_AT
    reach = min(math.floor(BLUR_REACH * sigma), min(pictures.shape[-2:]) - 1)
    if reach < 1:
        return pictures
    kernel = 2 * reach + 1
    return gaussian_blur2d(pictures, (kernel, kernel), (sigma, sigma))


def median(pictures: Tensor) -> Tensor:
    """The median of each pixel's neighbourhood, one channel at a time."""
    height, width = pictures.shape[-2:]
    scale = min(1.0, MEDIAN_AT / size_of(pictures))
    small = (max(1, round(scale * height)), max(1, round(scale * width)))
    coarse = F.interpolate(pictures, small, mode="area")
    window = max(1, round(MEDIAN_WIDTH * size_of(coarse) / MEDIAN_AT)) | 1
    around = F.pad(coarse, (window // 2,) * 4, mode="replicate")
    patches = around.unfold(2, window, 1).unfold(3, window, 1).flatten(4)
    return F.interpolate(patches.median(dim=-1).values, (height, width), mode="nearest")


@torch.no_grad()
def palette_of(pictures: Tensor, colours: int) -> Tensor:
    """Each picture's main colours [B, colours, 3]: k-means from colours far apart."""
    if not 1 <= colours <= MOST_COLOURS:
        raise ValueError(
            f"{colours} colours are asked for, but a palette has 1 to {MOST_COLOURS}: 6 to 12 "
            f"look like strokes."
        )
    scale = min(1.0, MEDIAN_AT / size_of(pictures))
    small = F.interpolate(pictures, scale_factor=scale, mode="area") if scale < 1 else pictures
    pixels = rearrange(small, "b c h w -> b (h w) c")
    palette = _far_apart(pixels, colours)
    for _ in range(LLOYD_STEPS):
        nearest = F.one_hot(torch.cdist(pixels, palette).argmin(dim=2), colours).to(pixels)
        counts = nearest.sum(dim=1)[..., None]
        means = nearest.transpose(1, 2) @ pixels / counts.clamp_min(1)
        palette = torch.where(counts > 0, means, palette)
    return palette


def _far_apart(pixels: Tensor, count: int) -> Tensor:
    """[B, count, 3]: the mean, then always the pixel furthest from all before."""
    chosen = pixels.mean(dim=1, keepdim=True)
    while chosen.shape[1] < count:
        furthest = torch.cdist(pixels, chosen).amin(dim=2).argmax(dim=1)
        new = pixels.gather(1, furthest[:, None, None].expand(-1, 1, pixels.shape[2]))
        chosen = torch.cat([chosen, new], dim=1)
    return chosen


def quantised(pictures: Tensor, palette: Tensor) -> Tensor:
    """Every pixel in the nearest colour of its picture's palette [1 or B, K, 3].

    Steps have no slope: gradients pass as if the palette were not there (straight through, Bengio
    et al. 1308.3432), so that a pixel in the right colour is left alone.
    """
    pixels = rearrange(pictures, "b c h w -> b (h w) c")
    palette = palette.to(pixels).expand(len(pixels), -1, -1)
    nearest = torch.cdist(pixels.detach(), palette).argmin(dim=2)
    flat = palette.gather(1, nearest[..., None].expand(-1, -1, pixels.shape[2]))
    height = pictures.shape[-2]
    return _Straight.apply(pictures, rearrange(flat, "b (h w) c -> b c h w", h=height))


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, pictures: Tensor, flat: Tensor) -> Tensor:
        return flat

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None
