"""The two claims, on invented numbers whose answer is plain."""

import pytest
import torch

from bench.axes import COLOUR, EDGES, FRECHET, LABELS, PSNR
from bench.judging import Result, Scores
from bench.lab import PAIRS, Meter
from bench.method import Family, Method
from bench.statistics import Interval, Standing
from bench.tuning import Choice, Trial, best
from bench.verdict import (
    DEFAULT,
    FAITHFUL,
    overall_claim,
    overall_verdict,
    structure_claim,
    structure_verdict,
    verdicts,
)

BETTER, EQUAL, WORSE = Interval(0.2, 0.1, 0.3), Interval(0.0, -0.1, 0.1), Interval(-0.2, -0.3, -0.1)
SCENES = 8


def trial(edges, colour, psnr=20.0, **setting):
    return Trial(setting, psnr, tuple(edges + 0.001 * place for place in range(4)), colour)


def result(name, family, pair, psnr, edges, colour):
    """The same wobble in every scene, so that differences are as sure as they can be."""
    wobble = torch.linspace(-0.01, 0.01, SCENES, dtype=torch.float64)
    resamples = torch.linspace(-0.001, 0.001, 21, dtype=torch.float64)
    values = {
        PSNR.key: psnr + wobble,
        EDGES.key: edges + wobble,
        LABELS.key: 1 - edges + wobble,
        COLOUR.key: colour + torch.cat([torch.zeros(1), resamples]),
        FRECHET.key: 10 * colour + torch.cat([torch.zeros(1), resamples]),
    }
    method = Method(name=name, family=family, run=lambda case, setting, meter: case.source)
    return Result(pair, method, {}, Scores(values), Meter())


def choices_for(results):
    return {(one.pair, one.method.name): Choice({}) for one in results}


@pytest.mark.parametrize(
    ("standings", "holds"),
    [
        ((Standing.BETTER, Standing.EQUAL, Standing.EQUAL), True),
        ((Standing.EQUAL, Standing.EQUAL, Standing.EQUAL), False),
        ((Standing.BETTER, Standing.BETTER, Standing.WORSE), False),
    ],
)
def test_at_least_as_good_means_nowhere_worse_and_somewhere_better(standings, holds):
    assert overall_claim(standings) is holds


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
    assert structure_claim(structure, appearance, (), ()) == (holds, "at the chosen settings")


def test_a_rival_that_never_reaches_our_appearance_is_beaten():
    ours, rivals = [trial(0.6, 0.03)], [trial(0.9, 0.3, strength=0.3), trial(0.5, 0.1)]
    holds, note = structure_claim(WORSE, BETTER, ours, rivals)
    assert holds
    assert note == "no setting of the rival reaches the other's appearance"


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
    assert best(ours).colour == 0.05
    assert structure_claim(BETTER, WORSE, ours, rivals)[0]
    assert not structure_claim(BETTER, WORSE, ours[:1], rivals)[0]


def test_without_other_settings_it_stays_undecided_and_does_not_hold():
    holds, note = structure_claim(WORSE, BETTER, (), ())
    assert not holds
    assert note.startswith("undecided")


def lines(pair, rival_psnr=20.0, rival_edges=0.5, rival_colour=0.05):
    return [
        result("Identity", Family.BOUND, pair, 10.0, 1.0, 0.4),
        result("Rival", Family.RIVAL, pair, rival_psnr, rival_edges, rival_colour),
        result(FAITHFUL, Family.OURS, pair, 19.0, 0.7, 0.04),
        result(DEFAULT, Family.OURS, pair, 21.0, 0.7, 0.04),
    ]


def test_a_verdict_counts_pairs_and_names_who_is_lost_against():
    results = [one for pair in PAIRS[:5] for one in lines(pair)]
    results += lines(PAIRS[5], rival_psnr=22.0)
    verdict = overall_verdict(results, COLOUR)
    assert verdict.held == list(PAIRS[:5])
    assert verdict.reached
    (lost,) = verdict.lost
    assert (lost.pair, lost.rival) == (PAIRS[5], "Rival")
    assert lost.standing(PSNR) is Standing.WORSE
    assert lost.advantages[PSNR.key].value == pytest.approx(-1.0)
    assert lost.advantages[COLOUR.key].value == pytest.approx(0.01)


def test_bounds_are_no_rivals_and_four_pairs_are_not_enough():
    results = [one for pair in PAIRS[:4] for one in lines(pair)]
    results += [one for pair in PAIRS[4:] for one in lines(pair, rival_edges=0.8)]
    verdict = structure_verdict(results, choices_for(results), COLOUR)
    assert {duel.rival for duel in verdict.duels} == {"Rival"}
    assert len(verdict.held) == 4
    assert not verdict.reached


def test_another_measure_of_structure_may_turn_the_verdict():
    results = [one for pair in PAIRS for one in lines(pair)]
    assert overall_verdict(results, COLOUR).reached
    by_labels = overall_verdict(results, COLOUR, LABELS)
    assert by_labels.structure is LABELS
    assert by_labels.held == []
    assert all(duel.standing(LABELS) is Standing.WORSE for duel in by_labels.lost)


def test_every_claim_is_judged_by_both_appearances():
    results = [one for pair in PAIRS for one in lines(pair)]
    found = verdicts(results, choices_for(results))
    assert [(one.ours, one.appearance) for one in found] == [
        (FAITHFUL, COLOUR),
        (DEFAULT, COLOUR),
        (FAITHFUL, FRECHET),
        (DEFAULT, FRECHET),
    ]
    assert all(one.reached for one in found)
    rivals_only = [one for one in results if one.method.family is not Family.OURS]
    assert verdicts(rivals_only, choices_for(results)) == []
