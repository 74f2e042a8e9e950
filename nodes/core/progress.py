"""One progress bar over a node's whole work, with the live preview the user has chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import comfy.model_management
import comfy.utils
import latent_preview
from torch import Tensor

from ...s2st import Conditioning, Denoiser, StepRecord
from ...s2st.model.contract import Joint, Made, OnUpdate, Query, ask

if TYPE_CHECKING:
    from .denoiser import ComfyDenoiser

Item = TypeVar("Item")


class Progress:
    """Counts expected model evaluations; stages fill their share of the bar one after another."""

    def __init__(self, patcher, expected: dict[str, int]) -> None:
        self._expected = expected
        self._total = max(1, sum(expected.values()))
        self._starts = dict(zip(expected, _running_sums(expected), strict=True))
        self._bar = comfy.utils.ProgressBar(self._total)
        self._show = latent_preview.prepare_callback(patcher, self._total)
        self._value = 0.0
        self._limit = float(self._total)  # where the bar may go before the next step is done

    def on_step(self, stage: str, record: StepRecord) -> None:
        """A loop has done one step: put the bar where it belongs and show the estimate."""
        share = self._expected[stage] / record.total
        self._value = max(self._value, self._starts[stage] + share * record.index)
        following = self._following(stage) if record.index == record.total else share
        self._limit = min(self._total, self._value + following)
        shown = max(1, round(self._value))
        self._show(shown - 1, record.denoised, record.latent, self._total)

    def _following(self, stage: str) -> float:
        """What the stage after this one is expected to take."""
        names = list(self._expected)
        place = names.index(stage) + 1
        return self._expected[names[place]] if place < len(names) else 0

    def step_by_step(self, stages: Sequence[str]):
        """`on_step` for a loop whose steps differ in work: each is a stage of its own."""

        def listen(record: StepRecord) -> None:
            self.on_step(stages[record.index - 1], replace(record, index=1, total=1))

        return listen

    def also_counting(self, on_update: OnUpdate) -> OnUpdate:
        """`on_update` where updates are counted as evaluations are."""

        def updated() -> None:
            on_update()
            self.evaluated(1)

        return updated

    def listener(self, stage: str):
        """`on_step` for one stage."""
        return lambda record: self.on_step(stage, record)

    def watching(self, model: ComfyDenoiser) -> Denoiser:
        """The model, moving the bar with each of its evaluations."""
        return _Watched(model, self)

    def one_by_one(self, items: Sequence[Item]) -> Iterator[Item]:
        """As `one_by_one` below, where each counts as an evaluation of this bar."""
        for one in items:
            stop_if_interrupted()
            yield one
            self.evaluated(1)

    def evaluated(self, prompts: float) -> None:
        """Evaluations are done; never beyond the end of the step they belong to."""
        self._value = max(self._value, min(self._value + prompts, self._limit))
        self._bar.update_absolute(max(1, round(self._value)), self._total)


class _Watched(Joint):
    def __init__(self, model: ComfyDenoiser, progress: Progress) -> None:
        self._model, self._progress = model, progress

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        with self._model.told_to(self._progress.evaluated) as model:
            return ask(model, queries, sigma)

    def features(self, x: Tensor, sigma: float, conditioning: Conditioning, made: Made) -> Tensor:
        with self._model.told_to(self._progress.evaluated) as model:
            return model.features(x, sigma, conditioning, made)


def stop_if_interrupted() -> None:
    """Raise the core's own exception when the user has pressed Cancel."""
    comfy.model_management.throw_exception_if_processing_interrupted()


def one_by_one(items: Sequence[Item]) -> Iterator[Item]:
    """Each in its turn with a bar over all, and an end between two once Cancel is pressed."""
    bar = comfy.utils.ProgressBar(len(items))
    for one in items:
        stop_if_interrupted()
        yield one
        bar.update(1)


def counting(total: int, form) -> Callable[[Tensor], None]:
    """To be called with the clean estimate after each of so many steps of a network that is no
    MODEL: a bar over all, a preview of latents in this format, and an end once Cancel is pressed.
    """
    previewer = latent_preview.get_previewer(comfy.model_management.get_torch_device(), form)
    bar, done = comfy.utils.ProgressBar(total), 0

    def step(clean: Tensor) -> None:
        nonlocal done
        stop_if_interrupted()
        done += 1
        shown = previewer.decode_latent_to_preview_image("JPEG", clean) if previewer else None
        bar.update_absolute(done, total, shown)

    stop_if_interrupted()
    return step


def _running_sums(expected: dict[str, int]) -> list[int]:
    sums, done = [], 0
    for amount in expected.values():
        sums.append(done)
        done += amount
    return sums
