"""Fine detail of the source, brought back into a translated picture.

The autoencoder blurs what is finer than its latents, in the source as in the result. Around every
pixel the result is fitted as a x + b of the source as the autoencoder returns it (the guided filter
of He, Sun and Tang, ECCV 2010, one channel at a time), and the same a and b are applied to the
source itself: its edges come back wherever the result still has them, in the result's own colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch.nn.functional as F
from kornia.filters import box_blur
from torch import Tensor

from ..kit.settings import Settings, number

WINDOWS = 4  # a window of detail is half as wide as a latent's pixel


@dataclass(frozen=True, kw_only=True)
class DetailConfig(Settings):
    radius: int = number(
        1, 1, 64, "Pixels around each pixel that are fitted together; 2 for Stable Diffusion."
    )
    softness: float = number(
        3e-4, 1e-8, 1.0, "Contrast (squared) below which nothing is taken for detail of the source."
    )
    drawn: float = number(
        0.5, 0.0, 1.0, "Share kept of what the model drew and the source does not explain."
    )


def restore_detail(
    result: Tensor, source: Tensor, returned: Tensor, config: DetailConfig | None = None
) -> Tensor:
    """`result` with the detail of `source`; `returned` is the source, encoded and decoded.

    Pictures are [B, C, H, W] in 0..1.
    """
    config = config or DetailConfig()
    check_pictures(result, source, returned, radius=config.radius)
    gain, offset = local_fit(returned, result, config)
    drawn = result - (gain * returned + offset)
    return (gain * source + offset + config.drawn * drawn).clamp(0, 1)


def radius_for(stride: int) -> int:
    """What an encoder of this stride blurs, in pixels."""
    return max(1, stride // WINDOWS)


def restored_at_own_size(
    result: Tensor, source: Tensor, returned: Tensor, config: DetailConfig | None = None
) -> Tensor:
    """`restore_detail` in the source's own size, where result and returned may be smaller.

    The radius is meant in their size and grows along, as far as it may.
    """
    config, size = config or DetailConfig(), (source.shape[-2], source.shape[-1])
    grown = math.ceil(size[0] / result.shape[-2])
    result, returned = (_resized(one, size) for one in (result, returned))
    if min(size) == 1:
        return result
    widest = min(DetailConfig.limits("radius").span[1], min(size) - 1)
    radius = int(min(config.radius * grown, widest))
    return restore_detail(result, source, returned, replace(config, radius=radius))


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(picture.shape[-2:]) == size:
        return picture
    return F.interpolate(picture, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def local_fit(guide: Tensor, wanted: Tensor, config: DetailConfig) -> tuple[Tensor, Tensor]:
    """a and b of wanted = a guide + b by least squares in every window, averaged over windows."""
    size = 2 * config.radius + 1

    def mean(values: Tensor) -> Tensor:
        return box_blur(values, (size, size))

    covariance = mean(guide * wanted) - mean(guide) * mean(wanted)
    variance = mean(guide * guide) - mean(guide) * mean(guide)
    gain = covariance / (variance + config.softness)
    return mean(gain), mean(mean(wanted) - gain * mean(guide))


def check_pictures(result: Tensor, *sources: Tensor, radius: int) -> None:
    """`sources` are the source and, where it is there already, the source as returned."""
    for source in sources:
        if result.ndim != 4 or result.shape != source.shape:
            raise ValueError(
                f"The result has shape {tuple(result.shape)}, but its source "
                f"{tuple(source.shape)}: bring them to one size and batch "
                f"[batch, channels, height, width]."
            )
    smaller = min(result.shape[-2:])
    if radius >= smaller:
        raise ValueError(
            f"The radius is {radius}, but must be less than the picture's smaller side, "
            f"{smaller}: take a smaller one."
        )
