"""DDIM inversion: from the source latent z*_0 up to its seed z*_T, storing every state.

Paper: the inversion trajectory that translation starts from and refers to. Guidance is w = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import Settings, choice, number
from ..model.checks import check_conditioning, check_latent
from ..model.contract import Conditioning, Counted, Denoiser, OnStep, StepRecord, ignore
from ..model.ddim import ddim_inverse_step, predicted_noise
from ..model.schedule import MAX_STEPS, MIN_STEPS, Schedule, Spacing, make_schedule
from .trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class InversionConfig(Settings):
    steps: int = number(
        50, MIN_STEPS, MAX_STEPS, "DDIM steps T: more steps invert more exactly and take longer."
    )
    spacing: Spacing = choice(
        Spacing.LEADING, "Which of the model's timesteps are visited (names as in diffusers)."
    )
    refine: int = number(
        0,
        0,
        20,
        "Fixed-point iterations per step, one evaluation each, which bring sampling back closer to "
        "the source: from 2 on they cost more than none.",
    )

    def schedule(self, sigma_table: Tensor) -> Schedule:
        return make_schedule(sigma_table, self.steps, self.spacing)

    @property
    def evaluations(self) -> int:
        """Of the model, for the whole inversion."""
        return self.refine * self.steps + 1 if self.refine else self.steps


@torch.no_grad()
def invert(
    model: Denoiser,
    latent: Tensor,
    source: Conditioning,
    sigma_table: Tensor,
    config: InversionConfig | None = None,
    facts: Mapping[str, object] | None = None,
    on_step: OnStep = ignore,
) -> Trajectory:
    """Ascend from `latent` with the source prompt and keep every state.

    `facts` (say, the model's name) are kept beside how the trajectory was made.
    """
    config = config or InversionConfig()
    check_latent("The source latent", latent)
    check_conditioning("The source prompt", source, latent.shape[0])
    schedule, counted = config.schedule(sigma_table), Counted(model)
    states, step = [latent], _Ascent(counted, source, config.refine)
    for higher_sigma, sigma in reversed(schedule.pairs()):
        states.append(step.up(states[-1], sigma, higher_sigma))
        done, evaluations = len(states) - 1, counted.evaluations
        on_step(StepRecord(done, schedule.steps, states[-1], step.denoised, None, evaluations))
    made = {"steps": config.steps, "spacing": config.spacing.value, "refine": config.refine}
    return Trajectory(torch.stack(states), schedule, {**made, **(facts or {})})


class _Ascent:
    """The inverse steps of one run, each of which knows the eps last seen below it."""

    def __init__(self, model: Denoiser, source: Conditioning, refine: int) -> None:
        self._model, self._source, self._refine = model, source, refine
        self._noise: Tensor | None = None  # kept by refined steps only
        self.denoised: Tensor  # the last estimate, for previews

    def up(self, x: Tensor, sigma: float, higher_sigma: float) -> Tensor:
        """x_{t+1} from x_t: the explicit step, or a refined one.

        A clean latent (sigma = 0) has no eps of its own: there the model is asked one level above.
        """
        noise = self._noise
        if noise is None:
            noise = self._noise_at(x, sigma if sigma > 0 else higher_sigma)
        guess = ddim_inverse_step(x, noise, sigma, higher_sigma)
        return self._refined(x, guess, noise, sigma, higher_sigma) if self._refine else guess

    def _refined(
        self, x: Tensor, guess: Tensor, noise: Tensor, sigma: float, higher_sigma: float
    ) -> Tensor:
        """Fixed-point iterations towards the state from which the sampler's step returns to x.

        AIDI (Pan et al. 2309.04907): x_{t+1} <- x_t + (sigma_{t+1} - sigma_t) eps(x_{t+1}). What an
        iteration moves is exactly what the sampler would miss from where it began, so that,
        picture by picture the best state is known, or about to be reached where it fell last.
        """
        best, best_noise, least = guess, noise, x.new_full((len(x),), torch.inf)
        for _ in range(self._refine):
            noise = self._noise_at(guess, higher_sigma)
            moved = ddim_inverse_step(x, noise, sigma, higher_sigma)
            missed = (moved - guess).square().mean(dim=(1, 2, 3))
            fell = missed < least
            best, best_noise = _chosen(fell, guess, best), _chosen(fell, noise, best_noise)
            guess, least = moved, torch.minimum(missed, least)
        self._noise = best_noise
        return _chosen(fell, guess, best)

    def _noise_at(self, x: Tensor, sigma: float) -> Tensor:
        self.denoised = self._model.denoise(x, sigma, self._source)
        return predicted_noise(x, self.denoised, sigma)


def _chosen(which: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """Picture by picture: `one` where `which` [B], else `other`."""
    return torch.where(which[:, None, None, None], one, other)
