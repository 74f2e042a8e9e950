"""Pictures that methods have made, kept on disk with what they cost, so that a stopped run goes on.

One folder per pair, method, setting and state of the code (`fingerprint.py`), one file per batch.
Pictures are kept as 8 bits a channel, as a person would save them.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from demo_world.model import WEIGHTS

from .fingerprint import LENGTH, ROOT, fingerprint
from .lab import Meter, Pair, make_case, open_lab
from .method import Method, Setting, edited

FOLDER = ROOT / ".cache" / "bench" / "quality"
ABOUT = "about.json"


@dataclass(frozen=True)
class Job:
    """One method at one setting on one batch of one pair."""

    pair: Pair
    method: Method
    setting: Setting
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Made:
    """What a job has made: pictures [B, 3, H, W] as uint8, and their price per image."""

    pictures: Tensor
    spent: Meter

    @property
    def floats(self) -> Tensor:
        return self.pictures.float() / 255


@dataclass(frozen=True, kw_only=True)
class Store:
    """Where the results of one kind of laboratory lie."""

    steps: int
    references: int
    folder: Path = FOLDER

    def path(self, job: Job) -> Path:
        """The file of a job, whether it exists or not."""
        return self.home(job) / f"{job.seeds[0]}-{len(job.seeds)}.safetensors"

    def home(self, job: Job) -> Path:
        """The folder of a method at a setting, under the present code."""
        identity = {**self.about(job), "code": code_of(job.method)}
        return self._shelf(job) / short_hash(identity)

    def about(self, job: Job) -> dict[str, object]:
        """Everything but code and scenes that decides over a result."""
        return {
            "pair": job.pair.name,
            "method": job.method.name,
            "setting": dict(job.setting),
            "steps": self.steps,
            "references": self.references,
        }

    def has(self, job: Job) -> bool:
        return self.path(job).is_file()

    def load(self, job: Job) -> Made:
        with safe_open(self.path(job), "pt") as file:
            facts = json.loads(file.metadata()["facts"])
            if facts["seeds"] != list(job.seeds):
                raise ValueError(f"{self.path(job).name} holds other scenes: delete it.")
            return Made(file.get_tensor("pictures"), Meter(**facts["spent"]))

    def save(self, job: Job, made: Made) -> None:
        """Write whole or not at all."""
        home, path = self.home(job), self.path(job)
        home.mkdir(parents=True, exist_ok=True)
        about = {**self.about(job), "code": code_of(job.method)}
        (home / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
        facts = {"seeds": list(job.seeds), "spent": asdict(made.spent)}
        partial = path.with_suffix(".partial")
        save_file({"pictures": made.pictures}, partial, {"facts": json.dumps(facts)})
        partial.replace(path)

    def adopt(self, job: Job) -> bool:
        """Take the newest result of older code as one of the present code.

        Only for a person who knows that the change of code did not change the results.
        """
        name, wanted = self.path(job).name, self.about(job)
        for home in sorted(self._shelf(job).glob("*/"), key=_age):
            facts = json.loads((home / ABOUT).read_text(encoding="utf-8"))
            facts.pop("code")
            if facts == wanted and (home / name).is_file():
                self.home(job).mkdir(parents=True, exist_ok=True)
                shutil.copy2(home / name, self.path(job))
                shutil.copy2(home / ABOUT, self.home(job) / ABOUT)
                return True
        return False

    def _shelf(self, job: Job) -> Path:
        return self.folder / _slug(job.pair.name) / _slug(job.method.name)


def _age(home: Path) -> float:
    return -home.stat().st_mtime


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def short_hash(identity: object) -> str:
    """The same few letters for the same plain values."""
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def eight_bits(pictures: Tensor) -> Tensor:
    """Pictures in 0..1 as a file would hold them."""
    return (pictures.detach().clamp(0, 1) * 255).round().to(torch.uint8).contiguous()


@cache
def _code_of(run) -> str:
    return fingerprint(run, edited, make_case, open_lab)


def code_of(method: Method) -> str:
    """What decides over a method's result beside its setting: all code, and the model's weights."""
    return f"{_code_of(method.run)}-{weights_hash()}"


@cache
def weights_hash() -> str:
    files: Sequence[Path] = sorted(WEIGHTS.glob("*.safetensors"))
    contents = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(contents).hexdigest()[:LENGTH]
