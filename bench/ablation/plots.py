"""One plot for each study: a row of panels for each pair, a panel for each axis.

Settings in words that are too many to stand side by side stand below each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from .axes import AXES, Axis
from .rows import Row
from .studies import Study

matplotlib.use("Agg")
PANEL = (3.1, 2.5)  # inches
LINE = 0.2  # inches for a setting in words, where they stand below each other
SIDE_BY_SIDE = 6  # settings in words, at most
DOTS = 72
COLOURS = 64  # of the file, which shrinks it by more than half


def plot(study: Study, rows: Sequence[Row], path: Path) -> None:
    """Draw a study's rows into a PNG file; of a study on all translations their mean alone."""
    pairs = list(dict.fromkeys(row.pair for row in rows))
    pairs = pairs[:1] if study.everywhere else pairs
    lines = len(_ticks(rows)) if _below_each_other(rows) else 0
    height = max(PANEL[1], LINE * lines)
    size = (PANEL[0] * (len(AXES) + bool(lines)), height * len(pairs) + 0.7)
    figure = Figure(figsize=size, dpi=DOTS, layout="constrained")
    panels = figure.subplots(len(pairs), len(AXES), squeeze=False)
    for pair, line in zip(pairs, panels, strict=True):
        own = [row for row in rows if row.pair == pair]
        for axis, panel in zip(AXES, line, strict=True):
            (_list if lines else _fill)(panel, own, axis)
        for panel in line[1:] if lines else ():
            panel.set_yticklabels([])
        line[0].set_ylabel(pair.name)
    for axis, panel in zip(AXES, panels[0], strict=True):
        arrow = "higher" if axis.better > 0 else "lower"
        panel.set_title(f"{axis.title}\n({arrow} is better)", fontsize=9)
    for panel in () if lines else panels[-1]:
        panel.set_xlabel(study.columns[-1], fontsize=8)
    _add_legend(figure, panels[0][0], study)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)


def _ticks(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.labels[-1] for row in rows))


def _below_each_other(rows: Sequence[Row]) -> bool:
    ticks = _ticks(rows)
    in_words = not all(_is_number(tick) for tick in ticks)
    return in_words and len(ticks) > SIDE_BY_SIDE and len(rows[0].labels) == 1


def _list(panel: Axes, rows: Sequence[Row], axis: Axis) -> None:
    """A line for each setting, the first on top; the bars are as in `_fill`."""
    places = range(len(rows))
    means = [row.interval(axis.name).value for row in rows]
    halves = [row.differences[axis.name].half_width for row in rows]
    panel.errorbar(means, places, xerr=halves, marker="o", ms=3, lw=0, elinewidth=0.6)
    panel.set_yticks(places, [row.labels[-1] for row in rows], fontsize=7)
    panel.invert_yaxis()
    panel.tick_params(axis="x", labelsize=7)
    panel.grid(alpha=0.3, lw=0.5)


def _fill(panel: Axes, rows: Sequence[Row], axis: Axis) -> None:
    """The last label runs along x; every combination of the others is a line.

    The bars are the interval of the difference from the base, paired by scene.
    """
    ticks = _ticks(rows)
    ordered = all(_is_number(tick) for tick in ticks)
    ticks = sorted(ticks, key=float) if ordered else ticks
    lines = list(dict.fromkeys(row.labels[:-1] for row in rows))
    for index, name in enumerate(lines):
        own = [row for row in rows if row.labels[:-1] == name]
        own.sort(key=lambda row: ticks.index(row.labels[-1]))
        shift = 0.06 * (index - (len(lines) - 1) / 2)
        places = [ticks.index(row.labels[-1]) + shift for row in own]
        means = [row.interval(axis.name).value for row in own]
        halves = [row.differences[axis.name].half_width for row in own]
        label, width = ", ".join(name), 1 if ordered else 0
        panel.errorbar(
            places, means, halves, marker="o", ms=3, lw=width, elinewidth=0.6, label=label
        )
    panel.set_xticks(range(len(ticks)), [fill(tick, 12) for tick in ticks], fontsize=6.5)
    panel.tick_params(axis="y", labelsize=7)
    panel.grid(alpha=0.3, lw=0.5)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _add_legend(figure: Figure, panel: Axes, study: Study) -> None:
    handles, labels = panel.get_legend_handles_labels()
    if any(labels):
        title = ", ".join(study.columns[:-1])
        figure.legend(handles, labels, title=title, loc="outside lower center", ncols=6, fontsize=7)
