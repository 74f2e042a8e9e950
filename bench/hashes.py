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


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:LENGTH]


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
def weights_hash() -> str:
    return files_hash(*sorted(WEIGHTS.glob("*.safetensors")))
