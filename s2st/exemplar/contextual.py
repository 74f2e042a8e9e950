"""The contextual loss (Mechrez et al., 1803.02077): the same patches, wherever they are.

The paper compares VGG's features; latents know no VGG, and so their own patches are compared.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

PATCH = 3  # cells a side
BANDWIDTH = 0.1
EPSILON = 1e-5


def contextual_loss(made: Tensor, exemplars: Tensor) -> Tensor:
    """[B]: how few of the exemplar's patches latents [B, C, h, w] are made of; 0 at best."""
    known = patches(exemplars)
    centre = known.mean(dim=1, keepdim=True)
    own, others = (F.normalize(one - centre, dim=2) for one in (patches(made), known))
    apart = (1 - own @ others.transpose(1, 2)).clamp_min(0)  # [B, N, M]
    relative = apart / (apart.amin(dim=2, keepdim=True) + EPSILON)
    alike = torch.softmax((1 - relative) / BANDWIDTH, dim=2)
    return -alike.amax(dim=1).mean(dim=1).clamp_min(EPSILON).log()


def patches(latents: Tensor) -> Tensor:
    """[B, places, C * PATCH ** 2], with the borders repeated."""
    side = PATCH // 2
    padded = F.pad(latents, (side, side, side, side), mode="replicate")
    return F.unfold(padded, PATCH).transpose(1, 2)
