"""No diffusion at all: give the source the colour statistics of the target references.

Per channel: its whole distribution (histogram matching), on pixels or on latents, or its mean and
spread in Lab colour (Reinhard et al., "Color transfer between images", 2001).
"""

from __future__ import annotations

import torch
from kornia.color import lab_to_rgb, rgb_to_lab
from torch import Tensor

from ..lab import Case, Family, Meter, Method, Setting, settings


def matched_values(values: Tensor, wanted: Tensor) -> Tensor:
    """`values` with the distribution of `wanted`, in the same order; equal values stay equal."""
    levels, places, counts = values.unique(return_inverse=True, return_counts=True)
    middles = (counts.cumsum(0) - counts / 2).double() / values.numel()
    return quantiles(wanted.flatten().double(), middles)[places].to(values.dtype)


def quantiles(values: Tensor, fractions: Tensor) -> Tensor:
    """Values below which the fractions lie, with any number of values."""
    ordered = values.sort().values
    position = (fractions * len(ordered) - 0.5).clamp(0, len(ordered) - 1)
    below = position.floor().long()
    above = (below + 1).clamp(max=len(ordered) - 1)
    return torch.lerp(ordered[below], ordered[above], position - below)


def matched(pictures: Tensor, references: Tensor) -> Tensor:
    """Every channel of every picture with the distribution of that channel in all references."""
    rows = [
        torch.stack([matched_values(one, references[:, c]) for c, one in enumerate(picture)])
        for picture in pictures
    ]
    return torch.stack(rows)


def with_moments(pictures: Tensor, references: Tensor) -> Tensor:
    """Every channel of every picture with the mean and spread of that channel in all references."""
    mean, spread = pictures.mean((2, 3), keepdim=True), pictures.std((2, 3), keepdim=True)
    wanted = references.std((0, 2, 3), keepdim=True)
    centre = references.mean((0, 2, 3), keepdim=True)
    return (pictures - mean) / spread.clamp(min=1e-6) * wanted + centre


def run_pixels(case: Case, setting: Setting, _: Meter) -> Tensor:
    return case.source.lerp(matched(case.source, case.references), setting["amount"])


def run_colour_transfer(case: Case, setting: Setting, _: Meter) -> Tensor:
    moved = with_moments(rgb_to_lab(case.source), rgb_to_lab(case.references))
    return case.source.lerp(lab_to_rgb(moved).clamp(0, 1), setting["amount"])


def run_latents(case: Case, setting: Setting, _: Meter) -> Tensor:
    moved = matched(case.latents, case.reference_latents)
    return case.decoded(case.latents.lerp(moved, setting["amount"]))


METHODS = tuple(
    Method(
        name=name,
        family=Family.RECOLOURING,
        run=run,
        settings=settings("amount", (0.5,), (0.75,), (1.0,)),
        source=source,
    )
    for name, run, source in (
        ("Pixel histogram matching", run_pixels, ""),
        ("Reinhard colour transfer", run_colour_transfer, "Reinhard et al. 2001"),
        ("Latent histogram matching", run_latents, ""),
    )
)
