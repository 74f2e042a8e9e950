"""One job on many pictures: what decides every result, and the mark by which results are known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ..kit.facts import read_facts, write_facts
from ..kit.settings import Settings, number
from ..kit.version import VERSION
from ..look.detail import DetailConfig
from ..look.kept import LookConfig
from ..look.regions import MOST_REGIONS
from ..path.settings import PathSettings

KIND, FILE = "job", "job.json"


@dataclass(frozen=True, kw_only=True)
class SizeSettings(Settings):
    """What is done around the path."""

    megapixels: float = number(
        LookConfig().megapixels,
        0.01,
        64.0,
        "Larger pictures are translated at so many and brought back to their own size.",
    )
    drawn: float = number(DetailConfig().drawn, 0.0, 1.0, DetailConfig.limits("drawn").meaning)
    regions: int = number(
        0, 0, MOST_REGIONS, "How many regions find their own look; 0 takes the picture as one."
    )


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is asked of every picture; paths say where things are and decide nothing."""

    prompt: str  # what the pictures show
    target: str  # what they shall show
    look: Path  # a file of a kept look
    look_mark: str
    model_mark: str
    model_name: str = "demo"
    negative: str = ""
    settings: PathSettings = PathSettings()
    sizes: SizeSettings = SizeSettings()
    one_noise: bool = False  # for all pictures, as frames of a film need it

    @property
    def facts(self) -> dict[str, Any]:
        """All that decides."""
        return {
            "s2st": VERSION,
            "model": self.model_mark,
            "look": self.look_mark,
            "prompt": self.prompt,
            "target": self.target,
            "negative": self.negative,
            "one_noise": self.one_noise,
            **_plain(asdict(self.settings)),
            **_plain(asdict(self.sizes)),
        }

    @property
    def fingerprint(self) -> str:
        text = json.dumps(self.facts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def noise_seed(self, drawn: int) -> int:
        """Of an item with a number of its own."""
        base = self.settings.noise_seed
        return base if self.one_noise else (base + drawn) % 2**53

    def claim(self, out: Path) -> None:
        """Make the folder this job's own, or refuse one that holds results of another."""
        claim(out, self.facts)


def claim(out: Path, facts: Mapping[str, Any]) -> None:
    """A folder is of one job, which its facts decide."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / FILE
    if not path.exists():
        write_facts(path, KIND, {"job": dict(facts)})
        return
    kept = read_facts(path, KIND).get("job")
    if kept != facts:
        raise ValueError(
            f"{out} holds results of another job ({_differences(kept, facts)}), but a folder is "
            f"of one: name another --out, or delete that one to begin anew."
        )


def kept_fact(out: Path, name: str) -> Any:
    """A fact of the job whose results a folder holds; None where it holds none."""
    try:
        return read_facts(out / FILE, KIND)["job"][name]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in values.items()
    }


def _differences(kept: object, wanted: Mapping[str, Any]) -> str:
    """What the other job has otherwise, in words."""
    if not isinstance(kept, dict):
        return "its job.json is damaged"
    other = [name for name in wanted if kept.get(name) != wanted[name]]
    return "; ".join(_difference(name, kept.get(name), wanted[name]) for name in other)


def _difference(name: str, kept: Any, wanted: Any) -> str:
    if name in ("model", "look"):
        return f"another {name}"
    return f"{name} {kept!r}, here {wanted!r}"


def mark_of_file(path: Path) -> str:
    """A hash of a file's contents."""
    told = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            told.update(part)
    return told.hexdigest()
