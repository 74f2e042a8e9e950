"""Tensors with versioned facts in one safetensors file, never half written."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

VERSION = 1
_KIND, _VERSION, _FACTS = "s2st.kind", "s2st.version", "s2st.facts"


def write_file(
    path: Path, kind: str, tensors: Mapping[str, Tensor], facts: Mapping[str, object]
) -> None:
    """Write to a temporary file beside `path`, then rename: a killed process leaves the old one."""
    metadata = {_KIND: kind, _VERSION: str(VERSION), _FACTS: json.dumps(dict(facts))}
    contents = save({name: one.contiguous().cpu() for name, one in tensors.items()}, metadata)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_file(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, object]]:
    """The tensors and facts of a file written by `write_file` with the same `kind`."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            _check_metadata(path, kind, metadata)
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            return tensors, json.loads(metadata[_FACTS])
    except (SafetensorError, json.JSONDecodeError, KeyError) as error:
        raise ValueError(
            f"{path.name} cannot be read as a {kind} file ({error}): it is truncated or damaged, "
            f"so save it again."
        ) from error


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
    if not version.isdigit() or int(version) > VERSION:
        raise ValueError(
            f"{path.name} has format version {version or 'unknown'}, but this S2ST reads up to "
            f"{VERSION}: update S2ST or save the file again with this version."
        )
