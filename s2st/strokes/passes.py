"""Several runs of one sampler, told of as one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..model.contract import Counted, OnStep, StepRecord
from ..model.ddim import ddim_step
from ..model.guidance import Prompt, guided_denoised
from ..model.schedule import Schedule


@dataclass
class Passes:
    """Denoises from one step or another to the end; steps are numbered through."""

    model: Counted
    prompt: Prompt
    schedule: Schedule
    total: int  # steps of all runs together
    on_step: OnStep
    done: int = 0

    def sampled(self, x: Tensor, first: int = 0, losses: Tensor | None = None) -> Tensor:
        """A state at step `first`, denoised; its first step tells the losses that led to it."""
        for sigma, next_sigma in self.schedule.pairs()[first:]:
            denoised = guided_denoised(self.model, x, sigma, self.prompt)
            x = ddim_step(x, denoised, sigma, next_sigma)
            self.done += 1
            evaluations = self.model.evaluations
            self.on_step(StepRecord(self.done, self.total, x, denoised, losses, evaluations))
            losses = None
        return x
