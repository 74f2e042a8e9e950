"""One plot for each study: a row of panels for each pair, a panel for each axis."""

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
DOTS = 72
COLOURS = 64  # of the file, which shrinks it by more than half


def plot(study: Study, rows: Sequence[Row], path: Path) -> None:
    """Draw a study's rows into a PNG file."""
    pairs = list(dict.fromkeys(row.pair for row in rows))
    size = (PANEL[0] * len(AXES), PANEL[1] * len(pairs) + 0.7)
    figure = Figure(figsize=size, dpi=DOTS, layout="constrained")
    panels = figure.subplots(len(pairs), len(AXES), squeeze=False)
    for pair, line in zip(pairs, panels, strict=True):
        own = [row for row in rows if row.pair == pair]
        for axis, panel in zip(AXES, line, strict=True):
            _fill(panel, own, axis)
        line[0].set_ylabel(pair.name)
    for axis, panel in zip(AXES, panels[0], strict=True):
        arrow = "higher" if axis.better > 0 else "lower"
        panel.set_title(f"{axis.title}\n({arrow} is better)", fontsize=9)
    for panel in panels[-1]:
        panel.set_xlabel(study.columns[-1], fontsize=8)
    _add_legend(figure, panels[0][0], study)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)


def _fill(panel: Axes, rows: Sequence[Row], axis: Axis) -> None:
    """The last label runs along x; every combination of the others is a line.

    The bars are the interval of the difference from the base, paired by scene.
    """
    ticks = list(dict.fromkeys(row.labels[-1] for row in rows))
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
