"""A correspondence as a picture: every place has a colour, and takes it to where it is found."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ...s2st.look.matching import Size

KEPT = 0.4  # of the pictures' own light and dark under the colours
GAP = 4  # pixels between two pictures
PAPER = 1.0


def colour_code(size: Size) -> Tensor:
    """[3, h, w]: red to the right, green down, blue towards the first corner."""
    down = torch.linspace(0, 1, size[0])[:, None].expand(size)
    across = torch.linspace(0, 1, size[1])[None].expand(size)
    return torch.stack([across, down, 1 - (across + down) / 2])


def coloured(pictures: Tensor, colours: Tensor) -> Tensor:
    """Pictures [B, 3, H, W] in grey under colours [B, 3, h, w]."""
    grey = pictures.mean(dim=1, keepdim=True)
    sized = F.interpolate(colours, size=pictures.shape[-2:], mode="nearest")
    return KEPT * grey + (1 - KEPT) * sized


def side_by_side(left: Tensor, right: Tensor) -> Tensor:
    """IMAGE of [B, 3, H, W] beside [E, 3, h, w], all of them scaled to its height."""
    height = left.shape[-2]
    scale = height / right.shape[-2]
    width = max(1, round(right.shape[-1] * scale))
    sized = F.interpolate(right, size=(height, width), mode="bilinear", antialias=True)
    gap = torch.full((len(left), 3, height, GAP), PAPER)
    shown = [left]
    for one in sized:
        shown += [gap, one.expand(len(left), -1, -1, -1)]
    return rearrange(torch.cat(shown, dim=3), "b c h w -> b h w c").clamp(0, 1)
