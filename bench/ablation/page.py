"""The ablation's page: a table for every study, and sentences computed from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..axes import Axis
from ..cost_page import markdown_table
from ..statistics import Standing, mean_interval, standing
from .rows import AXES, Row, with_means
from .studies import Study

PAGE = "ablation.md"
MARKS = {Standing.BETTER: " ▲", Standing.EQUAL: "", Standing.WORSE: " ▼"}
Rows = dict[tuple[str, tuple[str, ...]], Row]  # by pair and labels


def write_page(
    studies: Sequence[Study], rows: Sequence[Row], facts: Mapping[str, Any], folder: Path
) -> None:
    (folder / PAGE).write_text(page(studies, rows, facts), encoding="utf-8")


def page(studies: Sequence[Study], rows: Sequence[Row], facts: Mapping[str, Any]) -> str:
    """The whole page in Markdown."""
    tables = {one.name: rows_for(one, rows) for one in studies}
    known = [one for one in studies if tables[one.name]]
    missing = ", ".join(one.title for one in studies if not tables[one.name])
    compared = [one for one in known if one.base]
    summary = "\n".join(summary_line(one, tables[one.name]) for one in compared)
    parts = [
        "# What each part of S2ST buys",
        f"In how many of all comparisons (a translation on an axis) the setting that a table "
        f"compares with is the best, or no further from the best than chance:\n\n{summary}",
        introduction(facts),
        f"Not run yet: {missing}." if missing else "",
        *(section(one, tables[one.name]) for one in known),
        code_line(rows, facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def rows_for(study: Study, rows: Sequence[Row]) -> Rows:
    """A study's rows, of complete comparisons only."""
    own = [one for one in rows if one.study == study.name]
    if study.everywhere and len({one.pair for one in own}) > 1:
        own = with_means(own)
    found = {(one.pair, one.labels): one for one in own}
    return {key: one for key, one in found.items() if (key[0], study.base_of(key[1])) in found}


def introduction(facts: Mapping[str, Any]) -> str:
    return f"""`python dev.py bench ablation` makes this page, on the [demo model](demo-model.md)
and scenes whose truth is known. They are *tuning* scenes, because defaults are chosen from these
tables: no scene on which methods are compared is used here. Where a table does not say otherwise:
{facts["steps"]} steps, guidance 3, no seed translation, no null text, 10 iterations of trajectory
optimisation with the frozen gradient; "histogram" is the paper's distance with learning rate
{facts["rates"]["histogram"]} and structure weight 1, "Wasserstein" has learning rate
{facts["rates"]["Wasserstein"]} and structure weight 1.

Values are means over scenes with their 95 % confidence interval (Student's). ▲ and ▼ mark what is
better or worse than the setting that a table names, where the interval of the difference, paired by
scene, excludes zero; with so many comparisons some marks are chance. Evaluations and backward
passes of the model are per image, inversion included."""


def code_line(rows: Sequence[Row], facts: Mapping[str, Any]) -> str:
    codes: dict[str, dict[str, None]] = {}
    for one in rows:
        codes.setdefault(one.code, {})[one.study] = None
    lines = "\n".join(f"- code {code}: {', '.join(names)}" for code, names in codes.items())
    return f"Made by, with weights {facts['weights']}:\n\n{lines}"


def summary_line(study: Study, rows: Rows) -> str:
    found = [best_of(study, rows, pair, axis) for pair in pairs_of(rows) for axis in AXES]
    level = sum(ahead is not Standing.BETTER for *_, ahead in found)
    return (
        f"- [{study.title}](#{anchor(study)}): {', '.join(study.base)}, in {level} of {len(found)}"
    )


def pairs_of(rows: Rows) -> list[str]:
    return list(dict.fromkeys(pair for pair, _ in rows))


def best_of(study: Study, rows: Rows, pair: str, axis: Axis) -> tuple[Row, Row, Standing]:
    """The best setting of a pair on an axis, what it is compared with, and how it stands to it."""
    own = [one for (where, _), one in rows.items() if where == pair]
    best = max(own, key=lambda one: axis.better * one.on(axis).mean().item())
    base = rows[pair, study.base_of(best.labels)]
    return best, base, standing(best.gain(base, axis))


def section(study: Study, rows: Rows) -> str:
    """A study: what its rows say where they are compared, and its table."""
    if not study.base:
        return f"## {study.title}\n\n{table(study, rows)}"
    scenes = len(next(iter(rows.values())).values[AXES[0].key])
    named = zip(study.columns[-len(study.base) :], study.base, strict=True)
    base = ", ".join(f"{column} {label}" for column, label in named)
    told = "\n".join(f"- *{pair}*: {told_pair(study, rows, pair)}." for pair in pairs_of(rows))
    return "\n\n".join(
        [f"## {study.title}", f"{scenes} scenes. Compared with: {base}.", told, table(study, rows)]
    )


def told_pair(study: Study, rows: Rows, pair: str) -> str:
    """Who is best on each axis, and whether that is beyond chance."""
    return "; ".join(told_axis(*best_of(study, rows, pair, axis), axis) for axis in AXES)


def told_axis(best: Row, base: Row, ahead: Standing, axis: Axis) -> str:
    name = f"{axis.name} best with {', '.join(best.labels)}"
    if best is base:
        return f"{name}, which is compared with"
    gain = best.gain(base, axis).shown(axis.digits)
    over = ", ".join(base.labels)
    if ahead is Standing.BETTER:
        return f"{name}, ahead of {over} by {gain}"
    return f"{name}, from which {over} differs by no more than chance ({gain})"


def table(study: Study, rows: Rows) -> str:
    heads = ["pair", *study.columns, *(axis.head for axis in AXES), "evaluations", "backward"]
    lines = []
    for (pair, labels), one in rows.items():
        base = rows[pair, study.base_of(labels)]
        cells = [value(one, base, axis) for axis in AXES]
        lines.append([pair, *labels, *cells, f"{one.evaluations:.0f}", f"{one.gradients:.0f}"])
    return markdown_table(heads, lines)


def value(one: Row, base: Row, axis: Axis) -> str:
    mark = MARKS[standing(one.gain(base, axis))]
    return mean_interval(one.on(axis)).shown(axis.digits) + mark


def anchor(study: Study) -> str:
    kept = "".join(c for c in study.title.lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")
