"""Trajectory optimisation (TO): every DDIM latent z_t is optimised, with the source's inversion
trajectory as reference, while sampling with the target prompt.

L_TO = lambda_s L_str + lambda_a sum_c eta_c d(H_c(x0_hat(z_t)), H_c^B).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from ..kit.settings import choice, number
from ..look.mask import restored_outside
from ..look.objective import Objective
from ..look.regional import whole_look
from ..look.task import Task
from ..model.checks import check_latent, check_same_latent_shape
from ..model.contract import Counted, Denoiser, OnStep, OnUpdate, StepRecord, go_on, ignore
from ..model.ddim import check_prompts, ddim_step, predicted_noise
from ..model.gradients import Adam, Rescaled, level, loss_and_gradient
from ..model.guidance import Prompt, guided_denoised
from ..model.parameterization import from_variance_preserving, to_variance_preserving
from .null_text import NullText
from .terms import TermsConfig
from .trajectory import Trajectory, check_trajectory


class Gradient(str, Enum):
    """How x0_hat depends on z_t while a step is optimised."""

    FROZEN = "frozen"  # eps held fixed, x0_hat = x_t - sigma eps: no backward pass, no evaluation
    EXACT = "exact"  # through the model


class Reference(str, Enum):
    """What the structure of a step is compared with."""

    SOURCE = "source"  # x0_hat(z_t) with z*_0: binds harder
    STATES = "states"  # z_t with z*_t


@dataclass(frozen=True, kw_only=True)
class TrajectoryConfig(TermsConfig):
    iterations: int = number(10, 0, 500, "Adam updates in every step; the paper takes 10.")
    learning_rate: float = number(
        0.01,
        1e-5,
        1.0,
        "Adam's learning rate in a run of 20 steps, in units of the latent; in shorter runs it is "
        "higher, so that a run goes equally far.",
    )
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

    def asks(self, total: int) -> int:
        """How often a run of `total` steps asks for a guided estimate."""
        exact = self.gradient is Gradient.EXACT
        optimised = sum(self.optimises(index, total) for index in range(total))
        return total + (self.iterations * optimised if exact else 0)


@torch.no_grad()
def optimize_trajectory(
    model: Denoiser,
    trajectory: Trajectory,
    seed: Tensor,
    task: Task,
    config: TrajectoryConfig | None = None,
    *,
    null_text: NullText | None = None,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Tensor:
    """Sample from `seed`, optimising each state before it is left; returns the clean latent.

    `seed` is in variance-preserving units. Outside the task's mask the source is kept.
    """
    config, schedule = config or TrajectoryConfig(), trajectory.schedule
    prompts = null_text.prompts(task.target) if null_text else [task.target] * schedule.steps
    _check_inputs(trajectory, seed, prompts, task)
    counted = Counted(Rescaled(model))
    asked = _Asked(trajectory, Objective(task, config, _look(task, config)), config, on_update)
    x = from_variance_preserving(seed, schedule.sigmas[0])
    x = restored_outside(x, trajectory.states[-1], task.mask)
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        t = schedule.steps - index
        at = _Level(counted, sigma, t, prompts[index])
        if config.optimises(index, schedule.steps):
            x, denoised, losses = asked.optimised(at, x)
        else:
            denoised, losses = at.denoised(x), None
        x = ddim_step(x, denoised, sigma, next_sigma)
        x = restored_outside(x, trajectory.state(t - 1), task.mask)
        spent = (counted.evaluations, counted.gradients)
        on_step(StepRecord(index + 1, schedule.steps, x, denoised, losses, *spent))
    return x


def _look(task: Task, config: TrajectoryConfig) -> Callable[[Tensor], Tensor] | None:
    if config.iterations == 0:
        return None
    return whole_look(task, config.distance)


@dataclass(frozen=True)
class _Level:
    """The model at one noise level, under that step's prompt."""

    model: Denoiser
    sigma: float
    t: int
    prompt: Prompt

    def denoised(self, x: Tensor) -> Tensor:
        return guided_denoised(self.model, x, self.sigma, self.prompt)


@dataclass(frozen=True)
class _Asked:
    """L_TO of a state, and the updates that lower it."""

    trajectory: Trajectory
    objective: Objective
    config: TrajectoryConfig
    on_update: OnUpdate

    def losses(self, state: Tensor, clean: Tensor, at: _Level) -> Tensor:
        """[B], for a state x_t and its clean estimate x0_hat."""
        match self.config.reference:
            case Reference.SOURCE:
                return self.objective(clean)
            case Reference.STATES:
                z, wanted = (
                    to_variance_preserving(one, at.sigma)
                    for one in (state, self.trajectory.state(at.t))
                )
                return self.objective(clean, self.objective.structure(z, wanted))
            case _:
                options = ", ".join(f"Reference.{one.name}" for one in Reference)
                raise ValueError(
                    f"The reference is {self.config.reference!r}, but must be one of {options}."
                )

    def optimised(self, at: _Level, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The state after the inner iterations, its clean estimate and its last losses."""
        match self.config.gradient:
            case Gradient.FROZEN:
                return self._frozen(at, x)
            case Gradient.EXACT:
                return self._exact(at, x)
            case _:
                raise ValueError(
                    f"The gradient is {self.config.gradient!r}, but must be a Gradient."
                )

    def _frozen(self, at: _Level, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The clean estimate moves and takes its state along: eps is held, so both move alike.

        Moving z_t instead would move the clean estimate by sqrt(1 + sigma^2) times as much, which
        has no bound where sigma has none.
        """
        denoised = at.denoised(x)
        ahead = at.sigma * predicted_noise(x, denoised, at.sigma)
        clean, losses = self._lowered(lambda one: self.losses(one + ahead, one, at), denoised)
        return clean + ahead, clean, losses

    def _exact(self, at: _Level, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z_t moves, and the model is asked what its clean estimate then is."""

        def losses_of(z: Tensor) -> Tensor:
            state = from_variance_preserving(z, at.sigma)
            return self.losses(state, at.denoised(state), at)

        z, losses = self._lowered(losses_of, to_variance_preserving(x, at.sigma))
        state = from_variance_preserving(z, at.sigma)
        return state, at.denoised(state), losses

    def _lowered(
        self, losses_of: Callable[[Tensor], Tensor], variable: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The variable after the updates, and the losses before the last of them."""
        rate = self.trajectory.schedule.rate(self.config.learning_rate)
        adam = Adam(variable, rate, Adam.LEVEL_EPSILON)
        for _ in range(self.config.iterations):
            losses, gradient = loss_and_gradient(losses_of, variable)
            variable = adam.step(variable, level(gradient))
            self.on_update()
        return variable, losses


def _check_inputs(trajectory: Trajectory, seed: Tensor, prompts: list[Prompt], task: Task) -> None:
    check_latent("seed", seed)
    check_trajectory(trajectory, task.latent)
    check_same_latent_shape("The seed", seed, "the trajectory", trajectory.source)
    check_prompts(prompts, trajectory.schedule, seed.shape[0])
