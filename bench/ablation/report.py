"""The ablation as Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ..lab import Pair
from ..statistics import Interval, Standing, mean_interval, standing
from .axes import AXES, Axis
from .plots import plot
from .rows import Row, loss_in_percent
from .sentences import ENDS, INTRODUCTION, OLDER, SENTENCES
from .studies import Study

PLOTS = "bench"  # folder beside the page
MARKS = {Standing.BETTER: " ▲", Standing.EQUAL: "", Standing.WORSE: " ▼"}


@dataclass(frozen=True)
class Finished:
    """A study, with rows for the pairs that it is complete for."""

    study: Study
    scenes: int
    rows: list[Row]
    older: tuple[Pair, ...] = ()  # whose cells were made before the library last changed


@dataclass(frozen=True)
class End:
    """An end of the scale: what every axis says of pictures that no method has made."""

    pair: Pair
    name: str
    values: dict[str, list[float]]


def write(finished: Sequence[Finished], ends: Sequence[End], folder: Path) -> None:
    """ablation.md, ablation.json and the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ablation.json").write_text(as_json(finished, ends), encoding="utf-8")
    for one in _complete(finished):
        plot(one.study, one.rows, folder / plot_name(one.study))
    (folder / "ablation.md").write_text(as_markdown(finished, ends), encoding="utf-8")


def plot_name(study: Study) -> str:
    return f"{PLOTS}/ablation-{study.name}.png"


def as_markdown(finished: Sequence[Finished], ends: Sequence[End]) -> str:
    complete = _complete(finished)
    contents = "\n".join(f"- [{one.study.title}](#{_anchor(one.study)})" for one in complete)
    sections = [section(one) for one in complete]
    scale = f"{ENDS.strip()}\n\n{table_of_ends(ends)}"
    older = OLDER.strip() if any(one.older for one in complete) else ""
    contents = f"Tables:\n\n{contents}"
    parts = [INTRODUCTION.strip(), older, _missing(finished), contents, scale, *sections]
    return "\n\n".join(part for part in parts if part) + "\n"


def _complete(finished: Sequence[Finished]) -> list[Finished]:
    return [one for one in finished if one.rows]


def _missing(finished: Sequence[Finished]) -> str:
    """Which studies have no table yet."""
    titles = [one.study.title for one in finished if not one.rows]
    if not titles:
        return ""
    listed = "\n".join(f"- {title}" for title in titles)
    return f"Not run to their end yet, so without a table here:\n\n{listed}"


def table_of_ends(ends: Sequence[End]) -> str:
    lines = [["pair", "pictures", *(axis.title for axis in AXES)]]
    for end in ends:
        shown = [_shown(mean_interval(torch.tensor(end.values[axis.name])), axis) for axis in AXES]
        lines.append([end.pair.name, end.name, *shown])
    return markdown_table(lines)


def section(one: Finished) -> str:
    """A study: what it means, its table, its plot."""
    study = one.study
    parts = [f"## {study.title}", SENTENCES.get(study.name, "").strip()]
    parts.append(f"{one.scenes} scenes. Compared with: {_base_text(study)}.{_age(one)}")
    parts.append(table(study, one.rows))
    if study.name == "gradient":
        parts.append(losses(study, one.rows))
    parts.append(f"![{study.title}]({plot_name(study)})")
    return "\n\n".join(part for part in parts if part)


def _age(one: Finished) -> str:
    if not one.older:
        return ""
    names = " and ".join(pair.name for pair in one.older)
    return f" *Made before the library last changed: {names}.*"


def table(study: Study, rows: Sequence[Row]) -> str:
    heads = ["pair", *study.columns, *(axis.title for axis in AXES), "evaluations", "backward"]
    lines = [heads]
    for row in rows:
        shown = [_value(row, axis) for axis in AXES]
        cost = [f"{row.spent.evaluations:.0f}", f"{row.spent.gradients:.0f}"]
        lines.append([row.pair.name, *row.labels, *shown, *cost])
    return markdown_table(lines)


def losses(study: Study, rows: Sequence[Row]) -> str:
    """What each row loses against its base, in percent of the base."""
    lines = [["pair", *study.columns, *(axis.title for axis in AXES)]]
    for row in rows:
        labels = row.labels[: len(row.labels) - len(study.base)] + study.base
        if labels == row.labels:
            continue
        base = next(one for one in rows if (one.pair, one.labels) == (row.pair, labels))
        shown = [_percent(loss_in_percent(row, base, axis.name)) for axis in AXES]
        lines.append([row.pair.name, *row.labels, *shown])
    words = f"Lost against {_base_text(study)}, in % (negative: gained), paired by scene:"
    return f"{words}\n\n{markdown_table(lines)}"


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Rows of cells, heads first."""
    head, *rest = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head, "|" + " --- |" * len(lines[0]), *rest])


def as_json(finished: Sequence[Finished], ends: Sequence[End]) -> str:
    scale = [{"pair": end.pair.name, "pictures": end.name, **end.values} for end in ends]
    studies = {one.study.name: _facts(one) for one in _complete(finished)}
    return json.dumps({"ends": scale, "studies": studies}, indent=1) + "\n"


def _facts(one: Finished) -> dict[str, object]:
    study = one.study
    options = {cell.labels: repr(cell.options) for cell in study.cells}
    return {
        "title": study.title,
        "columns": study.columns,
        "compared_with": study.base,
        "scenes": one.scenes,
        "made_by_older_code": [pair.name for pair in one.older],
        "rows": [_row_facts(row, options[row.labels]) for row in one.rows],
    }


def _row_facts(row: Row, options: str) -> dict[str, object]:
    facts: dict[str, object] = {"pair": row.pair.name, "labels": row.labels, "options": options}
    for axis in AXES:
        shown, gain = row.interval(axis.name), row.differences[axis.name]
        facts[axis.name] = {
            "mean": _rounded(shown.value),
            "half_interval": _rounded(shown.half_width),
            "gain": _rounded(gain.value),
            "gain_half_interval": _rounded(gain.half_width),
            "scenes": [_rounded(value) for value in row.values[axis.name].tolist()],
        }
    cost = {"evaluations": row.spent.evaluations, "backward_passes": row.spent.gradients}
    return {**facts, "draws": row.draws, **cost, "seconds": _rounded(row.spent.seconds)}


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _value(row: Row, axis: Axis) -> str:
    mark = MARKS[standing(row.differences[axis.name])]
    return _shown(row.interval(axis.name), axis) + mark


def _shown(one: Interval, axis: Axis) -> str:
    return f"{one.value:.{axis.digits}f} ± {one.half_width:.{axis.digits}f}"


def _percent(loss: Interval) -> str:
    return f"{loss.value:+.1f} ± {loss.half_width:.1f}"


def _base_text(study: Study) -> str:
    named = zip(study.columns[-len(study.base) :], study.base, strict=True)
    return ", ".join(f"{column} {label}" for column, label in named)


def _anchor(study: Study) -> str:
    kept = "".join(c for c in study.title.lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")
