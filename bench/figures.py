"""The pictures of the report: structure against appearance, and contact sheets of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .axes import EDGES, Axis
from .judging import Result
from .lab import Pair
from .method import Family

COLOURS = {Family.BOUND: "#8a8a8a", Family.RIVAL: "#2f6690", Family.OURS: "#c8401f"}
MARKS = {Family.BOUND: "s", Family.RIVAL: "o", Family.OURS: "D"}
COLUMNS = 3
CELL, GAP, LINE = 128, 4, 16
PAPER, INK = (250, 250, 250), (40, 40, 40)
JPEG_QUALITY = 85


def scatter(results: Sequence[Result], appearance: Axis, path: Path) -> None:
    """One panel per pair; up and to the right is better. Numbers name the methods."""
    names = list(dict.fromkeys(one.method.name for one in results))
    pairs = list(dict.fromkeys(one.pair for one in results))
    columns = min(COLUMNS, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(4.3 * columns + 2.6, 3.9 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for panel, pair in zip(panels, pairs, strict=False):
        _panel(panel, [one for one in results if one.pair == pair], names, appearance)
    for panel in panels[len(pairs) :]:
        panel.set_axis_off()
    figure.legend(handles=_legend(results, names), loc="outside right upper", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


def _panel(panel, results: Sequence[Result], names: Sequence[str], appearance: Axis) -> None:
    for one in results:
        across = one.scores.interval(appearance)
        up = one.scores.interval(EDGES)
        family = one.method.family
        panel.errorbar(
            across.value,
            up.value,
            xerr=across.half_width,
            yerr=up.half_width,
            fmt=MARKS[family],
            color=COLOURS[family],
            ecolor=COLOURS[family] + "55",
            markersize=12,
            alpha=0.9,
        )
        panel.annotate(
            str(names.index(one.method.name) + 1),
            (across.value, up.value),
            ha="center",
            va="center",
            fontsize=7.5,
            color="white",
            weight="bold",
            zorder=10,
        )
    panel.set_title(results[0].pair.name)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(FuncFormatter(_plain))
    panel.xaxis.set_minor_formatter(FuncFormatter(_plain_if_round))
    panel.tick_params(axis="x", which="both", labelsize=8)
    panel.invert_xaxis()
    panel.set_xlabel(f"appearance: {appearance.name} distance (right is better)")
    panel.set_ylabel("structure: edge agreement with the source")
    panel.grid(alpha=0.25)


def _plain(value: float, _: int) -> str:
    return f"{value:g}"


def _plain_if_round(value: float, place: int) -> str:
    """Labels for the 2s and 5s of a decade; more would overlap."""
    return _plain(value, place) if f"{value:e}"[0] in "25" else ""


def _legend(results: Sequence[Result], names: Sequence[str]) -> list:
    families = {one.method.name: one.method.family for one in results}
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=MARKS[families[name]],
            color=COLOURS[families[name]],
            label=f"{place}  {name}",
        )
        for place, name in enumerate(names, start=1)
    ]


def contact_sheet(columns: Mapping[str, Tensor], path: Path) -> None:
    """A row per scene, a column per name with pictures [n, 3, H, W]."""
    rows = max(len(pictures) for pictures in columns.values())
    step, head = CELL + GAP, 2 * LINE + GAP
    sheet = Image.new("RGB", (GAP + step * len(columns), head + step * rows), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for place, (name, pictures) in enumerate(columns.items()):
        left = GAP + step * place
        draw.multiline_text((left, 2), _in_two_lines(name), INK, font, spacing=1)
        for row, picture in enumerate(pictures):
            sheet.paste(_cell(picture), (left, head + step * row))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, quality=JPEG_QUALITY, optimize=True)


def _in_two_lines(name: str) -> str:
    if len(name) <= 18 or " " not in name:
        return name
    middle = min(
        (place for place, letter in enumerate(name) if letter == " "),
        key=lambda place: abs(place - len(name) / 2),
    )
    return f"{name[:middle]}\n{name[middle + 1 :]}"


def _cell(picture: Tensor) -> Image.Image:
    values = np.rint(picture.clamp(0, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    whole = Image.fromarray(values)
    return whole if whole.size == (CELL, CELL) else whole.resize((CELL, CELL), Image.LANCZOS)


def sheet_name(pair: Pair) -> str:
    return f"quality-{pair.name.replace(' ', '-')}.jpg"
