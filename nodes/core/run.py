"""How a node runs a stage: a session on the model, a progress bar, and the check of gradients."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from weakref import WeakKeyDictionary

import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ...s2st import (
    Conditioning,
    Denoiser,
    Prompt,
    Schedule,
    StepRecord,
    verify_gradient,
)
from ...s2st.model.contract import OnStep, OnUpdate
from .denoiser import Calls, ComfyDenoiser
from .devices import load_device
from .progress import Progress, stop_if_interrupted
from .session import Session

CHECKED_SIGMA = 1.0  # gradients are checked where structure forms and the slope is clear
CHECK_SEED = 2312
Result = TypeVar("Result")
# What was found right, for each MODEL as long as there is one.
_CHECKED: WeakKeyDictionary[ModelPatcher, set[Hashable]] = WeakKeyDictionary()
EMPTY = torch.empty(0)  # records are kept without their pictures


@dataclass(frozen=True)
class Stage:
    """What a stage's work is given."""

    model: Denoiser  # moves the bar with each evaluation
    unwatched: ComfyDenoiser
    prompts: Mapping[str, Conditioning]
    device: torch.device
    progress: Progress
    patcher: ModelPatcher

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
    work: Callable[[Stage], Result],
    kept: int = 0,
    progress: Progress | None = None,
) -> tuple[Result, Calls]:
    """What `work` returns on the loaded model, and the calls it took.

    `expected` names its parts and their model evaluations; `kept` is how many of them are gone
    back through at once. Several stages under one bar are given its `progress`.
    """
    progress = progress or Progress(patcher, expected)

    def inside(denoiser: ComfyDenoiser, named: Mapping[str, Conditioning]):
        watched, device = progress.watching(denoiser), load_device(patcher)
        stage = Stage(watched, denoiser, named, device, progress, patcher)
        return work(stage), denoiser.calls

    session = Session(
        patcher=patcher,
        prompts=prompts,
        shape=shape,
        sigmas=schedule.sigmas,
        gradients=kept,
    )
    return session.run(inside)


def check_gradients(stage: Stage, clean: Tensor) -> None:
    """Refuse a model whose backward pass is wrong, at a clean latent with noise upon it.

    Once for a MODEL, its patches and prompts of one kind; on one picture where that is fair.
    """
    known, prompt = _CHECKED.setdefault(stage.patcher, set()), stage.prompts["positive"]
    prepared = stage.unwatched.prompt_of(prompt)
    whole = stage.patcher.loaded_size() >= stage.patcher.model_size()
    checked = (stage.patcher.patches_uuid, whole, prepared.kind)
    if checked in known:
        return
    generator = torch.Generator().manual_seed(CHECK_SEED)
    pictures = clean[:1] if prepared.is_shared else clean
    noise = torch.randn(pictures.shape, generator=generator).to(clean)
    state = pictures + CHECKED_SIGMA * noise
    verify_gradient(stage.unwatched, state, CHECKED_SIGMA, prompt, generator)
    known.add(checked)
