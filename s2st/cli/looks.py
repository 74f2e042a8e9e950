"""The look of a command: a file of one, or a folder of pictures that it is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..batch.job import FILE, mark_of_file
from ..batch.pictures import read
from ..look.kept import MOST_REFERENCES, SUFFIX, KeptLook, LookConfig, kept_look
from ..model.features import read_features
from .pace import Pace
from .pictures import pictures_at

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts

NAME = f"target{SUFFIX}"  # of the look that a folder was made into, among the results


class Files:
    """Pictures of files, of which one is in memory at a time."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[Tensor]:
        return (read(path).pixels for path in self._paths)


def look_file(given: Path, out: Path, parts: PipelineParts, config: LookConfig) -> Path:
    """The file itself, or one among the results that is made of a folder, once."""
    if given.name.endswith(SUFFIX):
        return given
    paths, made = pictures_at(given, MOST_REFERENCES), out / NAME
    mark = mark_of_references(paths, config)
    if made.exists() and KeptLook.load(made).made.get("references") == mark:
        return made
    if made.exists() and (out / FILE).exists():
        raise ValueError(
            f"{out} holds results of a look that was made of other pictures than {given} holds: "
            f"name another --out, or keep one look for both with s2st look."
        )
    out.mkdir(parents=True, exist_ok=True)
    made_of(paths, parts, config).save(made)
    return made


def made_of(paths: Sequence[Path], parts: PipelineParts, config: LookConfig) -> KeptLook:
    """The look of some pictures, under a bar."""
    pace = Pace(len(paths))
    return kept_look(
        Files(paths),
        parts.autoencoder,
        config,
        features=features_of(parts),
        made={"references": mark_of_references(paths, config)},
        on_picture=lambda done: pace.count(False, True),
    )


def features_of(parts: PipelineParts) -> Callable[[Tensor], Tensor]:
    """Reads the model's features of latents that are not scaled yet."""
    prompt = parts.encode_prompt("")

    def read_of(raw: Tensor) -> Tensor:
        latent = parts.autoencoder.scaled(raw.to(parts.device))
        with torch.no_grad():
            return read_features(parts.denoiser, latent, prompt)

    return read_of


def mark_of_references(paths: Sequence[Path], config: LookConfig) -> str:
    """A hash of what the files hold, whatever they are called."""
    told = [json.dumps(asdict(config)), *(mark_of_file(path) for path in paths)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
