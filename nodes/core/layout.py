"""ComfyUI's picture layouts: IMAGE [B,H,W,C] and MASK [B,H,W] against torch's [B,C,H,W]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ...s2st.model.autoencoder import padded, padded_side


@dataclass(frozen=True, kw_only=True)
class PictureSize:
    """A picture's size before it was padded to multiples of its encoder's stride."""

    height: int
    width: int
    stride: int


def check_pixels(name: str, values: Tensor) -> None:
    """Refuse a batch without a pixel, and what a node that went wrong made of one."""
    if not values.numel():
        raise ValueError(
            f"{name} is empty, of shape {tuple(values.shape)}, but at least 1 pixel is needed: "
            f"connect one or more pictures."
        )
    bad = int((~torch.isfinite(values)).sum())
    if bad:
        raise ValueError(
            f"{name} holds {bad} values that are NaN or infinite, but all must be finite: look at "
            f"the node that made it; a VAE may need float32 (--fp32-vae)."
        )


def to_channels_first(image: Tensor) -> Tensor:
    """IMAGE -> [B,3,H,W] float32 on the CPU; alpha is dropped, grey is tripled."""
    check_pixels("The picture", image)
    channels = image.shape[-1]
    colour = image[..., :3] if channels >= 3 else image[..., :1].expand(*image.shape[:-1], 3)
    return rearrange(colour, "b h w c -> b c h w").to("cpu", torch.float32).clone()


def to_image(picture: Tensor) -> Tensor:
    """[B,3,H,W] -> IMAGE, clipped to 0..1."""
    return rearrange(picture, "b c h w -> b h w c").clamp(0, 1).contiguous()


def cropped(image: Tensor, picture: PictureSize | None) -> Tensor:
    """An IMAGE without the padding that was added to it."""
    return image if picture is None else image[:, : picture.height, : picture.width, :]


def trained_size(pictures: Tensor, size: int, step: int) -> tuple[int, int]:
    """The pictures' shape with the shorter side as long as in training, in whole steps."""
    height, width = pictures.shape[-2:]
    scale = size / min(height, width)
    high, wide = (max(size, round(side * scale / step) * step) for side in (height, width))
    return high, wide


def one_beside_several(pictures: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Batches of pictures by name, where a single picture is repeated to stand beside several."""
    most = max(len(one) for one in pictures.values())
    return {
        name: one.expand(most, -1, -1, -1) if len(one) == 1 else one
        for name, one in pictures.items()
    }


def planes_of(mask: Tensor) -> Tensor:
    """MASK -> [B,H,W] float32 on the CPU."""
    check_pixels("The mask", mask)
    return mask.detach().to("cpu", torch.float32).reshape(-1, *mask.shape[-2:]).clone()


def mask_for_latent(
    mask: Tensor, batch: int, size: tuple[int, int], picture: PictureSize | None
) -> Tensor:
    """MASK of any size and batch -> [1 or B,1,h,w] in 0..1, padded as the picture was."""
    plane = planes_of(mask)[:, None]
    if picture is not None:
        plane = padded(_scaled(plane, (picture.height, picture.width)), picture.stride)
    plane = _scaled(plane, size).clamp(0, 1)
    return plane if len(plane) == 1 else plane[torch.arange(batch) % len(plane)]


def mask_for_pictures(mask: Tensor, batch: int, picture: PictureSize) -> Tensor:
    """MASK of any size and batch -> [1 or B,1,H,W] in 0..1 for pictures that were padded."""
    height, width = (padded_side(side, picture.stride) for side in (picture.height, picture.width))
    return mask_for_latent(mask, batch, (height, width), picture)


def _scaled(plane: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(plane, size=size, mode="bilinear", align_corners=False, antialias=True)
