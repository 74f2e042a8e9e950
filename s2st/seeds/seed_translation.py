"""Seed translation (ST): move the inverted seed so that what it samples keeps the source's
structure and takes the target domain's appearance.

L_ST = lambda_s L_str(z0_hat, z*_0) + lambda_a sum_c eta_c d(H_c(z0_hat), H_c^B), where z0_hat is a
short differentiable DDIM run from the seed with the target prompt (the lookahead).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import choice, number
from ..look.domain import DomainStatistics, check_domain
from ..look.structure import LossConfig, structure_loss, weighed
from ..model.contract import Counted, Denoiser, OnStep, StepRecord, ignore
from ..model.ddim import ddim_step
from ..model.drain import drain
from ..model.gradients import Adam, Checkpointed, Rescaled, gradient_of, leaf_of, level
from ..model.guidance import Prompt, check_prompt, guided_denoised
from ..model.parameterization import from_variance_preserving
from ..model.schedule import Schedule
from .trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class SeedConfig(LossConfig):
    iterations: int = number(10, 0, 500, "Adam updates of the seed; the paper takes 10.")
    learning_rate: float = number(0.01, 1e-5, 1.0, "Adam's learning rate, in units of the seed.")
    lookahead: int = number(
        4, 1, 50, "Steps of the sampling run that each update looks ahead; 1 is clearly worse."
    )
    keep_shell: bool = choice(
        True, "Hold the seed at its own mean and spread, where the model expects noise."
    )


@torch.no_grad()
def translate_seed_steps(
    model: Denoiser,
    trajectory: Trajectory,
    target: Prompt,
    domain: DomainStatistics,
    config: SeedConfig,
    eta: Tensor | None = None,
) -> Generator[StepRecord, None, Tensor]:
    """Optimise the seed; each record holds the lookahead's clean estimate and its loss."""
    check_prompt("The target prompt", target, trajectory.source.shape[0])
    check_domain(domain, trajectory.source)
    counted = Counted(Rescaled(Checkpointed(model)))
    objective = SeedObjective(
        model=counted,
        source=trajectory.source,
        target=target,
        domain=domain.to(trajectory.source),
        schedule=trajectory.schedule.subsampled(config.lookahead),
        config=config,
        eta=eta,
    )
    seed, adam = trajectory.seed, Adam(trajectory.seed, config.learning_rate, Adam.LEVEL_EPSILON)
    for index in range(config.iterations):
        leaf, clean, losses = objective.attempt(seed)
        moved = adam.step(seed, level(gradient_of(losses, leaf)))
        seed = on_shell(moved, trajectory.seed) if config.keep_shell else moved
        x = from_variance_preserving(seed, trajectory.schedule.sigmas[0])
        yield StepRecord(
            index + 1,
            config.iterations,
            x,
            clean.detach(),
            losses.detach(),
            counted.evaluations,
            counted.gradients,
        )
    return seed


def translate_seed(
    model: Denoiser,
    trajectory: Trajectory,
    target: Prompt,
    domain: DomainStatistics,
    config: SeedConfig | None = None,
    eta: Tensor | None = None,
    on_step: OnStep = ignore,
) -> Tensor:
    """The translated seed in variance-preserving units, about N(0, 1)."""
    config = config or SeedConfig()
    return drain(translate_seed_steps(model, trajectory, target, domain, config, eta), on_step)


@dataclass(frozen=True, kw_only=True)
class SeedObjective:
    """L_ST of a seed."""

    model: Denoiser
    source: Tensor
    target: Prompt
    domain: DomainStatistics
    schedule: Schedule
    config: SeedConfig
    eta: Tensor | None

    @torch.enable_grad()
    def attempt(self, seed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(the seed as a leaf, the clean latent it leads to, its losses [B]), ready to go back."""
        leaf = leaf_of(seed)
        x = from_variance_preserving(leaf, self.schedule.sigmas[0])
        clean = lookahead(self.model, x, self.target, self.schedule)
        structure = structure_loss(clean, self.source, self.config.structure)
        return leaf, clean, weighed(structure, clean, self.domain, self.config, self.eta)


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
