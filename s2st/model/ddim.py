"""DDIM with eta = 0, both ways (Song et al. 2010.02502, eq. 12 and 13).

In k-diffusion space it is Euler's method for dx = eps dsigma, for eps-, v- and flow-predicting
models alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .checks import check_latent
from .contract import Counted, Denoiser, OnStep, StepRecord, ignore
from .guidance import Prompt, check_prompt, guided_denoised
from .parameterization import from_variance_preserving
from .schedule import Schedule


def predicted_noise(x: Tensor, denoised: Tensor, sigma: float) -> Tensor:
    """eps = (x - D) / sigma."""
    return (x - denoised) / sigma


def ddim_step(x: Tensor, denoised: Tensor, sigma: float, next_sigma: float) -> Tensor:
    """x_{t-1} = D + sigma_{t-1} eps."""
    return denoised + next_sigma * predicted_noise(x, denoised, sigma)


def ddim_inverse_step(x: Tensor, noise: Tensor, sigma: float, higher_sigma: float) -> Tensor:
    """x_{t+1} = x_t + (sigma_{t+1} - sigma_t) eps."""
    return x + (higher_sigma - sigma) * noise


@torch.no_grad()
def sample(
    model: Denoiser,
    seed: Tensor,
    prompt: Prompt | Sequence[Prompt],
    schedule: Schedule,
    on_step: OnStep = ignore,
) -> Tensor:
    """Sample from a seed in variance-preserving units (about N(0, 1)); one prompt or one a step."""
    prompts = [prompt] * schedule.steps if isinstance(prompt, Prompt) else prompt
    check_latent("seed", seed)
    check_prompts(prompts, schedule, seed.shape[0])
    counted, x = Counted(model), from_variance_preserving(seed, schedule.sigmas[0])
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        denoised = guided_denoised(counted, x, sigma, prompts[index])
        x = ddim_step(x, denoised, sigma, next_sigma)
        on_step(StepRecord(index + 1, schedule.steps, x, denoised, None, counted.evaluations))
    return x


def check_prompts(prompts: Sequence[Prompt], schedule: Schedule, batch: int) -> None:
    if len(prompts) != schedule.steps:
        raise ValueError(
            f"There are {len(prompts)} prompts for {schedule.steps} steps, but each step needs "
            f"one: use null-text embeddings with the schedule they were made for."
        )
    for prompt in {id(one): one for one in prompts}.values():
        check_prompt("prompt", prompt, batch)
