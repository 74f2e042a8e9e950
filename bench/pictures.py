"""The pictures of the quality page: structure against appearance, and sheets of results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from matplotlib.figure import Figure
from torch import Tensor

from .axes import COLOUR, EDGES, FRECHET, Axis
from .duels import strongest
from .lab import PAIRS, Family
from .methods import OURS
from .plan import Plan
from .rows import Findings, Row, Variant
from .store import rendered

FOLDER = "bench"  # beside the page
SCATTERS = {COLOUR: f"{FOLDER}/quality-colour.png", FRECHET: f"{FOLDER}/quality-frechet.png"}
STYLES = {
    Family.BOUND: ("s", "#8a8a8a"),
    Family.RECOLOURING: ("o", "#6b8f3c"),
    Family.TRAINED: ("^", "#8a5a9e"),
    Family.RIVAL: ("o", "#2f6690"),
    Family.OURS: ("D", "#c8401f"),
}
COLUMNS, SHEET_SCENES, SHEET_RIVALS = 3, 4, 4
TITLE_WIDTH = 24  # letters above a column of a sheet


def write_pictures(plan: Plan, findings: Findings, docs: Path) -> None:
    """The scatters, and a sheet for every pair whose pictures were all made by this run."""
    (docs / FOLDER).mkdir(parents=True, exist_ok=True)
    for appearance, name in SCATTERS.items():
        scatter(findings, appearance, docs / name)
    for pair in (one for one in PAIRS if one.name in findings.pairs):
        methods = {one.name: one for one in plan.methods}
        rows = sheet_rows(findings, pair.name)
        if not rows or any(one.method not in methods for one in rows):
            continue
        lines = [plan.evaluation(pair, methods[one.method], one.setting)[:1] for one in rows]
        if all(map(plan.has, lines)):
            seeds = lines[0][0].seeds[:SHEET_SCENES]
            made = {line[0].method.name: plan.pictures(line, Variant.RESTORED) for line in lines}
            first = {"source": rendered(seeds, pair.source)}
            last = {"truth": rendered(seeds, pair.target)}
            sheet(first | made | last, len(seeds), docs / sheet_of(pair.name))


def scatter(findings: Findings, appearance: Axis, path: Path) -> None:
    """One panel per pair; up and to the right is better. Numbers name the methods."""
    shown = [one for one in findings.rows if one.compared]
    names = list(dict.fromkeys(one.method for one in shown))
    columns = min(COLUMNS, len(findings.pairs))
    lines = -(-len(findings.pairs) // columns)
    figure = Figure(figsize=(4.3 * columns + 2.6, 3.9 * lines), layout="constrained")
    for place, pair in enumerate(findings.pairs):
        panel = figure.add_subplot(lines, columns, place + 1, title=pair, xscale="log")
        for one in (row for row in shown if row.pair == pair):
            _mark(panel, one, names.index(one.method) + 1, appearance)
        panel.invert_xaxis()
        panel.set_xlabel(f"{appearance.name} distance (right is better)")
        panel.set_ylabel(EDGES.name)
        panel.grid(alpha=0.25)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside right upper", fontsize=9)
    figure.savefig(path, dpi=80)


def _mark(panel, one: Row, number: int, appearance: Axis) -> None:
    across, up = one.on(appearance), one.on(EDGES)
    mark, colour = STYLES[one.family]
    look = {"fmt": mark, "color": colour, "ecolor": colour + "55", "markersize": 12}
    widths = {"xerr": across.half_width, "yerr": up.half_width}
    panel.errorbar(across.value, up.value, label=f"{number}  {one.method}", **look, **widths)
    centred = {"ha": "center", "va": "center", "color": "white", "zorder": 10}
    panel.annotate(str(number), (across.value, up.value), fontsize=7.5, weight="bold", **centred)


def sheet_of(pair: str) -> str:
    return f"{FOLDER}/quality-{pair.replace(' ', '-')}.jpg"


def sheet_rows(findings: Findings, pair: str) -> list[Row]:
    """The strongest rivals and ours, the detail restored."""
    names = [*strongest(findings, SHEET_RIVALS), *(one.name for one in OURS)]
    rows = {one.method: one for one in findings.of(pair) if one.variant is Variant.RESTORED}
    return [rows[name] for name in names if name in rows]


def sheet(columns: Mapping[str, Tensor], scenes: int, path: Path) -> None:
    """A row per scene, a column per name with pictures [n, 3, H, W]."""
    figure = Figure(figsize=(1.7 * len(columns), 1.7 * scenes + 0.5), layout="constrained")
    panels = figure.subplots(scenes, len(columns), squeeze=False)
    for (name, pictures), column in zip(columns.items(), panels.T, strict=True):
        column[0].set_title(fill(name, TITLE_WIDTH), fontsize=7)
        for picture, panel in zip(pictures, column, strict=False):
            panel.imshow(picture.clamp(0, 1).permute(1, 2, 0).numpy())
            panel.set_axis_off()
    figure.savefig(path, dpi=75, pil_kwargs={"quality": 85})
