"""Sentences on invented rows whose answer is plain."""

import pytest

from bench import parts, strokes_page
from bench.axes import BLURRED, FRECHET, INSIDE, PALETTE, STROKE_AXES
from bench.duels import duel_of
from bench.lab import Family
from bench.rows import Row
from bench.statistics import Interval


def around(value, half):
    return Interval(value, value - half, value + half)


def row(name, axes, seconds=1.0):
    costs = {"evaluations": 20.0, "gradients": 0.0, "seconds": seconds}
    given = {"pair": "day to day", "family": Family.OURS, "source": "curves", "setting": {}}
    return Row(method=name, axes=axes, cars=(), code="now", **given, **costs)


def curve(**frechet):
    """GradOP+ at .16, .12, .08 and .04 from the strokes, SDEdit from .02 to .2."""
    found = {}
    for number, name in enumerate(map(strokes_page.plus, (0, 20, 40, 60))):
        near = around(0.16 - 0.04 * number, 0.005)
        axes = {BLURRED.key: near, PALETTE.key: near, FRECHET.key: around(frechet["ours"], 0.1)}
        found[name] = row(name, axes, 1.0 + number)
    for tenth in range(1, 11):
        near = around(0.02 * tenth, 0.005)
        axes = {BLURRED.key: near, PALETTE.key: near, FRECHET.key: around(frechet["theirs"], 0.1)}
        found[f"SDEdit {tenth}"] = row(f"SDEdit {tenth}", axes)
    return found


def test_faithfulness_is_told_with_its_price():
    text = strokes_page.faithfulness(curve(ours=1.0, theirs=2.0), {})
    assert "nearer to the strokes, with every number beyond doubt" in text
    assert "from 0.1600 to 0.0400 blurred" in text
    assert "takes 4.0 times as long" in text


@pytest.mark.parametrize(("theirs", "ahead"), [(2.0, 6), (1.1, 0)])
def test_a_curve_is_beyond_another_where_no_doubt_is_left(theirs, ahead):
    text = strokes_page.beside(strokes_page.GRADOP, "SDEdit", curve(ours=1.0, theirs=theirs), {})
    assert f"GradOP+ N=60, palette: {theirs - 1:.3f}" in text
    assert f"beyond doubt: {ahead} of 6" in text


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (2.0, "none of the others"),
        (1.1, "*SDEdit 1* (0.0200 blurred, Fréchet 1.100, 0.25 of the time)"),
    ],
)
def test_who_is_nearer_and_as_real_is_named_with_its_price(theirs, told):
    text = strokes_page.overtaken(curve(ours=1.0, theirs=theirs), {})
    assert text.endswith(f"not less real beyond doubt: {told}.")
    assert strokes_page.overtaken({}, {}) == ""


def test_between_two_strengths_the_curve_is_straight():
    rows = [
        row(f"SDEdit {one}", {BLURRED.key: around(one, 0.0), FRECHET.key: around(2 * one, one)})
        for one in (1.0, 2.0)
    ]
    found = strokes_page._at(rows, BLURRED, 1.25)
    assert found == Interval(2.5, 1.25, 3.75)
    assert strokes_page._at(rows, BLURRED, 2.5) is None


def test_regions_are_laid_beside_the_prompt_alone():
    shares = {"things, the prompt alone": 0.2, "things, regions of strength 0": 0.2}
    shares["things, regions of strength 1"] = 0.55
    rows = {name: row(name, {INSIDE.key: around(one, 0.01)}) for name, one in shares.items()}
    duels = {name: duel_of(one, rows["things, the prompt alone"]) for name, one in rows.items()}
    text = strokes_page.agreement(rows, duels)
    assert "in +35.0 ± 1.4 points more" in text
    assert "which is reached" in text
    assert "Strength 0 and the prompt alone are the same in every number." in text


def test_a_table_has_a_line_for_every_row_and_a_gap_for_what_is_unknown():
    rows = {"one": row("one", {BLURRED.key: around(0.1, 0.01)})}
    text = parts.table(STROKE_AXES, rows, {"one": duel_of(rows["one"], rows["one"])})
    assert text.splitlines()[-1] == "| one | 0.1000 ± 0.0100 |  |  |  | 20 | 0 | 1.00 |"


def test_what_is_better_and_nowhere_worse_is_named():
    near = {"first": (0.10, 1.0), "better": (0.05, 1.0), "dear": (0.05, 2.0), "like": (0.1, 1.0)}
    rows = {
        name: row(name, {BLURRED.key: around(one, 0.001), FRECHET.key: around(two, 0.01)})
        for name, (one, two) in near.items()
    }
    duels = {name: duel_of(one, rows["first"]) for name, one in rows.items()}
    text = strokes_page.unharmed(rows, duels)
    assert text == ("Better than *first* on some axis beyond doubt, and worse on none: *better*.")
