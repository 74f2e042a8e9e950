"""The rows that the quality page is printed from, and how they lie in docs/quality.json.

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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Duel:
    """Ours against one rival on one pair: how far it is ahead on each axis."""

    pair: str
    ours: str
    rival: str
    recolours: bool  # the rival only moves the source's values
    paired: bool  # scene by scene; else from two independent intervals
    axes: Mapping[str, Interval]  # positive is ours
    told: Mapping[str, tuple[bool, str]] = field(default_factory=dict)  # claim 1, by appearance

    @property
    def key(self) -> tuple[str, str, str]:
        return self.pair, self.ours, self.rival


@dataclass(frozen=True)
class Findings:
    """Everything the page says."""

    facts: Mapping[str, Any]  # scenes, steps and the like
    judge: Mapping[str, float]
    machine: Mapping[str, str]
    rows: tuple[Row, ...]
    duels: tuple[Duel, ...]
    missing: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[str]:
        return list(dict.fromkeys(one.pair for one in self.rows))

    def of(self, pair: str) -> list[Row]:
        return [one for one in self.rows if one.pair == pair]


def merged(old: Sequence, new: Sequence, order: Sequence[str]) -> tuple:
    """The old rows with those of the same key replaced; `order` are pairs and methods' names."""
    found = {one.key: one for one in (*old, *new)}
    rank = {name: place for place, name in enumerate(order)}
    return tuple(
        sorted(found.values(), key=lambda one: [rank.get(name, len(rank)) for name in one.key])
    )


def write(findings: Findings, folder: Path) -> None:
    """quality.json: a line for every row."""
    tables = {
        "results": [_row_facts(one) for one in findings.rows],
        "duels": [_duel_facts(one) for one in findings.duels],
    }
    heads = {"facts": findings.facts, "judge": findings.judge, "machine": findings.machine}
    heads["missing"] = findings.missing
    (folder / NUMBERS).write_text(lines_of(heads, tables), encoding="utf-8")


def lines_of(heads: Mapping[str, object], tables: Mapping[str, Iterable[object]]) -> str:
    """JSON with a line for every head and for every row of a table."""
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in heads.items()]
    for name, rows in tables.items():
        body = ",\n".join(json.dumps(row) for row in rows)
        lines.append(f"{json.dumps(name)}: [\n{body}\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read(folder: Path) -> Findings | None:
    """What was written before, if anything."""
    path = folder / NUMBERS
    if not path.is_file():
        return None
    known = json.loads(path.read_text(encoding="utf-8"))
    return Findings(
        known["facts"],
        known["judge"],
        known["machine"],
        tuple(_row(one) for one in known["results"]),
        tuple(_duel(one) for one in known["duels"]),
        tuple(known["missing"]),
    )


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def shortened(axes: Mapping[str, Interval]) -> dict[str, Interval]:
    """The intervals as they will be read again."""
    ends = {key: (one.value, one.low, one.high) for key, one in axes.items()}
    return {key: Interval(*map(rounded, three)) for key, three in ends.items()}


def _ends(axes: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {key: [one.value, one.low, one.high] for key, one in axes.items()}


def _intervals(facts: Mapping[str, Any]) -> dict[str, Interval]:
    return {axis.key: Interval(*facts[axis.key]) for axis in AXES if axis.key in facts}


def _row_facts(one: Row) -> dict[str, object]:
    names = ("pair", "method", "family", "source", "setting")
    costs = ("evaluations", "gradients", "seconds", "code")
    head, tail = ({name: getattr(one, name) for name in group} for group in (names, costs))
    return {**head, **_ends(one.axes), **tail}


def _row(facts: Mapping[str, Any]) -> Row:
    plain = {name: value for name, value in facts.items() if not isinstance(value, list)}
    return Row(**{**plain, "family": Family(plain["family"])}, axes=_intervals(facts))


def _duel_facts(one: Duel) -> dict[str, object]:
    names = ("pair", "ours", "rival", "recolours", "paired")
    return {**{name: getattr(one, name) for name in names}, **_ends(one.axes), "told": one.told}


def _duel(facts: Mapping[str, Any]) -> Duel:
    names = ("pair", "ours", "rival", "recolours", "paired")
    told = {key: tuple(value) for key, value in facts["told"].items()}
    return Duel(**{name: facts[name] for name in names}, axes=_intervals(facts), told=told)
