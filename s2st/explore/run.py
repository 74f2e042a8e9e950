"""Running the cells of a grid one after another; what is finished is kept and not run again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ..kit.storage import damage_told, read_file, write_file
from ..kit.version import VERSION
from ..look.task import Task
from ..model.contract import Counted, Denoiser, OnStep, OnUpdate, go_on, ignore
from ..path.difference_path import difference_path
from ..path.settings import PathSettings

KIND = "explored cell"
SUFFIX = ".s2st.safetensors"
SAMPLED = 4  # numbers of every weight that tell two models apart


@dataclass(frozen=True)
class Finished:
    """What a cell's run came to."""

    latent: Tensor  # on the CPU
    evaluations: int
    seconds: float


class Shelf(Protocol):
    """Where finished cells are kept, under a key that settings, model and pictures decide."""

    def find(self, key: str) -> Finished | None: ...

    def keep(self, key: str, finished: Finished) -> None: ...


class Folder:
    """A shelf of one file for each cell, never half written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def find(self, key: str) -> Finished | None:
        """None too where the file is damaged: the cell is run again and replaces it."""
        path = self._file(key)
        try:
            tensors, facts = read_file(path, KIND, ("latent",))
            with damage_told(path, KIND):
                spent = int(str(facts["evaluations"])), float(str(facts["seconds"]))
        except (OSError, ValueError):
            return None
        return Finished(tensors["latent"], *spent)

    def keep(self, key: str, finished: Finished) -> None:
        facts = {"evaluations": finished.evaluations, "seconds": finished.seconds}
        write_file(self._file(key), KIND, {"latent": finished.latent}, facts)

    def _file(self, key: str) -> Path:
        return self.path / f"{key[:32]}{SUFFIX}"


def key_of(settings: PathSettings, asked: str) -> str:
    """`asked` is a mark of the model and the pictures; other code may come to other results."""
    text = json.dumps([VERSION, asked, asdict(settings)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def explore(
    model: Denoiser,
    sigma_table: Tensor,
    task: Task,
    cells: Sequence[PathSettings],
    shelf: Shelf,
    asked: str,
    *,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Iterator[Finished]:
    """Each cell in its turn, from the shelf where it is there already."""
    for settings in cells:
        key = key_of(settings, asked)
        found = shelf.find(key)
        if found is None:
            found = run_cell(model, sigma_table, task, settings, on_step, on_update)
            shelf.keep(key, found)
        yield found


def run_cell(
    model: Denoiser,
    sigma_table: Tensor,
    task: Task,
    settings: PathSettings,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Finished:
    """One difference path, with what it took."""
    began, counted = time.perf_counter(), Counted(model)
    wanted = replace(task, target=replace(task.target, scale=settings.guidance))
    schedule = settings.schedule(sigma_table)
    latent = difference_path(
        counted, wanted, schedule, settings, on_step=on_step, on_update=on_update
    ).cpu()
    return Finished(latent, counted.evaluations, time.perf_counter() - began)


def mark_of(*things: Tensor | torch.nn.Module | str) -> str:
    """A hash of pictures, models and texts: pictures whole, models by a few of their weights."""
    told = hashlib.sha256()
    for thing in things:
        for part in _parts_of(thing):
            told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


def _parts_of(thing: Tensor | torch.nn.Module | str) -> Iterator[bytes]:
    if isinstance(thing, str):
        yield thing.encode()
    elif isinstance(thing, torch.nn.Module):
        for name, one in sorted(thing.named_parameters()):
            places = torch.linspace(0, one.numel() - 1, SAMPLED, dtype=torch.float64).long()
            yield name.encode()
            yield from _parts_of(one.detach().reshape(-1)[places.to(one.device)])
    else:
        yield str(tuple(thing.shape)).encode()
        yield thing.detach().cpu().to(torch.float32).contiguous().numpy().tobytes()
