"""The rows that quality and ablation are printed from, and how they lie in docs/*.json.

A run replaces the rows of the methods that it has run and keeps all others, so that a changed
method can be run alone. Rows of another size (scenes, steps ...) or other weights are not kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .axes import AXES, Axis
from .judging import Scores
from .method import Family, Setting
from .statistics import Interval

NUMBERS = "quality.json"
DIGITS = 8  # that are kept of every number
HEADS = ("facts", "judge", "machine", "missing")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method on one pair."""

    pair: str
    method: str
    family: Family
    source: str  # the paper
    setting: Setting
    axes: Mapping[str, Interval]
    evaluations: float
    gradients: float
    seconds: float
    code: str
    scores: Scores | None = field(default=None, compare=False)  # known of rows of this run

    @property
    def key(self) -> tuple[str, str]:
        return self.pair, self.method

    def on(self, axis: Axis) -> Interval:
        return self.axes[axis.key]

    @property
    def recolours(self) -> bool:
        """Whether it never asks the model: it only moves the source's values."""
        return self.evaluations == 0


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Ours against one rival on one pair: how far it is ahead on each axis."""

    pair: str
    ours: str
    rival: str
    recolours: bool  # the rival only moves the source's values
    paired: bool  # scene by scene; else from two independent intervals
    axes: Mapping[str, Interval]  # positive is ours
    told: Mapping[str, Sequence] = field(default_factory=dict)  # claim 1: [holds, why], by look

    @property
    def key(self) -> tuple[str, str, str]:
        return self.pair, self.ours, self.rival


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Everything the page says."""

    facts: Mapping[str, Any]  # scenes, steps and the like
    judge: Mapping[str, float]
    machine: Mapping[str, str]
    rows: Sequence[Row]
    duels: Sequence[Duel]
    missing: Sequence[str] = ()

    @property
    def pairs(self) -> list[str]:
        return list(dict.fromkeys(one.pair for one in self.rows))

    def of(self, pair: str) -> list[Row]:
        return [one for one in self.rows if one.pair == pair]


def merged(old: Sequence[Row], new: Sequence[Row], order: Sequence[str]) -> list[Row]:
    """The old rows with those of the same key replaced, as far as `order` knows their names."""
    found = {one.key: one for one in (*old, *new)}
    rank = {name: place for place, name in enumerate(order)}
    known = [one for one in found.values() if one.method in rank]
    return sorted(known, key=lambda one: [rank[name] for name in one.key])


def write(findings: Findings, path: Path) -> None:
    """JSON with a line for every head and every row."""
    lines = [f"{json.dumps(name)}: {json.dumps(getattr(findings, name))}" for name in HEADS]
    for name, rows in {"results": findings.rows, "duels": findings.duels}.items():
        body = ",\n".join(json.dumps(_facts(row)) for row in rows)
        lines.append(f"{json.dumps(name)}: [\n{body}\n]")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read(path: Path, facts: Mapping[str, Any]) -> Findings | None:
    """What was written before, if that has the same facts in common."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if known.get("facts") != facts:
        return None
    rows = [Row(**{**_given(one), "family": Family(one["family"])}) for one in known["results"]]
    duels = [Duel(**_given(one)) for one in known["duels"]]
    return Findings(**{name: known[name] for name in HEADS}, rows=rows, duels=duels)


def _facts(one: Row | Duel) -> dict[str, object]:
    """A row with its axes beside the rest."""
    facts: dict[str, object] = {}
    for name, value in vars(one).items():
        if name != "scores":
            facts |= value if name == "axes" else {name: value}
    return facts


def _given(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What makes the row that `_facts` has told."""
    axes = {axis.key: Interval(*facts[axis.key]) for axis in AXES if axis.key in facts}
    return {name: value for name, value in facts.items() if name not in axes} | {"axes": axes}


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def shortened(one: Interval) -> Interval:
    """The interval as it will be read again."""
    return Interval(*map(rounded, one))


def code_list(made: Iterable[tuple[str, str]]) -> str:
    """Which code has made what: the hash of the library and the method's file."""
    by_code: dict[str, dict[str, None]] = {}
    for code, name in made:
        by_code.setdefault(code, {})[name] = None
    return "\n".join(f"- code {code}: {', '.join(names)}" for code, names in by_code.items())
