"""What the strokes' page says: every sentence and table is computed from rows of strokes.json."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .axes import BLURRED, FRECHET, INSIDE, PALETTE, Axis
from .parts import Duels, Rows
from .rows import Row
from .statistics import Interval, Standing, independent_difference, standing
from .stroke_methods import UPDATES
from .word_methods import USUAL

WANTED = 0.30  # that regions are ahead of the prompt alone
LOOPED, ONCE = "loopback", "SDEdit 0.3"  # which is loopback of one round


def faithfulness(rows: Rows, _: Duels) -> str:
    """Whether it rises with the updates while realism stays."""
    found = [rows[name] for name in map(plus, UPDATES) if name in rows]
    if len(found) < len(UPDATES):
        return ""
    near = [[one.on(axis) for one in found] for axis in (BLURRED, PALETTE)]
    rises = all(after.high < before.low for one in near for before, after in pairwise(one))
    first, last = found[0], found[-1]
    dearer = last.seconds / first.seconds
    told = "with every number beyond doubt" if rises else "but not with every number beyond doubt"
    return (
        f"From {UPDATES[0]} to {UPDATES[-1]} updates GradOP+ comes nearer to the strokes, {told} "
        f"({_from_to(first, last, BLURRED)} blurred, {_from_to(first, last, PALETTE)} in few "
        f"colours), and its Fréchet distance goes {_from_to(first, last, FRECHET)}. It takes "
        f"{dearer:.1f} times as long as plain sampling."
    )


def _from_to(first: Row, last: Row, axis: Axis) -> str:
    return f"from {axis.shown(first.on(axis).value)} to {axis.shown(last.on(axis).value)}"


def beside(ours: Sequence[str], theirs: str, rows: Rows, _: Duels) -> str:
    """How far some of ours lie from a rival's curve, at the distance from the strokes they have.

    The curve is straight between its points; ours are taken at the far end of the interval of their
    distance, so that a doubt there counts against them.
    """
    curve = [one for name, one in rows.items() if name.startswith(theirs) or name == ONCE]
    told, ahead = [], []
    for axis in (BLURRED, PALETTE):
        for name in ours:
            there = _at(curve, axis, rows[name].on(axis).high) if name in rows else None
            if there is not None:
                found = independent_difference(there, rows[name].on(FRECHET))
                told.append(f"{name}, {axis.name}: {found.shown(FRECHET.digits)}")
                ahead.append(standing(found) is Standing.BETTER)
    if not told:
        return ""
    return (
        f"{theirs}'s Fréchet distance where it is as near to the strokes, less ours (positive is "
        f"better): {'; '.join(told)}. Beyond {theirs}'s curve beyond doubt: {sum(ahead)} of "
        f"{len(ahead)} (wanted: all)."
    )


def _at(curve: Sequence[Row], axis: Axis, distance: float) -> Interval | None:
    """The curve's Fréchet distance at a distance from the strokes, as far as it reaches."""
    points = sorted(curve, key=lambda one: one.on(axis).value)
    for one, other in pairwise(points):
        near, far = one.on(axis).value, other.on(axis).value
        if near <= distance <= far and near < far:
            share = (distance - near) / (far - near)
            ends = zip(one.on(FRECHET), other.on(FRECHET), strict=True)
            return Interval(*(low + share * (high - low) for low, high in ends))
    return None


def overtaken(rows: Rows, _: Duels) -> str:
    """Who is nearer to the strokes than GradOP+ with the most updates, and no less real."""
    last = rows.get(plus(UPDATES[-1]))
    if last is None:
        return ""
    told = [
        f"*{name}* ({BLURRED.shown(one.on(BLURRED).value)} blurred, Fréchet "
        f"{FRECHET.shown(one.on(FRECHET).value)}, {one.seconds / last.seconds:.2f} of the time)"
        for name, one in rows.items()
        if one.on(BLURRED).high < last.on(BLURRED).low
        and standing(independent_difference(last.on(FRECHET), one.on(FRECHET)))
        is not Standing.WORSE
    ]
    return (
        f"Nearer to the strokes than {last.method} beyond doubt, and not less real beyond doubt: "
        f"{', '.join(told) or 'none of the others'}."
    )


def unharmed(rows: Rows, duels: Duels) -> str:
    """What is better than a table's first line on some axis beyond doubt, and on none worse."""
    first, *others = rows
    better, worse = (
        {
            name
            for name in others
            if any(standing(one) is wanted for one in duels[name].axes.values())
        }
        for wanted in (Standing.BETTER, Standing.WORSE)
    )
    told = [f"*{name}*" for name in others if name in better - worse]
    return (
        f"Better than *{first}* on some axis beyond doubt, and worse on none: "
        f"{', '.join(told) or 'nothing'}."
    )


def agreement(rows: Rows, duels: Duels) -> str:
    """By how much regions are ahead of the prompt alone, and whether strength 0 is nothing."""
    first, told = next(iter(rows.values())), []
    for name, duel in duels.items():
        if name.endswith((f"regions of strength {USUAL:g}", "over strokes, regions")):
            ahead = duel.on(INSIDE)
            reached = "reached" if ahead.low >= WANTED else "not reached"
            told.append(
                f"At the default strength the judge sees what was asked for in {_points(ahead)} "
                f"points more of its region than in *{first.method}* (wanted: {100 * WANTED:.0f} "
                f"or more, which is {reached})."
            )
        if name.endswith("regions of strength 0"):
            same = "the same" if rows[name].axes == first.axes else "NOT the same"
            told.append(f"Strength 0 and the prompt alone are {same} in every number.")
    return " ".join(told)


def _points(share: Interval) -> str:
    return f"{100 * share.value:+.1f} ± {100 * share.half_width:.1f}"


def plus(total: int) -> str:
    return f"GradOP+ N={total}"


GRADOP = tuple(map(plus, UPDATES[1:]))
