"""The claim, on invented numbers whose answer is plain."""

from dataclasses import replace

import pytest
from invented import NAMES, everywhere, found, lines, row

from bench.axes import COLOUR, EDGES, FRECHET, PSNR
from bench.duels import OURS, duels_of, meetings, strongest, verdict
from bench.lab import Family
from bench.rows import Variant
from bench.statistics import Standing


def all_but_last(**rival):
    return [*everywhere()[: 5 * 5], *lines(NAMES[5], **rival)]


def test_the_claim_is_reached_where_nothing_is_lost():
    one = verdict(found(everywhere()))
    assert one.reached and one.pairs == NAMES
    assert {duel.rival for duel in one.duels} == {"Rival" + Variant.RESTORED.value}
    assert list(one.shares.values()) == [0.5] * 6


@pytest.mark.parametrize("worse", [{"psnr": 22.0}, {"edges": 0.8}, {"colour": 0.99}])
def test_one_rival_ahead_on_one_axis_in_one_translation_is_a_loss(worse):
    one = verdict(found(all_but_last(**worse)))
    (lost,) = one.lost
    assert (lost.pair, lost.rival, lost.paired) == (NAMES[5], "Rival, detail restored", True)
    assert one.free_of(one.lost) == NAMES[:5] and not one.reached


def test_fréchet_decides_nothing():
    one = verdict(found(everywhere(frechet=0.5)))
    assert len(one.of(Standing.WORSE, FRECHET)) == 6 and one.reached


@pytest.mark.parametrize(("level", "reached"), [(2, True), (3, False)])
def test_being_level_in_truth_is_no_loss_but_two_thirds_must_be_won(level, reached):
    rows = [one for name in NAMES[:level] for one in lines(name, psnr=21.0)]
    rows += [one for name in NAMES[level:] for one in lines(name)]
    one = verdict(found(rows))
    assert one.lost == [] and len(one.not_ahead) == level
    assert one.reached is reached
    assert one.counts("Rival, detail restored") == f"{6 - level}, {level}, 0"


def test_a_rival_that_is_cheaper_than_twice_ours_is_named():
    one = verdict(found(all_but_last(evaluations=39)))
    assert [duel.pair for duel in one.dear] == NAMES[5:] and not one.reached


def test_what_recolours_and_the_papers_stages_are_no_part_of_it():
    rows = [one for one in everywhere() if one.method != "Rival"]
    assert verdict(found(rows)).duels == []
    met = {other.name for _, other in meetings(everywhere())}
    assert met == {"Rival, detail restored", "S2ST (paper), detail restored"}


def test_only_pictures_with_the_detail_restored_are_met():
    plain = [row("Rival", Family.RIVAL, name, psnr=30.0, variant=Variant.PLAIN) for name in NAMES]
    assert verdict(found([*everywhere(), *plain])).reached


def test_rows_of_runs_apart_are_compared_by_wider_intervals():
    rows = lines(NAMES[0])
    apart = [replace(one, scores=None) if one.method == "Rival" else one for one in rows]
    together, alone = (found(some).duels[0] for some in (rows, apart))
    assert together.paired and not alone.paired
    assert together.on(PSNR).value == pytest.approx(1.0)
    assert alone.on(EDGES).value == pytest.approx(together.on(EDGES).value, abs=1e-6)
    assert alone.on(EDGES).half_width > together.on(EDGES).half_width
    assert alone.on(COLOUR).value == pytest.approx(0.01, abs=1e-6)


def test_duels_that_stand_are_not_fought_again():
    rows = lines(NAMES[0])
    old = found(rows).duels[0]
    apart = [replace(one, scores=None) if one.method == "Rival" else one for one in rows]
    assert duels_of(meetings(apart), {old.key: old})[0] is old
    other = replace(old, axes={})
    assert duels_of(meetings(rows), {old.key: other})[0] == old


def test_the_strongest_rivals_are_those_nearest_to_the_truth():
    more = [row(f"R{n}", Family.RIVAL, name, psnr=10.0 + n) for n in range(9) for name in NAMES]
    told = found([*everywhere(), *more])
    assert strongest(told) == ["Rival", "R8", "R7", "R6", "R5"]
    assert OURS not in strongest(told, 20)
