"""Regions by the model's own features: found without any label, or carried over from masks.

Features are standardised within each domain first. Regions are k-means clusters of the references,
so that they mean the same whichever picture is looked at, and a picture of a batch has the regions
that it has alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from torch import Tensor

from ..kit.settings import Settings, number
from ..model.features import standardised
from .matching import Size, domain_directions, voted
from .regions import MOST_REGIONS, Regions, at_size

UPDATES = 30
TRIES = 4  # from so many beginnings; the tightest clusters are kept
FITTED = 8192  # cells at most of either domain
NEIGHBOURS = 15  # cells that vote for the region of a cell like them


@dataclass(frozen=True, kw_only=True)
class FindConfig(Settings):
    count: int = number(8, 2, MOST_REGIONS, "How many regions are looked for.")
    search_seed: int = number(0, 0, 2**53, "Seed of the search.")


def found_regions(
    source: Tensor,
    references: Tensor,
    source_size: Size,
    reference_size: Size,
    config: FindConfig | None = None,
) -> Regions:
    """Regions by features [B, F, h, w] of the source and [M, F, h, w] of the references.

    The sizes are the heights and widths of their latents.
    """
    config = config or FindConfig()
    known = standardised(references)
    found = [
        _found_in(standardised(one), known, source_size, reference_size, config)
        for one in source.split(1)
    ]
    own, others = zip(*found, strict=True)
    return Regions(torch.cat(own), torch.stack(others))


def _found_in(
    own: Tensor, known: Tensor, source_size: Size, reference_size: Size, config: FindConfig
) -> tuple[Tensor, Tensor]:
    """Labels of one picture and of the references."""
    generator = torch.Generator().manual_seed(config.search_seed)
    points = torch.cat([_drawn(one, generator) for one in (own, known)])
    centres = clustered(points, config.count, generator)
    others = torch.cat([_nearest(one, centres, reference_size) for one in known.split(1)])
    return _nearest(own, centres, source_size), others


def _drawn(features: Tensor, generator: torch.Generator) -> Tensor:
    """[at most FITTED, F]: cells of all pictures."""
    points = rearrange(features, "b f h w -> (b h w) f")
    chosen = torch.randperm(len(points), generator=generator)[:FITTED]
    return points[chosen.to(points.device)]


def _nearest(features: Tensor, centres: Tensor, size: Size) -> Tensor:
    """[B, H, W]: the nearest centre of every pixel."""
    if features.shape[-2:] != size:
        features = F.interpolate(features, size=size, mode="bilinear", align_corners=False)
    points = rearrange(features, "b f h w -> b (h w) f")
    numbers = torch.cdist(points, centres.expand(len(points), -1, -1)).argmin(dim=-1)
    return rearrange(numbers, "b (h w) -> b h w", h=size[0])


def clustered(points: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Centres [count, F] of points [N, F] by k-means (Lloyd), the tightest of a few tries."""
    tries = [_settled(points, _spread_out(points, count, generator)) for _ in range(TRIES)]
    return min(tries, key=lambda one: float(torch.cdist(points, one).amin(dim=1).square().mean()))


def _spread_out(points: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Beginnings far from each other: each drawn by its squared distance to those before it
    (k-means++, Arthur and Vassilvitskii 2007).
    """
    first = int(torch.randint(len(points), (1,), generator=generator))
    centres = points[first : first + 1]
    for _ in range(count - 1):
        odds = torch.cdist(points, centres).amin(dim=1).square().cpu().double()
        if not float(odds.sum()) > 0:
            break  # fewer different points than centres
        drawn = torch.multinomial(odds, 1, generator=generator).to(points.device)
        centres = torch.cat([centres, points[drawn]])
    return centres


def _settled(points: Tensor, centres: Tensor) -> Tensor:
    """Centres moved to the mean of their points until they rest."""
    for _ in range(UPDATES):
        members = F.one_hot(torch.cdist(points, centres).argmin(dim=1), len(centres)).to(points)
        sizes = members.sum(dim=0)[:, None]
        means = einsum(members, points, "n r, n f -> r f") / sizes.clamp_min(1)
        moved = torch.where(sizes > 0, means, centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres


def carried_over(labels: Tensor, features: Tensor, others: Tensor, size: Size) -> Tensor:
    """Labels [B, H, W] of pictures with `features`, in other pictures with features `others`.

    Every cell of the others is given the label of the cells most like it, by their vote; the
    answer [M, *size] has the size of the others' latents.
    """
    known = domain_directions(features).flatten(0, 2)
    names = F.one_hot(at_size(labels, *features.shape[-2:]).flatten().long()).to(known)
    theirs = domain_directions(others)
    votes = torch.stack([voted(one.flatten(0, 1), known, names, NEIGHBOURS) for one in theirs])
    planes = rearrange(votes, "m (h w) r -> m r h w", h=theirs.shape[1])
    sized = F.interpolate(planes, size=size, mode="bilinear", align_corners=False)
    return sized.argmax(dim=1)
