"""Trajectory optimisation (TO): every DDIM latent z_t is optimised, with the source's inversion
trajectory as reference, while sampling with the target prompt.

L_TO = lambda_s L_str + lambda_a sum_c eta_c d(H_c(x0_hat(z_t)), H_c^B).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from ..kit.settings import choice, number
from ..look.domain import DomainStatistics, check_domain
from ..look.mask import check_mask, restored_outside
from ..look.structure import LossConfig, structure_loss, weighed
from ..model.checks import check_latent, check_same_latent_shape
from ..model.contract import Counted, Denoiser, OnStep, StepRecord, ignore
from ..model.ddim import check_prompts, ddim_step, predicted_noise
from ..model.drain import drain
from ..model.gradients import Adam, Rescaled, level, loss_and_gradient
from ..model.guidance import Prompt, guided_denoised
from ..model.parameterization import from_variance_preserving, to_variance_preserving
from .null_text import NullText
from .trajectory import Trajectory


class Gradient(str, Enum):
    """How x0_hat depends on z_t while a step is optimised."""

    FROZEN = "frozen"  # eps held fixed, x0_hat = x_t - sigma eps: no backward pass, no evaluation
    EXACT = "exact"  # through the model


class Reference(str, Enum):
    """What the structure of a step is compared with."""

    SOURCE = "source"  # x0_hat(z_t) with z*_0: binds harder
    STATES = "states"  # z_t with z*_t


@dataclass(frozen=True, kw_only=True)
class TrajectoryConfig(LossConfig):
    iterations: int = number(10, 0, 500, "Adam updates in every step; the paper takes 10.")
    learning_rate: float = number(0.005, 1e-5, 1.0, "Adam's learning rate, in units of the seed.")
    start: float = number(0.0, 0.0, 1.0, "Fraction of the run after which optimising begins.")
    end: float = number(1.0, 0.0, 1.0, "Fraction of the run after which optimising stops.")
    gradient: Gradient = choice(
        Gradient.FROZEN,
        "frozen costs no more than sampling; exact goes back through the model in every update.",
    )
    reference: Reference = choice(
        Reference.SOURCE, "Compare edges of the clean estimate with the source, or of the states."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start > self.end:
            raise ValueError(
                f"start is {self.start:g} and end is {self.end:g}, but start must not come after "
                f"end: swap them."
            )

    def optimises(self, index: int, total: int) -> bool:
        """Whether step `index` of `total` lies between start and end."""
        return self.iterations > 0 and self.start <= index / total < self.end


@torch.no_grad()
def optimize_trajectory_steps(
    model: Denoiser,
    trajectory: Trajectory,
    seed: Tensor,
    target: Prompt,
    domain: DomainStatistics,
    config: TrajectoryConfig,
    *,
    null_text: NullText | None = None,
    eta: Tensor | None = None,
    mask: Tensor | None = None,
) -> Generator[StepRecord, None, Tensor]:
    """Sample from `seed`, optimising each state before it is left; returns the clean latent."""
    schedule = trajectory.schedule
    prompts = null_text.prompts(target) if null_text else [target] * schedule.steps
    _check_inputs(trajectory, seed, prompts, domain, mask)
    counted, domain = Counted(Rescaled(model)), domain.to(seed)
    objective = Objective(trajectory, domain, config, eta)
    x = from_variance_preserving(seed, schedule.sigmas[0])
    x = restored_outside(x, trajectory.states[-1], mask)
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        t, losses = schedule.steps - index, None
        denoised = guided_denoised(counted, x, sigma, prompts[index])
        if config.optimises(index, schedule.steps):
            x, denoised, losses = optimized_state(
                counted, x, denoised, sigma, t, prompts[index], objective
            )
        x = ddim_step(x, denoised, sigma, next_sigma)
        x = restored_outside(x, trajectory.state(t - 1), mask)
        yield StepRecord(
            index + 1,
            schedule.steps,
            x,
            denoised,
            losses,
            counted.evaluations,
            counted.gradients,
        )
    return x


def optimize_trajectory(
    model: Denoiser,
    trajectory: Trajectory,
    seed: Tensor,
    target: Prompt,
    domain: DomainStatistics,
    config: TrajectoryConfig | None = None,
    *,
    null_text: NullText | None = None,
    eta: Tensor | None = None,
    mask: Tensor | None = None,
    on_step: OnStep = ignore,
) -> Tensor:
    """The translated latent, from a seed in variance-preserving units.

    Outside `mask` ([1 or B, 1, H, W], 1 where the picture may change) the source is kept.
    """
    steps = optimize_trajectory_steps(
        model,
        trajectory,
        seed,
        target,
        domain,
        config or TrajectoryConfig(),
        null_text=null_text,
        eta=eta,
        mask=mask,
    )
    return drain(steps, on_step)


@dataclass(frozen=True)
class Objective:
    """L_TO at one state of the trajectory."""

    trajectory: Trajectory
    domain: DomainStatistics
    config: TrajectoryConfig
    eta: Tensor | None

    def __call__(self, z: Tensor, clean: Tensor, t: int) -> Tensor:
        """[B], for a variance-preserving state z_t and its clean estimate x0_hat(z_t)."""
        return weighed(self._structure(z, clean, t), clean, self.domain, self.config, self.eta)

    def _structure(self, z: Tensor, clean: Tensor, t: int) -> Tensor:
        match self.config.reference:
            case Reference.SOURCE:
                return structure_loss(clean, self.trajectory.source, self.config.structure)
            case Reference.STATES:
                sigma = self.trajectory.schedule.sigma(t)
                wanted = to_variance_preserving(self.trajectory.state(t), sigma)
                return structure_loss(z, wanted, self.config.structure)
            case _:
                options = ", ".join(f"Reference.{one.name}" for one in Reference)
                raise ValueError(
                    f"The reference is {self.config.reference!r}, but must be one of {options}."
                )


def optimized_state(
    model: Denoiser,
    x: Tensor,
    denoised: Tensor,
    sigma: float,
    t: int,
    prompt: Prompt,
    objective: Objective,
) -> tuple[Tensor, Tensor, Tensor]:
    """The state x_t after the inner iterations, its clean estimate and its last losses.

    The variable is z_t, the variance-preserving latent, so that a learning rate means the same at
    every noise level.
    """
    config = objective.config
    noise = predicted_noise(x, denoised, sigma)

    def clean_of(z: Tensor) -> Tensor:
        state = from_variance_preserving(z, sigma)
        match config.gradient:
            case Gradient.FROZEN:
                return state - sigma * noise
            case Gradient.EXACT:
                return guided_denoised(model, state, sigma, prompt)
            case _:
                raise ValueError(f"The gradient is {config.gradient!r}, but must be a Gradient.")

    z = to_variance_preserving(x, sigma)
    adam = Adam(z, config.learning_rate, Adam.LEVEL_EPSILON)
    for _ in range(config.iterations):
        losses, gradient = loss_and_gradient(lambda at: objective(at, clean_of(at), t), z)
        z = adam.step(z, level(gradient))
    return from_variance_preserving(z, sigma), clean_of(z), losses


def _check_inputs(
    trajectory: Trajectory,
    seed: Tensor,
    prompts: list[Prompt],
    domain: DomainStatistics,
    mask: Tensor | None,
) -> None:
    check_latent("seed", seed)
    check_same_latent_shape("The seed", seed, "the trajectory", trajectory.source)
    check_prompts(prompts, trajectory.schedule, seed.shape[0])
    check_domain(domain, trajectory.source)
    if mask is not None:
        check_mask(mask, seed)
