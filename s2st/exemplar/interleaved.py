"""Interleaved matching and denoising, after MIDMs (Seo et al., arXiv 2209.11047), without training.

The exemplar is warped to the source by the model's own features, given noise up to a part of the
schedule, and denoised under the target prompt; before chosen steps it is matched and warped again
by what the picture has become. The last steps, in which nothing is mixed in, polish it. The paper
trains encoders for its matching; here the diffusion model's features serve. S2ST's structure term
may hold the edges of the source.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import choice, number
from ..look.drawn import Drawn, DrawnConfig
from ..look.exemplars import Matcher
from ..look.mask import restored_outside
from ..look.structure import StructureForm, structure_loss
from ..look.task import Task
from ..model.contract import (
    Counted,
    Denoiser,
    OnStep,
    OnUpdate,
    StepRecord,
    go_on,
    ignore,
)
from ..model.ddim import predicted_noise
from ..model.gradients import loss_and_gradient
from ..model.guidance import guided_denoised
from ..model.noise import noises_for
from ..model.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class InterleavedConfig(DrawnConfig):
    noise_seed: int = number(0, 0, 2**53, "Seed of the noise.")
    matching: float = number(
        1.0, 0.0, 1.0, "How much of what matches in the exemplars is mixed in; 0 only begins there."
    )
    grain: float = number(
        0.0,
        0.0,
        64.0,
        "What is finer than this many latent pixels stays the estimate's own; 0 takes all of the "
        "exemplars.",
    )
    matched_until: float = number(
        0.75, 0.0, 1.0, "Fraction of the run in which it is mixed in; the rest polishes."
    )
    rematches: int = number(
        1, 0, 100, "How many steps after the first match again, with the picture as it is then."
    )
    start: float = number(
        0.3, 0.0, 1.0, "Where denoising begins: 1 at pure noise, 0 at the end of the schedule."
    )
    iterations: int = number(
        0, 0, 500, "Updates towards the source's edges in every step; 0 leaves them to the match."
    )
    learning_rate: float = number(
        0.01, 1e-5, 10.0, "Length of an update in a run of 20 steps, in latent units."
    )
    structure: StructureForm = choice(
        StructureForm.SCALE_FREE, "How edges are compared: scale-free ignores contrast."
    )

    def begun(self, schedule: Schedule) -> Schedule:
        """The part of a schedule that runs; its last step always does."""
        first = min(int(schedule.steps * (1 - self.start)), schedule.steps - 1)
        return Schedule(schedule.sigmas[first:])


@torch.no_grad()
def interleaved(
    model: Denoiser,
    task: Task,
    schedule: Schedule,
    config: InterleavedConfig | None = None,
    *,
    matcher: Matcher | None = None,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Tensor:
    """Translate the task's latent after its exemplars; returns the translated latent.

    Another `matcher` may know better than the model's features what is like what.
    """
    config, counted = config or InterleavedConfig(), Counted(model)
    matcher = matcher or Matcher(counted, task.example, task.target.positive)
    drawn, rest = Drawn(matcher, task.latent, config), config.begun(schedule)
    rate = schedule.rate(config.learning_rate)
    noise = next(noises_for(task.latent, config.noise_seed))
    x = restored_outside(drawn.warp.latent, task.latent, task.mask) + rest.sigmas[0] * noise
    for index, (sigma, next_sigma) in enumerate(rest.pairs()):
        denoised = guided_denoised(counted, x, sigma, task.target)
        noise = predicted_noise(x, denoised, sigma)
        clean, losses = held(drawn(index, rest.steps, denoised), task, config, rate, on_update)
        clean = restored_outside(clean, task.latent, task.mask)
        x = clean + next_sigma * noise
        on_step(StepRecord(index + 1, rest.steps, x, clean, losses, counted.evaluations))
    return x


def held(
    clean: Tensor, task: Task, config: InterleavedConfig, rate: float, on_update: OnUpdate
) -> tuple[Tensor, Tensor | None]:
    """The estimate after updates towards the source's edges, and its last losses."""
    losses = None
    for _ in range(config.iterations):
        losses, gradient = loss_and_gradient(
            lambda at: structure_loss(at, task.latent, config.structure, task.mask), clean
        )
        clean = clean - rate * task.changeable * gradient
        on_update()
    return clean, losses
