"""Seed translation (ST): move the inverted seed so that what it samples keeps the source's
structure and takes the target domain's appearance.

L_ST = lambda_s L_str(z0_hat, z*_0) + lambda_a sum_c eta_c d(H_c(z0_hat), H_c^B), where z0_hat is a
short differentiable DDIM run from the seed with the target prompt (the lookahead).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import choice, number
from ..look.objective import Objective
from ..look.regional import whole_look
from ..look.task import Task
from ..model.contract import Counted, Denoiser, OnStep, StepRecord, ignore
from ..model.ddim import ddim_step
from ..model.gradients import Adam, Rescaled, gradient_of, leaf_of, level
from ..model.guidance import Prompt, guided_denoised
from ..model.parameterization import from_variance_preserving
from ..model.schedule import Schedule
from .terms import TermsConfig
from .trajectory import Trajectory, check_trajectory


@dataclass(frozen=True, kw_only=True)
class SeedConfig(TermsConfig):
    iterations: int = number(10, 0, 500, "Adam updates of the seed; the paper takes 10.")
    learning_rate: float = number(0.01, 1e-5, 1.0, "Adam's learning rate, in units of the seed.")
    lookahead: int = number(
        4, 1, 50, "Steps of the sampling run that each update looks ahead; 1 is clearly worse."
    )
    keep_shell: bool = choice(
        True, "Hold the seed at its own mean and spread, where the model expects noise."
    )


@torch.no_grad()
def translate_seed(
    model: Denoiser,
    trajectory: Trajectory,
    task: Task,
    config: SeedConfig | None = None,
    *,
    on_step: OnStep = ignore,
) -> Tensor:
    """The translated seed in variance-preserving units, about N(0, 1).

    Each record holds the lookahead's clean estimate and its loss.
    """
    config = config or SeedConfig()
    check_trajectory(trajectory, task.latent)
    counted, highest = Counted(Rescaled(model)), trajectory.schedule.sigmas[0]
    objective = Objective(task, config, whole_look(task, config.distance))
    ahead = trajectory.schedule.subsampled(config.lookahead)
    seed, adam = trajectory.seed, Adam(trajectory.seed, config.learning_rate, Adam.LEVEL_EPSILON)
    for index in range(config.iterations):
        with torch.enable_grad():
            leaf = leaf_of(seed)
            clean = lookahead(counted, from_variance_preserving(leaf, highest), task.target, ahead)
            losses = objective(clean)
        moved = adam.step(seed, level(gradient_of(losses, leaf)))
        seed = on_shell(moved, trajectory.seed) if config.keep_shell else moved
        x, spent = from_variance_preserving(seed, highest), (counted.evaluations, counted.gradients)
        shown = clean.detach(), losses.detach()
        on_step(StepRecord(index + 1, config.iterations, x, *shown, *spent))
    return seed


def lookahead(model: Denoiser, x: Tensor, target: Prompt, schedule: Schedule) -> Tensor:
    """z0_hat: a short DDIM run whose every step can be differentiated."""
    for sigma, next_sigma in schedule.pairs():
        x = ddim_step(x, guided_denoised(model, x, sigma, target), sigma, next_sigma)
    return x


def on_shell(seed: Tensor, like: Tensor) -> Tensor:
    """`seed` moved and scaled to the mean and standard deviation of `like`, image by image."""
    axes = (1, 2, 3)
    mean, spread = seed.mean(axes, keepdim=True), seed.std(axes, keepdim=True)
    wanted_mean, wanted_spread = like.mean(axes, keepdim=True), like.std(axes, keepdim=True)
    return (seed - mean) / spread * wanted_spread + wanted_mean
