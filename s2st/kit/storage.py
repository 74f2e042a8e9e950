"""Tensors with versioned facts in one safetensors file, never half written."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

VERSION = 1
_KIND, _VERSION, _FACTS = "s2st.kind", "s2st.version", "s2st.facts"
# What a reader and the values made of its contents raise where a file is damaged.
_DAMAGE = (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, OverflowError)


def write_file(
    path: Path, kind: str, tensors: Mapping[str, Tensor], facts: Mapping[str, object]
) -> None:
    """Never half written: a killed process leaves the old file."""
    metadata = {_KIND: kind, _VERSION: str(VERSION), _FACTS: json.dumps(dict(facts))}
    kept = {name: one.contiguous().cpu() for name, one in tensors.items()}
    write_whole(path, save(kept, metadata))


def write_whole(path: Path, contents: bytes) -> None:
    """Write to a temporary file beside `path`, then rename: a killed process leaves the old one."""
    # Not by tempfile, whose files only their owner may read whatever the user's umask says.
    temporary = path.parent / f".{uuid4().hex}.partial"
    try:
        with open(temporary, "xb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def claim_next(folder: Path, name: str, suffix: str) -> Path:
    """An empty `name_00001` and so on, numbered above all that are there: nobody else gets it."""
    numbered = re.compile(f"{re.escape(name)}_([0-9]+){re.escape(suffix)}", re.IGNORECASE)
    while True:
        matches = [numbered.fullmatch(one) for one in os.listdir(folder)]
        highest = max((int(one[1]) for one in matches if one), default=0)
        path = folder / f"{name}_{highest + 1:05}{suffix}"
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue  # another save took the number since the folder was listed
        return path


def read_file(
    path: Path, kind: str, names: Collection[str] = ()
) -> tuple[dict[str, Tensor], dict[str, object]]:
    """The tensors, all of `names` among them, and facts of a file that `write_file` wrote."""
    with damage_told(path, kind), safe_open(path, framework="pt", device="cpu") as file:
        metadata = file.metadata() or {}
    _check_metadata(path, kind, metadata)
    with damage_told(path, kind), safe_open(path, framework="pt", device="cpu") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        facts = _facts(metadata)
    missing = sorted(set(names) - tensors.keys())
    if missing:
        raise ValueError(
            f"{path.name} lacks {', '.join(missing)}, but a {kind} file holds "
            f"{', '.join(names)}: save it again."
        )
    return tensors, facts


@contextmanager
def damage_told(path: Path, kind: str) -> Iterator[None]:
    """Whatever a damaged file raises while it is read, as one sentence that names the file."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise  # a RuntimeError, but no fault of the file's
    except _DAMAGE as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise ValueError(
            f"{path.name} cannot be read as a {kind} file ({' '.join(reason.split())}): it is "
            f"truncated or damaged, so save it again."
        ) from error


def _facts(metadata: Mapping[str, str]) -> dict[str, object]:
    facts = json.loads(metadata[_FACTS])
    if not isinstance(facts, dict):
        raise ValueError(f"its facts are a {type(facts).__name__}, not names with values")
    return facts


def _check_metadata(path: Path, kind: str, metadata: Mapping[str, str]) -> None:
    found = metadata.get(_KIND)
    if found is None:
        raise ValueError(
            f"{path.name} was not written by S2ST, but a {kind} file is needed: choose another."
        )
    if found != kind:
        raise ValueError(
            f"{path.name} holds a {found}, but a {kind} file is needed: choose another."
        )
    version = metadata.get(_VERSION, "")
    if not version.isdecimal() or int(version) > VERSION:
        raise ValueError(
            f"{path.name} has format version {version or 'unknown'}, but this S2ST reads up to "
            f"{VERSION}: update S2ST or save the file again with this version."
        )
