"""Translates items into files; every engine runs this, once or in many places."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ..kit.storage import write_whole
from ..kit.version import VERSION
from ..look.kept import KeptLook
from .items import Item
from .job import Job, mark_of_file
from .manifest import DONE, FAILED, Row
from .pictures import CHUNK, PARAMETERS, Picture, facts_of, png, read

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a worker is sent: how to open the model, and the job; no weights."""

    job: Job
    open_model: Callable[[], PipelineParts]
    threads: int = 0  # of the processor; 0 is torch's own choice


class Worker:
    """A model and a look, loaded once."""

    def __init__(self, work: Work, parts: PipelineParts | None = None) -> None:
        from .translator import Translator, model_mark  # with diffusers

        if work.threads:
            torch.set_num_threads(work.threads)
        parts = work.open_model() if parts is None else parts
        _check_mark("model", work.job.model_mark, model_mark(parts))
        _check_mark("look", work.job.look_mark, mark_of_file(work.job.look))
        self._translate = Translator(work.job, parts, KeptLook.load(work.job.look))
        self._job, self._fingerprint = work.job, work.job.fingerprint

    def __call__(self, item: Item) -> Row:
        """Its row; whatever is wrong with one picture is no other's."""
        began = time.perf_counter()
        try:
            if not is_done(item, self._fingerprint):
                self._write(item)
            status, message, found = DONE, "", mark_of_file(item.target)
        except Exception as error:
            status, message, found = FAILED, sentence(error), ""
        seconds = round(time.perf_counter() - began, 3)
        return Row(id=item.id, status=status, message=message, seconds=seconds, hash=found)

    def _write(self, item: Item) -> None:
        picture = read(item.source)
        result = self._translate(picture.pixels, item.drawn)
        texts = texts_of_result(self._job, item, (result.shape[-1], result.shape[-2]))
        item.target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(item.target, png(Picture(result, picture.alpha), texts))


def is_done(item: Item, fingerprint: str) -> bool:
    """Whether the result is there, and of this very job and picture."""
    if not os.path.isfile(item.target):
        return False
    facts = facts_of(item.target)
    return facts.get("fingerprint") == fingerprint and facts.get("id") == item.id


def texts_of_result(job: Job, item: Item, size: tuple[int, int]) -> dict[str, str]:
    """How a result came about, as others read it and as a whole."""
    settings = job.settings
    told = {
        "Steps": settings.steps,
        "Sampler": "S2ST difference path",
        "CFG scale": f"{settings.guidance:g}",
        "Seed": job.noise_seed(item.drawn),
        "Size": f"{size[0]}x{size[1]}",
        "Model": job.model_name,
        "Version": f"s2st {VERSION}",
    }
    line = ", ".join(f"{name}: {value}" for name, value in told.items())
    facts: dict[str, Any] = {"fingerprint": job.fingerprint, "id": item.id, "job": job.facts}
    parameters = f"{job.target}\nNegative prompt: {job.negative}\n{line}"
    return {PARAMETERS: parameters, CHUNK: json.dumps(facts)}


def sentence(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return "Memory is too small for this picture: lower --megapixels."
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


def _check_mark(what: str, wanted: str, found: str) -> None:
    if found != wanted:
        raise ValueError(
            f"The {what} here is not the one that the job was begun with: give every machine the "
            f"same {what}."
        )
