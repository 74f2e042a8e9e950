"""Regions: which part of a picture is what, in the source and in the references alike.

Every pixel is of one region, by a number that means the same in all pictures. They come from a
user's masks, from label maps, or from the model's own features (`found.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ..model.checks import check_channels, check_finite, check_latent, check_tensor
from .distributions import ranked, resampled

MOST_REGIONS = 64
FEWEST_PIXELS = 4  # of a region in a reference that is to say how it looks
HALF = 0.5
KEPT_QUANTILES = 256  # of every reference's regions, which are smaller than pictures


@dataclass(frozen=True)
class Regions:
    """The region of every pixel, counted from 0, at the size of the latents."""

    source: Tensor  # [1 or B, H, W]
    references: Tensor  # [1 or B, M, h, w], for all pictures of the source or for each its own

    def __post_init__(self) -> None:
        check_labels("The source's regions", self.source)
        check_labels("The references' regions", self.references.flatten(0, -3))
        if not set(self.source.unique().tolist()) & set(self.references.unique().tolist()):
            raise ValueError(
                "No region of the source is in any reference, but each asks for the look of its "
                "own kind: give masks or label maps that name the same things in both."
            )

    @property
    def count(self) -> int:
        return 1 + int(max(self.source.max(), self.references.max()))


def check_labels(name: str, labels: Tensor) -> None:
    """Labels are whole numbers [B, H, W] from 0 to below MOST_REGIONS."""
    check_tensor(name, labels)
    if labels.ndim != 3 or labels.numel() == 0 or labels.dtype.is_floating_point:
        raise ValueError(
            f"{name} are {labels.dtype} of shape {tuple(labels.shape)}, but must be whole numbers "
            f"[pictures, height, width]: one for every pixel of the latents."
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= MOST_REGIONS:
        raise ValueError(
            f"{name} are numbered from {low} to {high}, but must lie within 0 to "
            f"{MOST_REGIONS - 1}: join small regions."
        )


def regions_of_masks(masks: Tensor) -> Tensor:
    """Labels [B, H, W] of masks [R, B, H, W] in 0..1: 0 is what none covers, then mask by mask.

    A mask covers what it covers by half or more, and of masks that overlap the later lies on top.
    """
    check_tensor("The masks", masks)
    if masks.ndim != 4 or masks.numel() == 0:
        raise ValueError(
            f"The masks have shape {tuple(masks.shape)}, but must be [regions, pictures, height, "
            f"width]: give one for each region and picture."
        )
    if len(masks) >= MOST_REGIONS:
        raise ValueError(
            f"There are {len(masks)} masks, but at most {MOST_REGIONS - 1} regions beside what "
            f"none covers: join small ones."
        )
    check_finite("The masks", masks)
    covered = masks >= HALF
    if not bool(covered.any()):
        raise ValueError(
            "The masks cover nothing, but at least one must cover a part: paint it white."
        )
    numbers = torch.arange(1, 1 + len(masks), device=masks.device)[:, None, None, None]
    return (covered * numbers).amax(dim=0)


def at_size(labels: Tensor, height: int, width: int) -> Tensor:
    """Labels [B, h, w] at another size: a pixel is what most of it was."""
    if labels.shape[-2:] == (height, width):
        return labels
    planes = F.one_hot(labels.long()).movedim(-1, 1).float()
    return F.interpolate(planes, size=(height, width), mode="area").argmax(dim=1)


@dataclass(frozen=True)
class RegionalLook:
    """The source's regions, and every reference's own distribution in each of them."""

    labels: Tensor  # [1 or B, H, W]
    quantiles: Tensor  # [1 or B, R, M, C, K], 0 where a reference has nothing of a region
    has: Tensor  # [1 or B, R, M]

    @property
    def count(self) -> int:
        return self.has.shape[1]

    @property
    def channels(self) -> int:
        return self.quantiles.shape[3]

    @property
    def known(self) -> Tensor:
        """[1 or B, R]: which regions at least one reference has; of others nothing is asked."""
        return self.has.any(dim=2)

    def to(self, like: Tensor) -> RegionalLook:
        """On the device and in the precision of `like`."""
        device = like.device
        return RegionalLook(self.labels.to(device), self.quantiles.to(like), self.has.to(device))


def regional_look(regions: Regions, latents: Tensor) -> RegionalLook:
    """From the references' latents [M, C, h, w]; a few pixels of a region say nothing of it."""
    check_latent("The target domain's latents", latents)
    wanted = (len(latents), *latents.shape[-2:])
    if tuple(regions.references.shape[1:]) != wanted:
        raise ValueError(
            f"The references' regions have shape {tuple(regions.references.shape[1:])}, but the "
            f"target domain's latents {wanted}: make the regions of the same references."
        )
    labels = regions.references.to(latents.device)
    sizes = F.one_hot(labels.flatten(2).long(), regions.count).sum(dim=2)
    has = rearrange(sizes >= FEWEST_PIXELS, "b m r -> b r m")
    quantiles = latents.new_zeros(*has.shape, latents.shape[1], KEPT_QUANTILES)
    for picture, region, reference in has.nonzero().tolist():
        pixels = latents[reference, :, labels[picture, reference] == region]
        kept = resampled(ranked(rearrange(pixels, "c n -> 1 c 1 n")).values, KEPT_QUANTILES)
        quantiles[picture, region, reference] = kept[0]
    return RegionalLook(regions.source.to(latents.device).long(), quantiles, has)


def check_regional(look: RegionalLook, latent: Tensor) -> None:
    """A regional look fits the latent whose regions it holds."""
    check_channels("The regional look", look.channels, "the source latent", latent.shape[1])
    batch, height, width = len(latent), *latent.shape[-2:]
    labels = look.labels
    batches = {len(labels), len(look.has)}
    if not batches <= {1, batch} or labels.shape[1:] != (height, width):
        raise ValueError(
            f"The source's regions have shape {tuple(labels.shape)}, but the latent needs "
            f"[1 or {batch}, {height}, {width}]: make them of the same source."
        )
