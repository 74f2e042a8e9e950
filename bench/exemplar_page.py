"""What the exemplar's page says of translations, and the curves that it draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.figure import Figure

from .axes import EDGES, STYLE
from .exemplar_methods import OURS, SOURCE, curves
from .parts import Duels, Part, Rows
from .rows import Findings, Row
from .statistics import Interval, Standing, independent_difference, standing

TRUTH, PLAIN = "the truth itself", "plain sampling"
WANTED = 0.20  # that ours is below the best of all others, at equal structure
PANEL = (4.6, 4.2)


def drawn_curves(rows: Rows) -> dict[str, list[Row]]:
    """The rows of every curve, from the least structure that it keeps to the most."""
    found = {
        name: [rows[one.name] for one in methods if one.name in rows]
        for name, methods in curves().items()
    }
    return {
        name: sorted(some, key=lambda one: one.on(EDGES).value)
        for name, some in found.items()
        if some
    }


def at_equal_structure(rows: Rows, _: Duels) -> str:
    """The best of each of our curves against whatever is nearest to the exemplar beside it."""
    found = drawn_curves(rows)
    others = {name: some for name, some in found.items() if name not in (*OURS, SOURCE)}
    told = [_told(*best) for name in OURS if (best := _best(found.get(name, ()), others))]
    if TRUTH in rows:
        told.append(_bound(rows[TRUTH]))
    return " ".join(told)


def cost(rows: Rows, _: Duels) -> str:
    """The evaluations of our curves beside those of plain sampling."""
    if PLAIN not in rows:
        return ""
    plain, told = rows[PLAIN].evaluations, []
    for name, curve in drawn_curves(rows).items():
        if name in OURS:
            times = sorted(one.evaluations / plain for one in curve)
            told.append(f"*{name}* {times[0]:.2f} to {times[-1]:.2f} times as many")
    return f"Plain sampling takes {plain:.0f} evaluations, {', '.join(told)}."


def _best(
    ours: Sequence[Row], others: Mapping[str, Sequence[Row]]
) -> tuple[float, Row, str, Interval] | None:
    """(how far below the others, which of ours, by whom it is met, that one's style there)."""
    met = [
        (1 - row.on(STYLE).value / there.value, row, rival, there)
        for row in ours
        if (nearest := _nearest(others, row.on(EDGES).value))
        for rival, there in [nearest]
    ]
    return max(met, key=lambda one: one[0], default=None)


def _nearest(others: Mapping[str, Sequence[Row]], edges: float) -> tuple[str, Interval] | None:
    """(curve, style) of what is nearest to the exemplar among all that keep as much structure."""
    known = [(name, one) for name, some in others.items() for one in _keeping(some, edges)]
    return min(known, key=lambda one: one[1].value, default=None)


def _keeping(curve: Sequence[Row], edges: float) -> Iterator[Interval]:
    """Styles of a curve, straight between its settings, where it keeps at least this structure."""
    yield from (one.on(STYLE) for one in curve if one.on(EDGES).value >= edges)
    for one, other in pairwise(curve):
        low, high = one.on(EDGES).value, other.on(EDGES).value
        if low < edges < high:
            share = (edges - low) / (high - low)
            ends = zip(one.on(STYLE), other.on(STYLE), strict=True)
            yield Interval(*(near + share * (far - near) for near, far in ends))


def _told(below: float, row: Row, rival: str, there: Interval) -> str:
    apart = standing(independent_difference(there, row.on(STYLE)))
    doubt = {
        Standing.BETTER: "beyond doubt",
        Standing.EQUAL: "not beyond doubt",
        Standing.WORSE: "behind beyond doubt",
    }
    reached = "reached" if below >= WANTED else "not reached"
    return (
        f"*{row.method}* keeps {EDGES.shown(row.on(EDGES).value)} of the edges; of all that keeps "
        f"as many *{rival}* comes nearest to the exemplar, with {STYLE.shown(there.value)}, and "
        f"ours has {STYLE.shown(row.on(STYLE).value)}: {_percent(below)}, {doubt[apart]} (wanted: "
        f"{WANTED:.0%} below, which is {reached})."
    )


def _bound(truth: Row) -> str:
    style, edges = (axis.shown(truth.on(axis).value) for axis in (STYLE, EDGES))
    return (
        f"The scenes as they are rendered in the target domain stand at {style} with {edges} of "
        f"the edges: what is nearer to the exemplar than they are has more of it than its look."
    )


def _percent(below: float) -> str:
    return f"{below:.0%} below it" if below >= 0 else f"{-below:.0%} above it"


def draw_curves(parts: Sequence[Part], findings: Findings, path: Path) -> None:
    """A panel for each translation; up and to the right is better."""
    known = {part.title: drawn_curves(part.rows(findings)) for part in parts}
    some = {title: found for title, found in known.items() if found}
    if not some:
        return
    width, height = PANEL
    figure = Figure(figsize=(width * len(some) + 2.8, height), layout="constrained")
    panels = figure.subplots(1, len(some), squeeze=False)[0]
    for panel, (title, found) in zip(panels, some.items(), strict=True):
        for number, (name, curve) in enumerate(found.items()):
            style, edges = ([one.on(axis) for one in curve] for axis in (STYLE, EDGES))
            panel.errorbar(
                [one.value for one in style],
                [one.value for one in edges],
                xerr=[one.half_width for one in style],
                yerr=[one.half_width for one in edges],
                fmt="D-" if name in OURS else "o-",
                color=f"C{number}",
                linewidth=2.2 if name in OURS else 1.0,
                markersize=5,
                label=name,
            )
        panel.set_title(title)
        panel.invert_xaxis()
        panel.set_xlabel(f"{STYLE.name} (right is nearer)")
        panel.set_ylabel(EDGES.name)
        panel.grid(alpha=0.25)
    figure.legend(*panels[-1].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
