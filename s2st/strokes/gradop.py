"""GradOP: the nearest picture to a sample that is the strokes when it is painted.

After Singh, Gould and Zheng, arXiv 2211.17084: x* = argmin L(f(x), y) + gamma d(x, x_tau), where
x_tau is one sample of the prompt; x* is then led back to the model's own pictures by noising and
denoising it. That code was never released: d is our mean squared difference of latents.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import number
from ..look.task import Task
from ..model.autoencoder import Autoencoder
from ..model.contract import Counted, Denoiser, OnStep, OnUpdate, go_on, ignore
from ..model.noise import noises_for
from ..model.parameterization import from_variance_preserving
from ..model.schedule import Schedule
from .passes import Passes
from .strokes import Strokes, check_strokes
from .updates import UpdateConfig, Updates


@dataclass(frozen=True, kw_only=True)
class GradopConfig(UpdateConfig):
    updates: int = number(60, 0, 500, "Updates in all; 0 is plain sampling.")
    gamma: float = number(
        0.0, 0.0, 1000.0, "How firmly the picture stays near the sample it starts from."
    )

    def steps(self, total: int) -> int:
        """Steps of both runs together."""
        return total + (total - self.returns_at(total) if self.updates else 0)


@torch.no_grad()
def gradop(
    model: Denoiser,
    autoencoder: Autoencoder,
    task: Task,
    strokes: Strokes,
    schedule: Schedule,
    config: GradopConfig | None = None,
    *,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Tensor:
    """Paint the task's target prompt over the strokes; `task.latent` is the strokes, encoded.

    Without updates this is plain sampling from `starting_seed`, bit for bit.
    """
    config = config or GradopConfig()
    check_strokes(strokes, task, autoencoder)
    passes = Passes(Counted(model), task.target, schedule, config.steps(schedule.steps), on_step)
    noises = noises_for(task.latent, config.noise_seed, config.shared_noise)
    sample = passes.sampled(from_variance_preserving(next(noises), schedule.sigmas[0]))
    if not config.updates:
        return sample
    updates = Updates(autoencoder, task, strokes, config, on_update)
    clean, losses = updates.optimised(sample, lambda at: config.gamma * distance(at, sample))
    first = config.returns_at(schedule.steps)
    return passes.sampled(clean + schedule.sigmas[first] * next(noises), first, losses)


def distance(latent: Tensor, other: Tensor) -> Tensor:
    """d(z, z_tau), [B]."""
    return (latent - other).square().mean(dim=(1, 2, 3))
