"""Regions of a case: the renderer's own, those that the model's features find, and a control."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import torch
from torch import Tensor

from demo_world import labels, scene
from s2st import FindConfig, Regions, carried_over, found_regions, read_features
from s2st.look.regions import at_size

from .lab import TARGET_REFERENCES, Case


class Where(str, Enum):
    """What the regions of a study are."""

    WHOLE = "whole"  # one look for all
    TRUE = "true"  # the renderer's labels of source and references
    CARRIED = "carried over"  # the source's true ones, and what features make of the references
    FOUND = "found"
    ROWS = "rows"  # bands of the picture's height, which know of position alone


def regions_of(case: Case, where: Where, count: int) -> Regions:
    """The regions of a case's source and references."""
    size = case.latents.shape[-2], case.latents.shape[-1]
    if where is Where.ROWS:
        return Regions(rows(1, count, size), rows(len(case.references), count, size)[None])
    if where is Where.TRUE:
        return Regions(true(case.seeds, size), true(reference_seeds(case), size)[None])
    own, others = features(case)
    if where is Where.FOUND:
        return found_regions(own, others, size, size, FindConfig(count=count))
    known = true(case.seeds, size)
    pairs = zip(known.split(1), own.split(1), strict=True)
    return Regions(known, torch.stack([carried_over(*one, others, size) for one in pairs]))


def features(case: Case) -> tuple[Tensor, Tensor]:
    """Of source and references, under the empty prompt."""
    model, prompt = case.lab.parts.denoiser, case.lab.prompt("")
    pictures = (case.latents, case.reference_latents)
    own, others = (read_features(model, one, prompt) for one in pictures)
    return own, others


def transfer(case: Case) -> float:
    """The share of the source's pixels that take the right label from the references."""
    own, others = features(case)
    size = case.latents.shape[-2], case.latents.shape[-1]
    known = true(reference_seeds(case), size)
    carried = [carried_over(known, others, one, size) for one in own.split(1)]
    return float((torch.cat(carried) == true(case.seeds, size)).double().mean())


def purity(case: Case, regions: Regions) -> float:
    """The share of the source's pixels whose label is the most frequent one of their region."""
    known = true(case.seeds, (case.latents.shape[-2], case.latents.shape[-1]))
    found = regions.source.expand_as(known)
    right = sum(int(known[found == one].bincount().max()) for one in found.unique())
    return right / known.numel()


def true(seeds: Sequence[int], size: tuple[int, int]) -> Tensor:
    maps = [torch.from_numpy(labels(scene(seed))) for seed in seeds]
    return at_size(torch.stack(maps).long(), *size)


def rows(pictures: int, count: int, size: tuple[int, int]) -> Tensor:
    bands = torch.arange(size[0]) * count // size[0]
    return bands[:, None].expand(pictures, *size).contiguous()


def reference_seeds(case: Case) -> Sequence[int]:
    return TARGET_REFERENCES[: len(case.references)]
