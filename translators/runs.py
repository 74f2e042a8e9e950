"""Where runs lie, what they are called, and which of them are finished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2st.many_to_one.switches import Preset
from s2st.many_to_one.translator import SUFFIX, Translator
from tools.environment import ROOT

from .config import Data

FOLDER = ROOT / "out" / "many-to-one"
FACTS = "run.json"
SEED = "seed-"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training: its data, its preset with what is turned, and its seed."""

    data: Data
    preset: Preset
    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    seed: int = 0

    @property
    def arm(self) -> str:
        """What runs of other seeds share, in words."""
        turned = [("without", self.off), ("with", self.on)]
        parts = [f"{word} {' and '.join(sorted(names))}" for word, names in turned if names]
        return " ".join([self.preset.value, *parts])

    def folder(self, root: Path = FOLDER) -> Path:
        arm = self.arm.lower().replace(" ", "-").replace("_", "-")
        return root / self.data.value / arm / f"{SEED}{self.seed}"

    def file(self, root: Path = FOLDER) -> Path:
        """The trained weights, once the run is finished."""
        return self.folder(root) / f"{self.data.value}{SUFFIX}"

    @property
    def line(self) -> str:
        """The command that makes it."""
        parts = [f"--data {self.data.value}", f'--preset "{self.preset.value}"']
        parts += [f"--off {' '.join(self.off)}"] if self.off else []
        parts += [f"--on {' '.join(self.on)}"] if self.on else []
        parts += [f"--seed {self.seed}"] if self.seed else []
        return f"python dev.py train-many-to-one {' '.join(parts)}"


@dataclass(frozen=True)
class Finished:
    """A run that has come to its end."""

    data: Data
    arm: str
    seed: int
    file: Path

    def translator(self) -> Translator:
        return Translator.load(self.file)


def finished(data: Data, root: Path = FOLDER) -> Iterator[Finished]:
    """All finished runs of a kind of data, by name and seed."""
    for path in sorted((root / data.value).glob(f"*/{SEED}*/*{SUFFIX}")):
        facts = read_facts(path.parent)
        yield Finished(data, facts["arm"], int(facts["seed"]), path)


def newest(data: Data, root: Path = FOLDER) -> Path | None:
    """The weights that were finished last."""
    files = [one.file for one in finished(data, root)]
    return max(files, key=lambda one: one.stat().st_mtime, default=None)


def read_facts(folder: Path) -> dict[str, Any]:
    """What a run was asked for."""
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return facts


def write_facts(folder: Path, facts: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
