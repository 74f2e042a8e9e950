"""lambda_s L_str + lambda_a L_app: what every method asks of a clean latent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..kit.settings import Settings, choice, number
from .structure import StructureForm, structure_loss
from .task import Task


@dataclass(frozen=True, kw_only=True)
class LossConfig(Settings):
    """The weights of the two terms; methods have their own defaults."""

    structure_weight: float = number(
        1.0, 0.0, 1000.0, "lambda_s: how firmly edges stay where they are."
    )
    appearance_weight: float = number(
        1.0, 0.0, 1000.0, "lambda_a: how strongly the target domain's look is asked for."
    )
    structure: StructureForm = choice(
        StructureForm.SCALE_FREE, "How edges are compared: scale-free ignores contrast."
    )


@dataclass(frozen=True)
class Objective:
    """The two terms for one task, over what its mask lets change."""

    task: Task
    config: LossConfig
    distances: Callable[[Tensor], Tensor] | None  # [B, C] from the look; None asks for none

    def __call__(self, clean: Tensor, structure: Tensor | None = None) -> Tensor:
        """[B]; `structure` where something else than `clean` is compared with the source."""
        if structure is None:
            structure = self.structure(clean, self.task.latent)
        losses = self.config.structure_weight * structure
        if self.distances is None:
            return losses
        return losses + self.config.appearance_weight * self.appearance(clean)

    def structure(self, latent: Tensor, reference: Tensor) -> Tensor:
        """L_str, [B]."""
        return structure_loss(latent, reference, self.config.structure, self.task.mask)

    def appearance(self, clean: Tensor) -> Tensor:
        """L_app, [B]: mean over channels of eta_c d_c; without eta all channels weigh 1."""
        assert self.distances is not None
        distances = self.distances(clean)
        eta = self.task.eta
        return (distances if eta is None else eta.to(distances) * distances).mean(dim=1)
