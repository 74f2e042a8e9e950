"""Painting in rounds: strokes are led to the model's own pictures, a little at a time.

GradOP moves a sample to the strokes and leads it back by noising and denoising it. Here the strokes
themselves are led back, from a fair amount of noise and several times over; a few updates
between two rounds bring the picture to the strokes again. Img2img over and over gets real and
drifts away; GradOP+ holds on and stays unreal: in turn they do neither. Ours; docs/strokes.md has
it beside both.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
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
class RoundsConfig(UpdateConfig):
    strength: float = number(
        0.4, 0.0, 1.0, "How far each round goes back: 1 to pure noise, 0 by one step."
    )
    rounds: int = number(6, 1, 100, "How often the picture is noised and denoised.")
    updates: int = number(2, 0, 500, "Updates between two rounds; 0 is img2img over and over.")

    def steps(self, total: int, partly: bool) -> int:
        """Steps of all rounds; `partly` where the strokes leave something to the model."""
        return total * partly + self.rounds * (total - self.returns_at(total))

    def moved_before(self, total: int, partly: bool) -> range:
        """The steps of them, counted from 0, that begin with updates."""
        each, end = total - self.returns_at(total), self.steps(total, partly)
        return range(end - (self.rounds - 1) * each, end, each)


@torch.no_grad()
def paint_in_rounds(
    model: Denoiser,
    autoencoder: Autoencoder,
    task: Task,
    strokes: Strokes,
    schedule: Schedule,
    config: RoundsConfig | None = None,
    *,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Tensor:
    """Paint the task's target prompt over the strokes; `task.latent` is the strokes, encoded.

    What was not painted begins as a sample of the prompt.
    """
    config = config or RoundsConfig()
    check_strokes(strokes, task, autoencoder)
    total = config.steps(schedule.steps, strokes.partly)
    passes = Passes(Counted(model), task.target, schedule, total, on_step)
    updates = Updates(autoencoder, task, strokes, config, on_update)
    noises = noises_for(task.latent, config.noise_seed, config.shared_noise)
    first, losses, clean = config.returns_at(schedule.steps), None, task.latent
    if strokes.painted is not None and strokes.partly:
        sample = passes.sampled(from_variance_preserving(next(noises), schedule.sigmas[0]))
        painted = F.interpolate(strokes.painted.to(clean), clean.shape[-2:], mode="area")
        clean = torch.lerp(sample, clean, painted)
    for done in range(config.rounds):
        if done and config.updates:
            clean, losses = updates.optimised(clean)
        clean = passes.sampled(clean + schedule.sigmas[first] * next(noises), first, losses)
    return clean
