"""GradOP+: gradient steps towards the strokes inside one sampling run.

After Singh, Gould and Zheng, arXiv 2211.17084, as its code was released. Sampling starts at pure
noise. At a few high noise levels the latent is moved until its picture, painted, is the strokes;
it then counts as clean and gets new noise, of which only a hint of low frequency comes through:
that is why the result stays realistic. Nothing goes back through the diffusion model.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from ..kit.settings import choice, number
from ..look.task import Task
from ..model.autoencoder import Autoencoder
from ..model.contract import Counted, Denoiser, OnStep, OnUpdate, StepRecord, go_on, ignore
from ..model.ddim import ddim_step, predicted_noise
from ..model.guidance import guided_denoised
from ..model.noise import noises_for
from ..model.parameterization import from_variance_preserving, to_variance_preserving
from ..model.schedule import Schedule
from .strokes import Strokes, check_strokes
from .updates import UpdateConfig, Updates


class Variable(str, Enum):
    """What is moved."""

    STATE = "noisy latent"  # as released: after the sampler's step, decoded as if it were clean
    ESTIMATE = "clean estimate"  # x0-hat of the step


class Noise(str, Enum):
    """What the moved latent is noised with."""

    FRESH = "fresh"  # as released
    KEPT = "kept"  # what the model saw in it


@dataclass(frozen=True, kw_only=True)
class GradopPlusConfig(UpdateConfig):
    optimised: int = number(3, 0, 1000, "How many steps are optimised, from the first on.")
    variable: Variable = choice(
        Variable.ESTIMATE, "What the updates move; the noisy latent, decoded as it is, as released."
    )
    noise: Noise = choice(
        Noise.KEPT, "The noise that is added to it afterwards; fresh as released."
    )

    def optimises(self, index: int, steps: int) -> bool:
        """Whether step `index` of `steps` is; the last leads to no noise, and never is."""
        first = self.begins(steps)
        return bool(self.updates) and first <= index < min(first + self.optimised, steps - 1)


@torch.no_grad()
def gradop_plus(
    model: Denoiser,
    autoencoder: Autoencoder,
    task: Task,
    strokes: Strokes,
    schedule: Schedule,
    config: GradopPlusConfig | None = None,
    *,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Tensor:
    """Paint the task's target prompt over the strokes; `task.latent` is the strokes, encoded.

    Without updates this is plain sampling from `starting_seed`, bit for bit.
    """
    config = config or GradopPlusConfig()
    check_strokes(strokes, task, autoencoder)
    counted = Counted(model)
    updates = Updates(autoencoder, task, strokes, config, on_update)
    noises = noises_for(task.latent, config.noise_seed, config.shared_noise)
    x = from_variance_preserving(next(noises), schedule.sigmas[0])
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        denoised, losses = guided_denoised(counted, x, sigma, task.target), None
        reached = ddim_step(x, denoised, sigma, next_sigma)
        if config.optimises(index, schedule.steps):
            clean = denoised
            if config.variable is Variable.STATE:
                clean = to_variance_preserving(reached, next_sigma)
            clean, losses = updates.optimised(clean)
            fresh = config.noise is Noise.FRESH
            noise = next(noises) if fresh else predicted_noise(x, denoised, sigma)
            reached = clean + next_sigma * noise
        x = reached
        on_step(StepRecord(index + 1, schedule.steps, x, denoised, losses, counted.evaluations))
    return x


def starting_seed(latent: Tensor, noise_seed: int, shared: bool = True) -> Tensor:
    """The seed from which both methods sample latents of this shape; z_T, about N(0, 1)."""
    return next(noises_for(latent, noise_seed, shared))
