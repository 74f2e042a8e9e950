"""The rows that quality and ablation are printed from, and how they lie in docs/*.json.

A run replaces the rows of the methods that it has run and keeps all others, so that a changed
method can be run alone. Rows of another size (scenes, steps ...) or other weights are not kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from .axes import AXIS_OF, Axis
from .judging import Scores
from .lab import Family, Setting
from .statistics import Interval

NUMBERS = "quality.json"
FORMAT = 2
DIGITS = 8  # that are kept of every number
HEADS = ("facts", "judge", "machine", "missing")


class Variant(str, Enum):
    """What became of a method's pictures before they were judged, or at which price it ran."""

    PLAIN = ""
    RESTORED = ", detail restored"  # the source's, by the library, from the very same pictures
    AT_OUR_COST = ", detail restored, at our cost"  # at the steps whose price is nearest to ours


def compared(family: Family) -> Variant:
    """What of a method is laid beside others, and so what its settings are chosen for."""
    return Variant.RESTORED if family.draws else Variant.PLAIN


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method on one pair."""

    pair: str
    method: str
    variant: Variant = Variant.PLAIN
    family: Family
    source: str  # the paper
    setting: Setting
    axes: Mapping[str, Interval]
    cars: Sequence[int]  # the judge's: the source's, of them kept, the result's, of them invented
    evaluations: float
    gradients: float
    seconds: float
    code: str
    scores: Scores | None = field(default=None, compare=False)  # known of rows of this run

    @property
    def name(self) -> str:
        return self.method + self.variant.value

    @property
    def key(self) -> tuple[str, str]:
        return self.pair, self.name

    @property
    def compared(self) -> bool:
        """Whether this is the variant in which its method is laid beside others."""
        return self.variant is compared(self.family)

    def on(self, axis: Axis) -> Interval:
        return self.axes[axis.key]


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Ours against another row on one pair: how far it is ahead on each axis."""

    pair: str
    ours: str
    rival: str
    paired: bool  # scene by scene; else from two independent intervals
    axes: Mapping[str, Interval]  # positive is ours

    @property
    def key(self) -> tuple[str, str, str]:
        return self.pair, self.ours, self.rival

    def on(self, axis: Axis) -> Interval:
        return self.axes[axis.key]


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
    known = [one for one in found.values() if one.name in rank]
    return sorted(known, key=lambda one: [rank[name] for name in one.key])


def write(findings: Findings, path: Path) -> None:
    """JSON with a line for every head and every row."""
    heads = {"format": FORMAT, **{name: getattr(findings, name) for name in HEADS}}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in heads.items()]
    for name, rows in {"results": findings.rows, "duels": findings.duels}.items():
        body = ",\n".join(json.dumps(_facts(row)) for row in rows)
        lines.append(f"{json.dumps(name)}: [\n{body}\n]")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read(path: Path, facts: Mapping[str, Any] | None = None) -> Findings | None:
    """What was written before, if it has the same facts (any will do for None)."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if known and known.get("format") != FORMAT:
        print(
            f"The rows in {path} are of format {known.get('format', 1)}, but this bench reads and "
            f"writes {FORMAT}: none of them is taken over, run the bench again.",
            file=sys.stderr,
        )
    elif known and facts in (None, known["facts"]):
        rows = [Row(**_given(one)) for one in known["results"]]
        duels = [Duel(**_given(one)) for one in known["duels"]]
        return Findings(**{name: known[name] for name in HEADS}, rows=rows, duels=duels)
    return None


def _facts(one: Row | Duel) -> dict[str, object]:
    """A row with its axes beside the rest."""
    facts = {name: value for name, value in vars(one).items() if name not in ("scores", "axes")}
    return facts | dict(one.axes)


def _given(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What makes the row that `_facts` has told."""
    axes = {name: Interval(*value) for name, value in facts.items() if name in AXIS_OF}
    rest = {name: value for name, value in facts.items() if name not in axes}
    kinds = {"family": Family, "variant": Variant}
    made = {name: kind(rest[name]) for name, kind in kinds.items() if name in rest}
    return {**rest, **made, "axes": axes}


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
