"""The losses, in numbers of one picture each; which of them count says `learning.py`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def real_loss(told: Tensor) -> Tensor:
    """How far answers are from "real", [B]."""
    return F.softplus(-told)


def made_loss(told: Tensor) -> Tensor:
    """How far answers are from "made", [B]."""
    return F.softplus(told)


def slope_penalty(told: Tensor, pictures: Tensor) -> Tensor:
    """R1 (Mescheder et al., 1801.04406): half the squared slope at real pictures, [B]."""
    (slope,) = torch.autograd.grad(told.sum(), pictures, create_graph=True)
    return slope.square().flatten(1).sum(dim=1) / 2


def apart(one: Tensor, other: Tensor, channels: Tensor) -> Tensor:
    """Mean absolute distance of pictures, [B], over the channels that each really has."""
    places = one.shape[-2] * one.shape[-1]
    return (one - other).abs().sum(dim=(1, 2, 3)) / (channels * places)


def styles_apart(one: Tensor, other: Tensor) -> Tensor:
    """Mean absolute distance of styles, [B]."""
    return (one - other).abs().mean(dim=1)
