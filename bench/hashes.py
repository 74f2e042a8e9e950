"""What decides whether a kept result is still good: hashes of code, weights and plain values."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from demo_world.model import WEIGHTS

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".cache" / "bench"
LENGTH = 12
SHARED = ("lab.py", "method.py", *(f"rivals/{one}.py" for one in ("pipelines", "direct_inversion")))


def short_hash(value: object) -> str:
    """The same few letters for the same plain values."""
    return _digest(json.dumps(value, sort_keys=True).encode())


def files_hash(*paths: Path) -> str:
    """A hash over these files, and the Python files of these folders."""
    files = [file for path in paths for file in _files(path)]
    return _digest(b"\0".join(file.read_bytes() for file in files))


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:LENGTH]


def code_of(run: Callable) -> str:
    """The library, what the bench gives to all methods, and the file that a method stands in."""
    function = run.func if isinstance(run, partial) else run
    return _code_of(Path(inspect.getfile(inspect.unwrap(function))))


@cache
def _code_of(file: Path) -> str:
    here = Path(__file__).parent
    return files_hash(ROOT / "s2st", *(here / name for name in SHARED), file)


@cache
def weights_hash() -> str:
    return files_hash(*sorted(WEIGHTS.glob("*.safetensors")))
