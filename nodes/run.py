"""How a node runs a stage: a session on the model, a progress bar, and the check of gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from ..s2st import Conditioning, Denoiser, Prompt, Schedule, Trajectory, verify_gradient
from .comfy_model import Session, load_device
from .progress import Progress

CHECKED_SIGMA = 1.0  # gradients are checked where structure forms and the slope is clear
CHECK_SEED = 2312


@dataclass(frozen=True)
class Stage:
    """What a stage's work is given."""

    model: Denoiser
    prompts: Mapping[str, Conditioning]
    device: torch.device
    progress: Progress

    def target(self, scale: float) -> Prompt:
        """The prompts called positive and negative, with guidance."""
        return Prompt(self.prompts["positive"], self.prompts["negative"], scale)


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
        return work(Stage(progress.watching(denoiser), named, load_device(patcher), progress))

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
    sigmas = trajectory.schedule.sigmas[:-1]
    nearest = min(range(len(sigmas)), key=lambda index: abs(sigmas[index] - CHECKED_SIGMA))
    state = trajectory.state(trajectory.schedule.steps - nearest)
    generator = torch.Generator().manual_seed(CHECK_SEED)
    conditioning = stage.prompts["positive"]
    verify_gradient(stage.model, state, sigmas[nearest], conditioning, generator)
