"""The two claims, on invented numbers whose answer is plain."""

from dataclasses import replace

import pytest
import torch
from invented import lines

from bench.axes import COLOUR, EDGES, FRECHET, PSNR
from bench.duels import DEFAULT, FAITHFUL, duels_of, meetings, structure_claim, verdict
from bench.judging import Trial, best
from bench.lab import PAIRS
from bench.statistics import Interval

BETTER, EQUAL, WORSE = Interval(0.2, 0.1, 0.3), Interval(0.0, -0.1, 0.1), Interval(-0.2, -0.3, -0.1)
NAMES = [pair.name for pair in PAIRS]


def trial(edges, colour, psnr=20.0, **setting):
    scenes = torch.tensor([edges + 0.001 * place for place in range(4)])
    scores = {PSNR.key: torch.tensor([psnr] * 4), EDGES.key: scenes}
    return Trial(setting, scores | {COLOUR.key: torch.tensor([colour] * 3)})


def fought(rows, old=None):
    return duels_of(meetings(rows), {}, old or {})


def everywhere(**rival):
    return [one for name in NAMES for one in lines(name, FAITHFUL, DEFAULT, **rival)]


@pytest.mark.parametrize(
    ("structure", "appearance", "holds"),
    [
        (BETTER, EQUAL, True),
        (BETTER, BETTER, True),
        (EQUAL, EQUAL, False),
        (WORSE, EQUAL, False),
        (WORSE, WORSE, False),
        (EQUAL, WORSE, False),
    ],
)
def test_structure_at_comparable_appearance_needs_no_other_settings(structure, appearance, holds):
    assert structure_claim(structure, appearance, (), ()) == [holds, "at the chosen settings"]


def test_a_rival_that_never_reaches_our_appearance_is_beaten():
    ours, rivals = [trial(0.6, 0.03)], [trial(0.9, 0.3, strength=0.3), trial(0.5, 0.1)]
    told = [True, "no setting of the rival reaches the other's appearance"]
    assert structure_claim(WORSE, BETTER, ours, rivals) == told


@pytest.mark.parametrize(("structured", "holds"), [(0.5, True), (0.6, False), (0.7, False)])
def test_a_rival_is_met_where_it_reaches_our_appearance(structured, holds):
    ours = [trial(0.6, 0.03)]
    rivals = [trial(0.9, 0.3), trial(structured, 0.03, strength=0.7), trial(0.4, 0.02)]
    found, note = structure_claim(WORSE, BETTER, ours, rivals)
    assert found is holds
    assert note.startswith("at equal appearance: S2ST 0.60 (its one setting), the rival 0.")
    assert "strength 0.7" in note


def test_we_are_met_where_we_reach_a_better_looking_rival():
    rivals = [trial(0.5, 0.02)]
    ours = [trial(0.8, 0.05), trial(0.6, 0.02, weight=2)]
    assert best(ours) is ours[0]
    assert structure_claim(BETTER, WORSE, ours, rivals)[0]
    assert not structure_claim(BETTER, WORSE, ours[:1], rivals)[0]


def test_without_other_settings_it_stays_undecided_and_does_not_hold():
    holds, note = structure_claim(WORSE, BETTER, (), ())
    assert not holds
    assert note.startswith("undecided")


def test_a_verdict_counts_pairs_and_names_who_is_lost_against():
    rows = [*everywhere()[: 4 * 5], *lines(NAMES[5], FAITHFUL, DEFAULT, psnr=22.0)]
    found = verdict(fought(rows), DEFAULT, COLOUR)
    assert found.held() == NAMES[:5] and found.reached
    (lost,) = found.lost
    assert (lost.pair, lost.rival, lost.paired) == (NAMES[5], "Rival", True)
    assert lost.axes[PSNR.key].value == pytest.approx(-1.0)
    assert lost.axes[COLOUR.key].value == pytest.approx(0.01)


def test_bounds_are_no_rivals_and_four_pairs_are_not_enough():
    rows = everywhere()[: 4 * 4]
    rows += [one for name in NAMES[4:] for one in lines(name, FAITHFUL, DEFAULT, edges=0.8)]
    found = verdict(fought(rows), FAITHFUL, COLOUR)
    assert {duel.rival for duel in found.duels} == {"Rival"}
    assert len(found.held()) == 4 and not found.reached


def test_draws_are_not_wins():
    level = {"psnr": 21.0, "edges": 0.7, "colour": 1.0, "frechet": 1.0}
    found = verdict(fought(everywhere(**level)), DEFAULT, FRECHET)
    assert found.held() == []


def test_rows_of_runs_apart_are_compared_by_wider_intervals():
    rows = lines(NAMES[0], FAITHFUL, DEFAULT)
    apart = [replace(one, scores=None) if one.method == "Rival" else one for one in rows]
    together, alone = (fought(some)[0] for some in (rows, apart))
    assert together.paired and not alone.paired
    assert alone.axes[EDGES.key].value == pytest.approx(together.axes[EDGES.key].value, abs=1e-6)
    assert alone.axes[EDGES.key].half_width > together.axes[EDGES.key].half_width
    assert alone.axes[COLOUR.key].value == pytest.approx(0.01, abs=1e-6)


def test_duels_that_stand_are_not_fought_again():
    rows = lines(NAMES[0], FAITHFUL, DEFAULT)
    old = fought(rows)[0]
    apart = [replace(one, scores=None) if one.method == "Rival" else one for one in rows]
    assert fought(apart, old={old.key: old})[0] is old
    assert fought(rows, old={old.key: replace(old, told={})})[0] == old
