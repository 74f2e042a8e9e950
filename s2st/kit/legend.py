"""Label maps: pictures [B, 3, H, W] in 0..1 in which every class has a colour, told by a legend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST_CLASSES, MOST_CLASSES = 2, 64
LIGHTEST = 255

Legend = Mapping[str, tuple[int, int, int]]  # each class's colour in 0..255


def classes_of(pictures: Tensor, legend: Legend) -> Tensor:
    """The class of every pixel of label pictures, [B, H, W]: whose colour is the nearest."""
    colours = colours_of(legend, pictures)
    apart = [(pictures - one[:, None, None]).square().sum(dim=1) for one in colours]
    return torch.stack(apart).argmin(dim=0)


def painted(classes: Tensor, legend: Legend) -> Tensor:
    """Classes [B, H, W] in their colours, [B, 3, H, W] in 0..1."""
    return colours_of(legend, classes)[classes].movedim(-1, 1).contiguous()


def one_hot(classes: Tensor, count: int) -> Tensor:
    """One channel a class, [B, count, H, W]: 1 where it is, 0 where it is not."""
    return F.one_hot(classes.long(), count).movedim(-1, 1).float()


def colours_of(legend: Legend, like: Tensor) -> Tensor:
    """[classes, 3] in 0..1."""
    return torch.tensor(list(legend.values()), device=like.device) / LIGHTEST


def plain(legend: Legend) -> dict[str, list[int]]:
    """In plain values, for a file."""
    return {name: list(colour) for name, colour in legend.items()}


def legend_of(facts: Mapping[str, Any]) -> dict[str, tuple[int, int, int]]:
    """What `plain` told."""
    if not isinstance(facts, Mapping):
        raise ValueError(f"its legend is a {type(facts).__name__}, not names with colours")
    return {name: (r, g, b) for name, (r, g, b) in facts.items()}
