"""The pictures of the quality page: structure against appearance, and sheets of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from .axes import COLOUR, EDGES, FRECHET, PSNR, Axis
from .lab import PAIRS
from .method import Family
from .plan import Plan
from .rows import Findings, Row
from .scenes import rendered
from .store import Job

FOLDER = "bench"  # beside the page
SCATTERS = {COLOUR: f"{FOLDER}/quality-colour.png", FRECHET: f"{FOLDER}/quality-frechet.png"}
STYLES = {
    Family.BOUND: ("s", "#8a8a8a"),
    Family.RIVAL: ("o", "#2f6690"),
    Family.OURS: ("D", "#c8401f"),
}
COLUMNS, SHEET_SCENES, SHEET_RIVALS = 3, 4, 4


def scatter(rows: Sequence[Row], appearance: Axis, path: Path) -> None:
    """One panel per pair; up and to the right is better. Numbers name the methods."""
    names = list(dict.fromkeys(one.method for one in rows))
    pairs = list(dict.fromkeys(one.pair for one in rows))
    columns = min(COLUMNS, len(pairs))
    lines = -(-len(pairs) // columns)
    figure = Figure(figsize=(4.3 * columns + 2.6, 3.9 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(pairs) :]:
        panel.set_axis_off()
    for panel, pair in zip(panels, pairs, strict=False):
        for one in (row for row in rows if row.pair == pair):
            _mark(panel, one, names.index(one.method) + 1, appearance)
        panel.set_title(pair)
        panel.set_xscale("log")
        panel.invert_xaxis()
        panel.set_xlabel(f"{appearance.name} distance (right is better)")
        panel.set_ylabel(EDGES.name)
        panel.grid(alpha=0.25)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _mark(panel, one: Row, number: int, appearance: Axis) -> None:
    across, up = one.on(appearance), one.on(EDGES)
    mark, colour = STYLES[one.family]
    widths = {"xerr": across.half_width, "yerr": up.half_width, "ecolor": colour + "55"}
    label = f"{number}  {one.method}"
    panel.errorbar(
        across.value, up.value, fmt=mark, color=colour, markersize=12, label=label, **widths
    )
    centred = {"ha": "center", "va": "center", "color": "white", "zorder": 10}
    panel.annotate(str(number), (across.value, up.value), fontsize=7.5, weight="bold", **centred)


def sheet_of(pair: str) -> str:
    return f"{FOLDER}/quality-{pair.replace(' ', '-')}.jpg"


def write_sheets(plan: Plan, findings: Findings, docs: Path) -> None:
    """The scatters, and a sheet for every pair whose pictures were all made by this run."""
    for appearance, name in SCATTERS.items():
        scatter(findings.rows, appearance, docs / name)
    for pair in (one for one in PAIRS if one.name in findings.pairs):
        shown = sheet_rows(findings.of(pair.name))
        jobs = [_first_job(plan, one) for one in shown]
        if all(job is not None and plan.store.has(job) for job in jobs):
            seeds = plan.evaluation_batches[0][:SHEET_SCENES]
            made = {job.method.name: plan.store.load(job).floats for job in jobs}
            ends = {name: rendered(seeds, name) for name in (pair.source, pair.target)}
            columns = {"source": ends[pair.source], **made, "truth": ends[pair.target]}
            sheet(columns, len(seeds), docs / sheet_of(pair.name))


def sheet_rows(rows: Sequence[Row]) -> list[Row]:
    """Ours, and the strongest rivals by PSNR."""
    rivals = [one for one in rows if one.family is Family.RIVAL]
    rivals.sort(key=lambda one: one.on(PSNR).value, reverse=True)
    return [*(one for one in rows if one.family is Family.OURS), *rivals[:SHEET_RIVALS]]


def _first_job(plan: Plan, row: Row) -> Job | None:
    pair = next(one for one in PAIRS if one.name == row.pair)
    named = [one for one in plan.methods if one.name == row.method]
    return Job(pair, named[0], row.setting, plan.evaluation_batches[0]) if named else None


def sheet(columns: dict[str, Tensor], scenes: int, path: Path) -> None:
    """A row per scene, a column per name with pictures [n, 3, H, W]."""
    figure = Figure(figsize=(1.7 * len(columns), 1.7 * scenes + 0.5), layout="constrained")
    panels = figure.subplots(scenes, len(columns), squeeze=False)
    for (name, pictures), column in zip(columns.items(), panels.T, strict=True):
        column[0].set_title(name.replace(", ", ",\n"), fontsize=7)
        for picture, panel in zip(pictures, column, strict=False):
            panel.imshow(picture.clamp(0, 1).permute(1, 2, 0).numpy())
            panel.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75, pil_kwargs={"quality": 85})
