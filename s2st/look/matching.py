"""Which place of other pictures is like a place of this one, by the model's own features.

Features become directions, standardised within their own domain, so that likeness is a cosine. The
comparison of all places with all others is made a few rows at a time, within a budget of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ..model.features import standardised

BUDGET = 256 * 2**20  # bytes of the comparison that exist at once
BYTES, COPIES = 4, 2  # of a likeness; of all of them: as they are, and as weights
Size = tuple[int, int]


def directions(features: Tensor, size: Size | None = None) -> Tensor:
    """Unit vectors [B, h, w, F] of features [B, F, h, w] that are standardised already."""
    if size is not None and features.shape[-2:] != size:
        features = F.interpolate(features, size=size, mode="bilinear", align_corners=False)
    return F.normalize(rearrange(features, "b f h w -> b h w f").contiguous(), dim=-1)


def domain_directions(features: Tensor, size: Size | None = None) -> Tensor:
    """Unit vectors of features [B, F, h, w], which are all of one domain."""
    return directions(standardised(features), size)


def picture_directions(features: Tensor, size: Size | None = None) -> Tensor:
    """The same where every picture is a domain of its own, and so is as it is alone."""
    return torch.cat([domain_directions(one, size) for one in features.split(1)])


def likeness(own: Tensor, others: Tensor, budget: int = BUDGET) -> Iterator[tuple[slice, Tensor]]:
    """(rows, cosine [rows, M]) of directions [N, F] with directions [M, F], all rows in turn."""
    rows = max(1, budget // (COPIES * BYTES * len(others)))
    for first in range(0, len(own), rows):
        chosen = slice(first, min(first + rows, len(own)))
        yield chosen, own[chosen] @ others.T


@dataclass(frozen=True)
class Matches:
    """For every place of a picture the most alike one of the others, and what that finds back."""

    places: Tensor  # [N], numbers among the others' places
    likeness: Tensor  # [N], cosine
    back: Tensor  # [M], numbers among the picture's own places

    @property
    def returned(self) -> Tensor:
        """[N]: where each place ends that goes to its like and back."""
        return self.back[self.places]


def matches(own: Tensor, others: Tensor, budget: int = BUDGET) -> Matches:
    """Of directions [h, w, F] and [E, h, w, F], forth and back in one pass."""
    mine, theirs = own.flatten(0, 1), others.flatten(0, 2)
    places = torch.empty(len(mine), dtype=torch.long, device=mine.device)
    found, best = mine.new_empty(len(mine)), mine.new_full((len(theirs),), -torch.inf)
    back = torch.zeros(len(theirs), dtype=torch.long, device=mine.device)
    for rows, alike in likeness(mine, theirs, budget):
        found[rows], places[rows] = alike.max(dim=1)
        highest, which = alike.max(dim=0)
        nearer = highest > best
        best = torch.where(nearer, highest, best)
        back = torch.where(nearer, which + rows.start, back)
    return Matches(places, found, back)


def strayed(found: Matches, size: Size) -> Tensor:
    """[h, w]: how far from itself a place ends that goes to its like and back, in picture sides."""
    height, width = size
    here = torch.arange(height * width, device=found.places.device)
    there = found.returned
    down = (there // width - here // width) / height
    across = (there % width - here % width) / width
    return torch.hypot(down, across).view(height, width)


def confident(own: Tensor, others: Tensor, tolerance: float, budget: int = BUDGET) -> Tensor:
    """[B, 1, h, w] of 0 and 1: where directions [B, h, w, F] find their like and are found by it.

    `tolerance` is how far from itself a place may end that goes there and back, in picture sides.
    """
    size = own.shape[1], own.shape[2]
    far = torch.stack([strayed(matches(one, others, budget), size) for one in own])
    return (far <= tolerance)[:, None].to(own)


def warped(
    own: Tensor, others: Tensor, values: Tensor, temperature: float, budget: int = BUDGET
) -> Tensor:
    """Values [E, C, h, w] of the others, brought to where directions [B, H, W, F] find their like.

    Every place gets the mean of all values, weighted by softmax(cosine / temperature).
    """
    theirs = others.flatten(0, 2)
    known = rearrange(values, "e c h w -> (e h w) c").to(own)
    brought = [_brought(one.flatten(0, 1), theirs, known, temperature, budget) for one in own]
    return rearrange(torch.stack(brought), "b (h w) c -> b c h w", h=own.shape[1])


def _brought(
    own: Tensor, others: Tensor, values: Tensor, temperature: float, budget: int
) -> Tensor:
    """[N, C]."""
    rows = [
        torch.softmax(alike.div_(temperature), dim=1) @ values
        for _, alike in likeness(own, others, budget)
    ]
    return torch.cat(rows)


def voted(own: Tensor, others: Tensor, values: Tensor, voters: int) -> Tensor:
    """[N, C]: the mean of the values [M, C] of the `voters` places most like each own one."""
    voters = min(voters, len(others))
    rows = [
        values[alike.topk(voters, dim=1).indices].mean(dim=1) for _, alike in likeness(own, others)
    ]
    return torch.cat(rows)
