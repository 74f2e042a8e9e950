"""DDIM inversion: from the source latent z*_0 up to its seed z*_T, storing every state.

Paper: the inversion trajectory that translation starts from and refers to. Guidance is w = 1.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import Settings, choice, number
from ..model.checks import check_conditioning, check_latent
from ..model.contract import Conditioning, Counted, Denoiser, OnStep, StepRecord, ignore
from ..model.ddim import ddim_inverse_step, predicted_noise
from ..model.drain import drain
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
        "Fixed-point iterations per step: each costs one more evaluation and brings sampling back "
        "closer to the source.",
    )

    def schedule(self, sigma_table: Tensor) -> Schedule:
        return make_schedule(sigma_table, self.steps, self.spacing)


@torch.no_grad()
def invert_steps(
    model: Denoiser,
    latent: Tensor,
    source: Conditioning,
    schedule: Schedule,
    refine: int = 0,
) -> Generator[StepRecord, None, Tensor]:
    """Ascend from `latent` with the source prompt; returns the states [T + 1, B, C, H, W]."""
    check_latent("The source latent", latent)
    check_conditioning("The source prompt", source, latent.shape[0])
    counted = Counted(model)
    states = [latent]
    for higher_sigma, sigma in reversed(schedule.pairs()):
        x, denoised = inverted(counted, states[-1], source, sigma, higher_sigma)
        for _ in range(refine):
            x, denoised = refined(counted, states[-1], x, source, sigma, higher_sigma)
        states.append(x)
        yield StepRecord(len(states) - 1, schedule.steps, x, denoised, None, counted.evaluations)
    return torch.stack(states)


def inverted(
    model: Denoiser, x: Tensor, source: Conditioning, sigma: float, higher_sigma: float
) -> tuple[Tensor, Tensor]:
    """The explicit inverse step, with eps taken at the state it leaves.

    A clean latent (sigma = 0) has no eps of its own: there the model is asked at the level above.
    """
    asked = sigma if sigma > 0 else higher_sigma
    denoised = model.denoise(x, asked, source)
    noise = predicted_noise(x, denoised, asked)
    return ddim_inverse_step(x, noise, sigma, higher_sigma), denoised


def refined(
    model: Denoiser,
    x: Tensor,
    higher_x: Tensor,
    source: Conditioning,
    sigma: float,
    higher_sigma: float,
) -> tuple[Tensor, Tensor]:
    """One fixed-point iteration towards the state from which the sampler's own step returns to x.

    AIDI (Pan et al. 2309.04907): x_{t+1} <- x_t + (sigma_{t+1} - sigma_t) eps(x_{t+1}).
    """
    denoised = model.denoise(higher_x, higher_sigma, source)
    noise = predicted_noise(higher_x, denoised, higher_sigma)
    return ddim_inverse_step(x, noise, sigma, higher_sigma), denoised


def invert(
    model: Denoiser,
    latent: Tensor,
    source: Conditioning,
    sigma_table: Tensor,
    config: InversionConfig | None = None,
    facts: Mapping[str, object] | None = None,
    on_step: OnStep = ignore,
) -> Trajectory:
    """The whole trajectory; `facts` (say, the model's name) are kept beside how it was made."""
    config = config or InversionConfig()
    schedule = config.schedule(sigma_table)
    states = drain(invert_steps(model, latent, source, schedule, config.refine), on_step)
    made = {"steps": config.steps, "spacing": config.spacing.value, "refine": config.refine}
    return Trajectory(states, schedule, {**made, **(facts or {})})
