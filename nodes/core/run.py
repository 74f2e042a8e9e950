"""How a node runs a stage: a session on the model, a progress bar, and the check of gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...s2st import (
    Conditioning,
    Denoiser,
    Prompt,
    Schedule,
    StepRecord,
    Trajectory,
    verify_gradient,
)
from ...s2st.model.contract import OnStep, OnUpdate
from .devices import load_device
from .progress import Progress, stop_if_interrupted
from .session import Session

CHECKED_SIGMA = 1.0  # gradients are checked where structure forms and the slope is clear
CHECK_SEED = 2312
EMPTY = torch.empty(0)  # records are kept without their pictures


@dataclass(frozen=True)
class Stage:
    """What a stage's work is given."""

    model: Denoiser  # moves the bar with each evaluation
    unwatched: Denoiser
    prompts: Mapping[str, Conditioning]
    device: torch.device
    progress: Progress

    @property
    def on_update(self) -> OnUpdate:
        """What loops call between updates that ask no model, so that Cancel need not wait."""
        return stop_if_interrupted

    def target(self, scale: float) -> Prompt:
        """The prompts called positive and negative, with guidance."""
        return Prompt(self.prompts["positive"], self.prompts["negative"], scale)


class Recorder:
    """Keeps the records of a loop for its chart and report."""

    def __init__(self) -> None:
        self.records: list[StepRecord] = []

    def also(self, listener: OnStep) -> OnStep:
        """A listener that records before it passes on."""

        def listen(record: StepRecord) -> None:
            loss = None if record.loss is None else record.loss.cpu()
            self.records.append(replace(record, latent=EMPTY, denoised=EMPTY, loss=loss))
            listener(record)

        return listen

    @property
    def losses(self) -> list[float]:
        return [float(one.loss.mean()) for one in self.records if one.loss is not None]


def run_stage(
    patcher,
    prompts: Mapping[str, list],
    shape: tuple[int, ...],
    schedule: Schedule,
    expected: dict[str, int],
    work: Callable[[Stage], object],
    gradients: bool = False,
):
    """Run `work` on the loaded model; `expected` names its parts and their model evaluations."""
    progress = Progress(patcher, expected)

    def inside(denoiser: Denoiser, named: Mapping[str, Conditioning]):
        watched = progress.watching(denoiser)
        return work(Stage(watched, denoiser, named, load_device(patcher), progress))

    session = Session(
        patcher=patcher,
        prompts=prompts,
        shape=shape,
        sigmas=schedule.sigmas,
        gradients=gradients,
    )
    return session.run(inside)


def check_gradients(stage: Stage, trajectory: Trajectory) -> None:
    """Refuse a model whose backward pass is wrong, at one state of the trajectory."""
    t = trajectory.schedule.steps - _checked_index(trajectory.schedule)
    _check(stage, trajectory.state(t), trajectory.schedule.sigma(t))


def check_gradients_at(stage: Stage, clean: Tensor, schedule: Schedule) -> None:
    """The same before there is a trajectory, at the clean latent with noise of that level."""
    sigma = schedule.sigmas[_checked_index(schedule)]
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(CHECK_SEED))
    _check(stage, clean + sigma * noise.to(clean), sigma)


def _checked_index(schedule: Schedule) -> int:
    sigmas = schedule.sigmas[:-1]
    return min(range(len(sigmas)), key=lambda index: abs(sigmas[index] - CHECKED_SIGMA))


def _check(stage: Stage, state: Tensor, sigma: float) -> None:
    generator = torch.Generator().manual_seed(CHECK_SEED + 1)
    verify_gradient(stage.unwatched, state, sigma, stage.prompts["positive"], generator)
