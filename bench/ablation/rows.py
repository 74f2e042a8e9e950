"""The rows that the ablation's page is printed from: one setting on one pair, scene by scene."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..axes import EDGES, PSNR, TRUE_EDGES, Axis, Side
from ..lab import Case
from ..metrics import colour_distribution, distribution_distance, edge_agreement, psnr
from ..rows import lines_of
from ..scenes import rendered
from ..statistics import Interval, mean_interval

NUMBERS = "ablation.json"
DIGITS = 5
COLOUR = Axis("colour", "colours from domain", Side.APPEARANCE, -1, 4, "per scene")
AXES = (PSNR, EDGES, TRUE_EDGES, COLOUR)
EVERYWHERE = "mean of all"


@dataclass(frozen=True)
class Row:
    study: str
    pair: str
    labels: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]  # by an axis' key, one per scene
    evaluations: float
    gradients: float
    code: str

    def on(self, axis: Axis) -> Tensor:
        return torch.tensor(self.values[axis.key], dtype=torch.float64)

    def gain(self, base: Row, axis: Axis) -> Interval:
        """How far it is ahead of another row, paired by scene; positive is better."""
        return mean_interval(axis.better * (self.on(axis) - base.on(axis)))


def measured(made: Tensor, case: Case, look: Tensor) -> dict[str, tuple[float, ...]]:
    """Every axis, scene by scene; `look` is the target domain's mean colour distribution."""
    values = {
        PSNR: psnr(made, case.truth),
        EDGES: edge_agreement(made, case.source),
        TRUE_EDGES: edge_agreement(made, case.truth),
        COLOUR: distribution_distance(colour_distribution(made), look),
    }
    return {axis.key: tuple(map(rounded, of.tolist())) for axis, of in values.items()}


def look_of(domain: str, seeds: Sequence[int]) -> Tensor:
    return colour_distribution(rendered(seeds, domain)).mean(dim=0)


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def with_means(rows: Sequence[Row]) -> list[Row]:
    """Rows of one study, after each setting's mean over the translations, scene by scene."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for one in rows:
        groups.setdefault(one.labels, []).append(one)
    return [*(_mean(group) for group in groups.values()), *rows]


def _mean(group: Sequence[Row]) -> Row:
    values = {axis.key: torch.stack([one.on(axis) for one in group]).mean(dim=0) for axis in AXES}
    costs = [sum(costs) / len(group) for costs in zip(*map(_costs, group), strict=True)]
    means = {key: tuple(of.tolist()) for key, of in values.items()}
    return Row(group[0].study, EVERYWHERE, group[0].labels, means, *costs, group[0].code)


def _costs(row: Row) -> tuple[float, float]:
    return row.evaluations, row.gradients


def replaced(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Old rows, but of a study and pair that ran again only the new: one code made each table."""
    ran = {(one.study, one.pair) for one in new}
    return [*(one for one in old if (one.study, one.pair) not in ran), *new]


def write(facts: Mapping[str, Any], rows: Sequence[Row], folder: Path) -> None:
    """A line for every row."""
    names = [one.name for one in fields(Row) if one.name != "values"]
    lines = [{name: getattr(one, name) for name in names} | dict(one.values) for one in rows]
    (folder / NUMBERS).write_text(lines_of({"facts": facts}, {"rows": lines}), encoding="utf-8")


def read(folder: Path, facts: Mapping[str, Any]) -> list[Row]:
    """What was written before, if that was of the same steps and weights."""
    path = folder / NUMBERS
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"facts": None}
    return [_row(one) for one in known["rows"]] if known["facts"] == facts else []


def _row(facts: Mapping[str, Any]) -> Row:
    values = {axis.key: tuple(facts[axis.key]) for axis in AXES}
    rest = {name: value for name, value in facts.items() if name not in values}
    return Row(**{**rest, "labels": tuple(rest["labels"])}, values=values)
