"""The two terms of S2ST: keep the structure, take the appearance."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kornia.filters import spatial_gradient
from torch import Tensor

from ..kit.settings import Settings, choice, number
from ..model.checks import check_channels, check_same_latent_shape
from .distributions import Distance, cosine_distance
from .domain import DomainStatistics


class StructureForm(str, Enum):
    """How two Sobel gradient fields are compared."""

    SCALE_FREE = "scale-free"  # 1 - cosine: a darker scene is not punished for lower contrast
    L1 = "l1"  # mean absolute difference, the literal reading


@dataclass(frozen=True, kw_only=True)
class LossConfig(Settings):
    """lambda_s L_str + lambda_a L_app: shared by seed translation and trajectory optimisation."""

    structure_weight: float = number(
        1.0, 0.0, 1000.0, "lambda_s: how firmly edges stay where they are."
    )
    appearance_weight: float = number(
        1.0, 0.0, 1000.0, "lambda_a: how strongly the target domain's look is asked for."
    )
    structure: StructureForm = choice(
        StructureForm.SCALE_FREE, "How edges are compared: scale-free ignores contrast."
    )
    distance: Distance = choice(
        Distance.WASSERSTEIN,
        "How the latent channels' distributions are compared; the paper takes histograms.",
    )


def sobel_field(latent: Tensor) -> Tensor:
    """[B, C, 2*H*W]: the Sobel gradients of each channel as one vector."""
    return spatial_gradient(latent, mode="sobel").flatten(2)


def structure_loss(
    latent: Tensor, reference: Tensor, form: StructureForm = StructureForm.SCALE_FREE
) -> Tensor:
    """L_str, [B]: how far the Sobel gradients of `latent` are from those of `reference`."""
    check_same_latent_shape("The latent", latent, "its structure reference", reference)
    field, wanted = sobel_field(latent), sobel_field(reference)
    match form:
        case StructureForm.SCALE_FREE:
            return cosine_distance(field, wanted).mean(dim=1)
        case StructureForm.L1:
            return (field - wanted).abs().mean(dim=(1, 2))
        case _:
            options = ", ".join(f"StructureForm.{one.name}" for one in StructureForm)
            raise ValueError(f"The structure form is {form!r}, but must be one of {options}.")


def appearance_loss(
    latent: Tensor,
    domain: DomainStatistics,
    eta: Tensor | None = None,
    distance: Distance = Distance.WASSERSTEIN,
) -> Tensor:
    """[B]: mean over channels of eta_c d(H_c(latent), H_c^B); without eta all channels weigh 1."""
    check_channels("The latent", latent.shape[1], "the target domain", domain.channels)
    per_channel = domain.distances(latent, distance)
    if eta is None:
        return per_channel.mean(dim=1)
    check_eta(eta, domain.channels)
    return (per_channel * eta.to(per_channel)).mean(dim=1)


def check_eta(eta: Tensor, channels: int) -> None:
    if eta.shape != (channels,):
        raise ValueError(
            f"eta has shape {tuple(eta.shape)}, but the latent has {channels} channels: "
            f"estimate the correlation factors with the same VAE."
        )


def weighed(
    structure: Tensor,
    clean: Tensor,
    domain: DomainStatistics,
    config: LossConfig,
    eta: Tensor | None,
) -> Tensor:
    """[B]: a structure loss and the appearance loss of `clean`, added as the config says."""
    appearance = appearance_loss(clean, domain, eta, config.distance)
    return config.structure_weight * structure + config.appearance_weight * appearance
