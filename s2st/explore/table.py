"""The cells of a grid as text."""

from __future__ import annotations

from collections.abc import Sequence

from .choice import Cell, frontier
from .grid import label

HEADINGS = ("", "settings", "structure", "look", "evaluations", "seconds", "")


def table(cells: Sequence[Cell], names: Sequence[str], best: int) -> str:
    """A line for each cell, those of the frontier and the chosen one marked."""
    marks = dict.fromkeys(frontier(cells), "frontier") | {best: "chosen"}
    rows = [
        HEADINGS,
        *(_row(at + 1, one, names, marks.get(at, "")) for at, one in enumerate(cells)),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def told(cells: Sequence[Cell], names: Sequence[str], best: int) -> list[str]:
    """The same as sentences, for where columns cannot be lined up."""
    marks = dict.fromkeys(frontier(cells), ", on the frontier") | {best: ", chosen"}
    return [
        f"{at + 1}: {label(one.settings, names)}: structure {one.measured.structure:.3f}, look "
        f"{one.measured.look:.3f}, {one.evaluations} evaluations{marks.get(at, '')}"
        for at, one in enumerate(cells)
    ]


def _row(number: int, cell: Cell, names: Sequence[str], mark: str) -> tuple[str, ...]:
    measures = f"{cell.measured.structure:.3f}", f"{cell.measured.look:.3f}"
    cost = f"{cell.evaluations}", f"{cell.seconds:.1f}"
    return (f"{number}", label(cell.settings, names), *measures, *cost, mark)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(one.ljust(width) for one, width in zip(row, widths, strict=True)).rstrip()
