"""Pictures that methods have made, kept on disk with what they cost, so that a stopped run goes on.

One folder per pair, method and setting, one file per batch, which names the code that made it: a
file of other code is made again. Pictures are kept as 8 bits a channel, as a person would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from .hashes import KEPT, code_of, short_hash, weights_hash
from .lab import Meter, Pair
from .method import Method, Setting

FOLDER = KEPT / "quality"


@dataclass(frozen=True)
class Job:
    """One method at one setting on one batch of one pair."""

    pair: Pair
    method: Method
    setting: Setting
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Made:
    """What a job has made: pictures [B, 3, H, W] as uint8, their price per image, their code."""

    pictures: Tensor
    spent: Meter
    code: str = ""

    @property
    def floats(self) -> Tensor:
        return self.pictures.float() / 255


@dataclass(frozen=True, kw_only=True)
class Store:
    """Where the results of one kind of laboratory lie."""

    steps: int
    references: int = 16
    folder: Path = FOLDER
    any_code: bool = False  # take results of other code for those of the present one

    def path(self, job: Job) -> Path:
        """The file of a job, whether it exists or not."""
        facts = [job.pair.name, job.method.name, dict(job.setting), self.steps, self.references]
        shelf = self.folder / _slug(job.pair.name) / _slug(job.method.name)
        home = shelf / short_hash([*facts, weights_hash()])
        return home / f"{short_hash(job.seeds)}-{len(job.seeds)}.safetensors"

    def has(self, job: Job) -> bool:
        path = self.path(job)
        if not path.is_file():
            return False
        with safe_open(path, "pt") as file:
            return self.any_code or file.metadata()["code"] == code_of(job.method.run)

    def load(self, job: Job) -> Made:
        with safe_open(self.path(job), "pt") as file:
            spent, code = json.loads(file.metadata()["spent"]), file.metadata()["code"]
            return Made(file.get_tensor("pictures"), Meter(**spent), code)

    def save(self, job: Job, made: Made) -> None:
        facts = {"spent": json.dumps(asdict(made.spent)), "code": code_of(job.method.run)}
        write_whole(self.path(job), {"pictures": made.pictures}, facts)

    def forget(self, job: Job) -> None:
        self.path(job).unlink(missing_ok=True)


def write_whole(path: Path, tensors: dict[str, Tensor], facts: dict[str, str]) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, facts)
    partial.replace(path)


def kept(path: Path, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """What lies in a file, made first where it does not."""
    if not path.is_file():
        write_whole(path, make(), {})
    return load_file(path)


def eight_bits(pictures: Tensor) -> Tensor:
    """Pictures in 0..1 as a file would hold them."""
    return (pictures.detach().clamp(0, 1) * 255).round().to(torch.uint8).contiguous()


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
