"""What is kept on disk, so that a stopped run goes on, and the hashes that tell if it still holds.

What a method has made: one folder per pair, method and setting, one file per batch with what it has
cost, which names the code that made it: a file of other code is made again. Pictures are kept as
8 bits a channel, as a person would. Beside them lie renders that judging needs again and again.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from demo_world import REFERENCE_SEEDS, Scene, scene
from demo_world.geometry import rasterise
from demo_world.kinds import Kind
from demo_world.model import WEIGHTS

from .lab import Meter, Method, Pair, Setting, open_lab, pictures

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".cache" / "bench"
FOLDER = KEPT / "quality"
POOL_SEEDS = REFERENCE_SEEDS[1000:1256]  # of a domain's own look; no method is ever given these
SHARED = ("lab.py", "rivals/injection.py")  # what the bench gives to methods of other files
BULB = 100  # in the place of a label, the glowing part of a lamp


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def short_hash(value: object) -> str:
    """The same few letters for the same plain values."""
    return digest(json.dumps(value, sort_keys=True).encode())


def files_hash(*paths: Path) -> str:
    """A hash over these files, and the Python files of these folders."""
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) or [path])]
    return digest(b"\0".join(file.read_bytes() for file in files))


@cache
def code_of(run: Callable) -> str:
    """The library, what the bench gives to all methods, and the file that a method stands in."""
    function = run.func if isinstance(run, partial) else run
    file = Path(inspect.getfile(inspect.unwrap(function)))
    here = Path(__file__).parent
    return files_hash(ROOT / "s2st", *(here / name for name in SHARED), file)


@cache
def weights_hash(model: Path = WEIGHTS) -> str:
    return files_hash(*sorted(model.glob("*.safetensors")), *sorted(model.glob("*.json")))


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
    model: Path = WEIGHTS
    any_code: bool = False  # take results of other code for those of the present one

    def path(self, job: Job) -> Path:
        """The file of a job, whether it exists or not."""
        facts = [job.pair.name, job.method.name, dict(job.setting), self.steps, self.references]
        shelf = self.folder / _slug(job.pair.name) / _slug(job.method.name)
        home = shelf / short_hash([*facts, weights_hash(self.model)])
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


def rendered(seeds: Sequence[int], domain: str) -> Tensor:
    """The scenes of these seeds, [B, 3, 128, 128] in 0..1, rounded to 8 bits."""
    return _scenes(domain, seeds, lambda: eight_bits(pictures(seeds, domain))).float() / 255


def returned(seeds: Sequence[int], domain: str, model: Path) -> Tensor:
    """The same scenes as a model's autoencoder returns them."""

    def make() -> Tensor:
        parts = open_lab(model=model).parts
        some = pictures(seeds, domain).split(16)
        return torch.cat([parts.decode_latent(parts.encode_image(one)) for one in some])

    return _scenes(f"{domain}-{weights_hash(model)}", seeds, make)


def label_maps(seeds: Sequence[int]) -> Tensor:
    """The true class of every pixel, [B, 128, 128], but of a lamp's glowing part: BULB."""

    def make() -> Tensor:
        return torch.stack([torch.from_numpy(_labelled(scene(seed))) for seed in seeds])

    return _scenes("classes", seeds, make).long()


def _labelled(place: Scene) -> np.ndarray:
    canvas = rasterise(place, 128, 1)
    known = [BULB if one.kind == Kind.LAMP_LIGHT else one.label for one in canvas.surfaces]
    return np.array(known, np.uint8)[canvas.index]


def _scenes(kind: str, seeds: Sequence[int], make: Callable[[], Tensor]) -> Tensor:
    key = short_hash([list(seeds), files_hash(ROOT / "demo_world")])
    path = KEPT / "scenes" / f"{kind}-{key}.safetensors"
    return kept(path, lambda: {"values": make().contiguous()})["values"]
