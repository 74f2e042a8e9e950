"""L_str: the Sobel gradients of a latent stay those of its source."""

from __future__ import annotations

from enum import Enum

from einops import rearrange
from kornia.filters import spatial_gradient
from torch import Tensor

from ..model.checks import check_same_latent_shape
from .distributions import EPSILON, cosine_distance


class StructureForm(str, Enum):
    """How two Sobel gradient fields are compared."""

    SCALE_FREE = "scale-free"  # 1 - cosine: a darker scene is not punished for lower contrast
    L1 = "l1"  # mean absolute difference, the literal reading


def sobel_field(latent: Tensor) -> Tensor:
    """[B, C, 2, H*W]: the Sobel gradients of each channel."""
    return spatial_gradient(latent, mode="sobel").flatten(3)


def structure_loss(
    latent: Tensor,
    reference: Tensor,
    form: StructureForm = StructureForm.SCALE_FREE,
    mask: Tensor | None = None,
) -> Tensor:
    """L_str, [B]: how far the Sobel gradients of `latent` are from those of `reference`.

    A mask [1 or B, 1, H, W] says how much each pixel's gradient counts.
    """
    check_same_latent_shape("The latent", latent, "its structure reference", reference)
    field, wanted = sobel_field(latent), sobel_field(reference)
    counted = None if mask is None else rearrange(mask.to(latent), "b 1 h w -> b 1 1 (h w)")
    match form:
        case StructureForm.SCALE_FREE:
            if counted is not None:
                field, wanted = field * counted.sqrt(), wanted * counted.sqrt()
            return cosine_distance(field.flatten(2), wanted.flatten(2)).mean(dim=1)
        case StructureForm.L1:
            apart = (field - wanted).abs()
            if counted is None:
                return apart.mean(dim=(1, 2, 3))
            shares = counted / counted.sum(dim=-1, keepdim=True).clamp_min(EPSILON)
            return (apart * shares).sum(dim=-1).mean(dim=(1, 2))
        case _:
            options = ", ".join(f"StructureForm.{one.name}" for one in StructureForm)
            raise ValueError(f"The structure form is {form!r}, but must be one of {options}.")
