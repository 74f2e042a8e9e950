"""What was painted: the strokes, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..look.mask import check_mask
from ..look.task import Task
from ..model.autoencoder import Autoencoder
from ..model.checks import check_finite, check_tensor


@dataclass(frozen=True)
class Strokes:
    """y: a batch of paintings; checked when it is made."""

    picture: Tensor  # [B, 3, H, W] in 0..1
    painted: Tensor | None = None  # [1 or B, 1, H, W]: 1 is painted, 0 is left to the model

    def __post_init__(self) -> None:
        check_tensor("The stroke picture", self.picture)
        if self.picture.ndim != 4 or self.picture.shape[1] != 3:
            raise ValueError(
                f"The stroke picture has shape {tuple(self.picture.shape)}, but needs [batch, 3, "
                f"height, width]: drop its alpha channel, or repeat its grey one."
            )
        check_finite("The stroke picture", self.picture)
        if self.painted is None:
            return
        check_mask(self.painted, self.picture)
        if not self.painted.flatten(1).any(dim=1).all():
            raise ValueError(
                "The mask of what was painted is black for one picture or all, but some of each "
                "must be painted: leave the mask out where everything is."
            )

    @property
    def partly(self) -> bool:
        """Whether something is left to the model."""
        return self.painted is not None and bool((self.painted < 1).any())


def check_strokes(strokes: Strokes, task: Task, autoencoder: Autoencoder) -> None:
    """The strokes are as large as the task's pictures and as many."""
    batch, _, height, width = task.latent.shape
    expected = (batch, 3, height * autoencoder.stride, width * autoencoder.stride)
    if strokes.picture.shape != torch.Size(expected):
        raise ValueError(
            f"The stroke picture has shape {tuple(strokes.picture.shape)}, but the task's latent "
            f"needs {expected}: encode this very picture with the same autoencoder."
        )
    if task.mask is not None:
        raise ValueError(
            "The task has a mask of what may change, but a picture from strokes is new "
            "everywhere: say in Strokes.painted where the strokes are."
        )
