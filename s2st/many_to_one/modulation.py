"""How a style reaches a convolution: through its input's moments, or through its weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TINY = 1e-8


class AdaptedConv(nn.Module):
    """AdaIN (Huang and Belongie, 1703.06868), a slope, a convolution.

    Where a style is 0 its affine layer still adds its bias, alike for every picture.
    """

    def __init__(self, inputs: int, outputs: int, style: int) -> None:
        super().__init__()
        self.affine = nn.Linear(style, 2 * inputs)
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, maps: Tensor, styles: Tensor, doubled: bool) -> Tensor:
        scale, shift = self.affine(styles)[:, :, None, None].chunk(2, dim=1)
        adapted = sloped((1 + scale) * F.instance_norm(maps) + shift)
        out: Tensor = self.convolution(twice(adapted) if doubled else adapted)
        return out


class DemodulatedConv(nn.Module):
    """A slope, and a convolution whose weights the style scales (Karras et al., 1912.04958, 2.2).

    Scaled weights are divided by their length, so that no map has to be normalised.
    """

    def __init__(self, inputs: int, outputs: int, style: int) -> None:
        super().__init__()
        self.affine = nn.Linear(style, inputs)
        self.convolution = nn.Conv2d(inputs, outputs, 3, bias=False)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, maps: Tensor, styles: Tensor, doubled: bool) -> Tensor:
        scale = 1 + self.affine(styles)
        weight = self.convolution.weight
        squares = torch.einsum("bi,oi->bo", scale.square(), weight.square().sum(dim=(2, 3)))
        scaled = sloped(maps) * scale[:, :, None, None]
        out = F.conv2d(twice(scaled) if doubled else scaled, weight, padding=1)
        return out * (squares + TINY).rsqrt()[:, :, None, None] + self.bias


def sloped(maps: Tensor) -> Tensor:
    return F.leaky_relu(maps, 0.2)


def twice(maps: Tensor) -> Tensor:
    """Twice as large a side."""
    return F.interpolate(maps, scale_factor=2, mode="nearest")
