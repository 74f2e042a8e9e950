"""What was measured, a row for each run, and how rows of several seeds become one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..statistics import Interval, mean_interval

FORMAT = 1
CEILING, FLOOR = "real against real", "the commonest class of each place"
SHIPPED = "of this pack"  # the translator that its template takes


@dataclass(frozen=True, kw_only=True)
class Row:
    """One run, or one oracle, and its numbers."""

    data: str
    arm: str
    seed: int = 0
    weights: str = ""  # a hash of its file
    made: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, float]

    @property
    def key(self) -> tuple[str, str, int]:
        return self.data, self.arm, self.seed


def write(rows: Iterable[Row], path: Path) -> None:
    """A line for every row."""
    body = ",\n".join(json.dumps(asdict(row)) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"format": {FORMAT}, "rows": [\n{body}\n]}}\n', encoding="utf-8")


def read(path: Path) -> list[Row]:
    """What was written before."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return [Row(**one) for one in known["rows"]] if known.get("format") == FORMAT else []


def merged(old: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """Old rows with those of the same run replaced."""
    found = {one.key: one for one in (*old, *new)}
    return sorted(found.values(), key=lambda one: one.key)


def of_arm(rows: Iterable[Row], data: str, arm: str) -> list[Row]:
    return [one for one in rows if (one.data, one.arm) == (data, arm)]


def over_seeds(values: Sequence[float]) -> Interval:
    """The mean with its Student interval; of one seed the value alone."""
    if len(values) == 1:
        return Interval(values[0], values[0], values[0])
    return mean_interval(torch.tensor(values, dtype=torch.float64))


def number(rows: Sequence[Row], name: str) -> Interval:
    """One number of an arm."""
    return over_seeds([one.numbers[name] for one in rows])


def paired(ours: Sequence[Row], theirs: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Rows of two arms with the same seed."""
    other = {one.seed: one for one in theirs}
    return [(one, other[one.seed]) for one in ours if one.seed in other]


def ahead(ours: Sequence[Row], theirs: Sequence[Row], name: str) -> Interval | None:
    """ours - theirs, seed by seed."""
    pairs = paired(ours, theirs)
    return over_seeds([a.numbers[name] - b.numbers[name] for a, b in pairs]) if pairs else None


def saved(ours: Sequence[Row], theirs: Sequence[Row], name: str) -> Interval | None:
    """Which share of theirs ours leaves out, seed by seed."""
    pairs = [(a.numbers[name], b.numbers[name]) for a, b in paired(ours, theirs)]
    return over_seeds([1 - a / b for a, b in pairs if b > 0]) if pairs else None
