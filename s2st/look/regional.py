"""The look asked for region by region: a sky of the references' skies, a road of their roads.

A region's distance weighs by its share of what may change. Pixels are sorted once, region after
region, so that many regions cost what one does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from torch import Tensor

from .distributions import EPSILON, Distance, cosine_distance, near_bins, soft_histogram
from .look import BINS, MARGIN, Look, NearestLook, WholeLook, histogram_range
from .regions import RegionalLook
from .task import Task


class Areas:
    """A picture's regions, and how its pixels lie once they are sorted region after region."""

    def __init__(self, look: RegionalLook, latent: Tensor, mask: Tensor | None) -> None:
        batch = len(latent)
        plane = latent.new_ones(1, 1, *latent.shape[-2:]) if mask is None else mask.to(latent)
        self.counts = rearrange(plane.expand(batch, -1, -1, -1), "b 1 h w -> b 1 (h w)")
        self.labels = rearrange(look.labels.expand(batch, -1, -1), "b h w -> b 1 (h w)")
        self.laid = self.labels.sort(dim=-1).values
        self.members = F.one_hot(self.labels[:, 0], look.count).to(latent)  # [B, N, R]
        self.laid_members = F.one_hot(self.laid[:, 0], look.count).to(latent)
        # What a region counts, and where it begins among all that is counted; [B, 1, R].
        self.sizes = einsum(self.counts, self.members, "b x n, b n r -> b x r")
        self.begins = self.sizes.cumsum(-1) - self.sizes
        pixels = self.members.sum(dim=1, keepdim=True).long()
        self.last = pixels.cumsum(-1) - 1
        self.first = (self.last - pixels + 1).minimum(self.last)
        total = self.sizes.sum(dim=-1, keepdim=True).clamp_min(EPSILON)
        self.shares = self.sizes / total * look.known[:, None]

    def of_laid(self, values: Tensor) -> Tensor:
        """[B, 1, N]: every laid pixel's own of values [B, 1, R]."""
        return values.gather(-1, self.laid)

    def laid_out(self, latent: Tensor) -> Laid:
        """Each channel's pixels, region by region and rising in each."""
        values = latent.flatten(2)
        order = values.detach().argsort(dim=-1)
        grouped = self.labels.expand_as(order).gather(-1, order).argsort(dim=-1, stable=True)
        order = order.gather(-1, grouped)
        counts = self.counts.expand_as(values).gather(-1, order)
        return Laid(values.gather(-1, order), counts, counts.cumsum(-1) - counts / 2, self)


@dataclass(frozen=True)
class Laid:
    values: Tensor  # [B, C, N]
    counts: Tensor  # [B, C, N], how much each counts
    stands: Tensor  # [B, C, N], what is counted before its middle
    areas: Areas

    def distances(self, wanted: Tensor) -> Tensor:
        """[B, C, R]: mean absolute distance to quantile functions [1 or B, R, C, K]."""
        areas, count = self.areas, wanted.shape[-1]
        sizes = areas.of_laid(areas.sizes).clamp_min(EPSILON)
        places = (self.stands - areas.of_laid(areas.begins)) / sizes
        where = (places * count - 0.5).clamp(0, count - 1)
        below = where.long().clamp(max=count - 2)
        known = rearrange(wanted, "b r c k -> b c (r k)").expand(len(self.values), -1, -1)
        index = areas.laid * count + below
        read = torch.lerp(known.gather(-1, index), known.gather(-1, index + 1), where - below)
        apart = (self.values - read).abs() * (self.counts / sizes)
        return einsum(apart, areas.laid_members, "b c n, b n r -> b c r")

    def quantiles(self, count: int) -> Tensor:
        """[B, R, C, count]: each region's own quantile function; of no meaning if it is empty."""
        areas, channels, most = self.areas, self.values.shape[1], self.values.shape[-1] - 1
        middles = (torch.arange(count).to(self.values) + 0.5) / count
        wanted = areas.begins[..., None] + middles * areas.sizes[..., None]
        wanted = rearrange(wanted, "b x r k -> b x (r k)").expand(-1, channels, -1).contiguous()
        above = torch.searchsorted(self.stands.contiguous(), wanted)
        first, last = (
            one.clamp(0, most).repeat_interleave(count, dim=-1) for one in (areas.first, areas.last)
        )
        low, high = (above - 1).clamp(first, last), above.clamp(first, last)
        begin, end = self.stands.gather(-1, low), self.stands.gather(-1, high)
        share = ((wanted - begin) / (end - begin).clamp_min(EPSILON)).clamp(0, 1)
        read = torch.lerp(self.values.gather(-1, low), self.values.gather(-1, high), share)
        return rearrange(read, "b c (r k) -> b r c k", k=count)


class NearestByRegion:
    """NearestLook, asked of each region with the references nearest to it there."""

    def __init__(
        self,
        look: RegionalLook,
        latent: Tensor,
        neighbours: int,
        tolerance: float,
        mask: Tensor | None = None,
    ) -> None:
        self._look = look.to(latent)
        self._areas = Areas(self._look, latent, mask)
        self._neighbours = min(neighbours, self._look.has.shape[2])
        self._free = tolerance * self._spreads(neighbours)

    def _spreads(self, neighbours: int) -> Tensor:
        """[1 or B, C, R]: how far the references' own regions are from each other."""
        spreads = _of_each(self._look, 1, lambda one: one.spread(neighbours)[None, :, None])
        return rearrange(spreads, "b r c 1 -> b c r")

    def around(self, latent: Tensor) -> _ExcessByRegion:
        """The distance, with the references that are nearest to `latent` now."""
        return _ExcessByRegion(self._nearest(latent), self._free, self._areas)

    def _nearest(self, latent: Tensor) -> Tensor:
        """[B, R, C, K]: the mean of the nearest references that have a region."""
        quantiles, has = self._look.quantiles, self._look.has
        own = self._areas.laid_out(latent).quantiles(quantiles.shape[-1])
        wanted = []
        for picture, one in enumerate(own):
            known = picture if len(has) > 1 else 0
            wanted.append(_mean_of_nearest(one, quantiles[known], has[known], self._neighbours))
        return torch.stack(wanted)


def _mean_of_nearest(own: Tensor, quantiles: Tensor, has: Tensor, count: int) -> Tensor:
    """[R, C, K] of quantiles [R, M, C, K]: the mean of those nearest to `own` [R, C, K]."""
    apart = (own[:, None] - quantiles).abs().mean(dim=(2, 3)).masked_fill(~has, torch.inf)
    near, chosen = apart.topk(count, dim=1, largest=False)
    weights = near.isfinite().to(quantiles)
    weights = weights / weights.sum(dim=1, keepdim=True).clamp_min(1)
    numbers = torch.arange(len(has), device=has.device)[:, None]
    return einsum(quantiles[numbers, chosen], weights, "r m c k, r m -> r c k")


@dataclass(frozen=True)
class _ExcessByRegion:
    wanted: Tensor  # [B, R, C, K]
    free: Tensor  # [1 or B, C, R], a distance that is left alone
    areas: Areas

    def __call__(self, latent: Tensor) -> Tensor:
        """[B, C]."""
        apart = self.areas.laid_out(latent).distances(self.wanted)
        return _joined((apart - self.free).clamp_min(0), self.areas)


class WholeByRegion:
    """WholeLook, asked of each region: all references' pixels of it as one distribution."""

    def __init__(
        self, look: RegionalLook, latent: Tensor, distance: Distance, mask: Tensor | None
    ) -> None:
        look = look.to(latent)
        self._distance, self._areas = distance, Areas(look, latent, mask)
        match distance:
            case Distance.HISTOGRAM:
                every = rearrange(look.quantiles[look.has], "n c k -> 1 c 1 (n k)")
                self._low, self._high = histogram_range(every, MARGIN)
                self._wanted = _of_each(look, BINS, self._histogram)
            case Distance.WASSERSTEIN:
                kept = look.quantiles.shape[-1]
                self._wanted = _of_each(look, kept, lambda one: one.pooled(kept))
            case _:
                options = ", ".join(f"Distance.{one.name}" for one in Distance)
                raise ValueError(f"The distance is {distance!r}, but must be one of {options}.")

    def __call__(self, latent: Tensor) -> Tensor:
        """[B, C]."""
        if self._distance is Distance.WASSERSTEIN:
            return _joined(self._areas.laid_out(latent).distances(self._wanted), self._areas)
        near = near_bins(latent, self._low, self._high, BINS)
        counted = self._areas.members * self._areas.counts.mT
        own = einsum(near, counted, "b c n k, b n r -> b r c k")
        own = own / own.sum(dim=-1, keepdim=True).clamp_min(EPSILON)
        apart = rearrange(cosine_distance(own, self._wanted), "b r c -> b c r")
        return _joined(apart, self._areas)

    def _histogram(self, look: Look) -> Tensor:
        return soft_histogram(look.pixels, self._low, self._high, BINS)


def _of_each(look: RegionalLook, size: int, of: Callable[[Look], Tensor]) -> Tensor:
    """[1 or B, R, C, size] of the references' look in each region; 0 where none has it."""
    made = look.quantiles.new_zeros(*look.known.shape, look.channels, size)
    for picture, region in look.known.nonzero().tolist():
        has = look.has[picture, region]
        made[picture, region] = of(Look(look.quantiles[picture, region, has]))[0]
    return made


def _joined(distances: Tensor, areas: Areas) -> Tensor:
    """[B, C]: distances [B, C, R] by each region's share of what may change."""
    return (distances * areas.shares).sum(dim=-1)


def nearest_look(task: Task, neighbours: int, tolerance: float) -> NearestLook | NearestByRegion:
    """What the nearest references ask of a task's picture, as a whole or by region."""
    if task.regional is not None:
        return NearestByRegion(task.regional, task.latent, neighbours, tolerance, task.mask)
    return NearestLook(task.wanted, task.latent, neighbours, tolerance, task.mask)


def whole_look(task: Task, distance: Distance) -> WholeLook | WholeByRegion:
    """What all references together ask of a task's picture, as a whole or by region."""
    if task.regional is not None:
        return WholeByRegion(task.regional, task.latent, distance, task.mask)
    return WholeLook(task.wanted, task.latent, distance, task.mask)
