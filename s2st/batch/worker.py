"""Translates items into files; every engine runs this, once or in many places."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..kit.storage import write_whole
from ..kit.version import VERSION
from ..look.kept import KeptLook
from .items import Item, number_of
from .job import Job, mark_of_file
from .manifest import DONE, FAILED, Row
from .pictures import CHUNK, PARAMETERS, Picture, facts_of, png, read, read_bytes
from .tables import facts_of_table, is_table, translated_table

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
            message = "" if is_done(item, self._fingerprint) else self._write(item)
            status, found = DONE, mark_of_file(item.target)
        except Exception as error:
            status, message, found = FAILED, sentence(error), ""
        seconds = round(time.perf_counter() - began, 3)
        return Row(id=item.id, status=status, message=message, seconds=seconds, hash=found)

    def _write(self, item: Item) -> str:
        if is_table(item.source):
            facts = json.dumps(facts_of_result(self._job, item.id)).encode()
            return translated_table(item.source, item.target, self._row, sentence, facts)
        contents = self._png(read(item.source), item.id)
        item.target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(item.target, contents)
        return ""

    def _row(self, contents: bytes, name: str) -> bytes:
        """A picture of a table, which its name there decides as a path does elsewhere."""
        return self._png(read_bytes(contents, name), name)

    def _png(self, picture: Picture, name: str) -> bytes:
        drawn = number_of(name)
        result = self._translate(picture.pixels, drawn)
        texts = texts_of_result(self._job, name, (result.shape[-1], result.shape[-2]))
        return png(Picture(result, picture.alpha), texts)


def is_done(item: Item, fingerprint: str) -> bool:
    """Whether the result is there, and of this very job and picture."""
    if not os.path.isfile(item.target):
        return False
    facts = facts_in(item.target)
    return facts.get("fingerprint") == fingerprint and facts.get("id") == item.id


def facts_in(path: Path) -> Mapping[str, Any]:
    """What a result tells of itself; nothing where it is none of ours."""
    if not is_table(path):
        return facts_of(path)
    kept = facts_of_table(path)
    return json.loads(kept) if kept else {}


def facts_of_result(job: Job, name: str) -> dict[str, Any]:
    """Which job and which item it is of."""
    return {"fingerprint": job.fingerprint, "id": name, "job": job.facts}


def texts_of_result(job: Job, name: str, size: tuple[int, int]) -> dict[str, str]:
    """How a result came about, as others read it and as a whole."""
    settings = job.settings
    told = {
        "Steps": settings.steps,
        "Sampler": "S2ST difference path",
        "CFG scale": f"{settings.guidance:g}",
        "Seed": job.noise_seed(number_of(name)),
        "Size": f"{size[0]}x{size[1]}",
        "Model": job.model_name,
        "Version": f"s2st {VERSION}",
    }
    line = ", ".join(f"{name}: {value}" for name, value in told.items())
    parameters = f"{job.target}\nNegative prompt: {job.negative}\n{line}"
    return {PARAMETERS: parameters, CHUNK: json.dumps(facts_of_result(job, name))}


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
