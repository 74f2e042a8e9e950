"""The page's words, on invented numbers: losses come first and are told with their amounts."""

from dataclasses import replace

import pytest
from invented import lines, row

from bench.axes import AXES, COLOUR, PSNR
from bench.duels import DEFAULT, FAITHFUL, SHARP_RIVAL, duels_of, meetings, verdict
from bench.method import Family
from bench.page import leaders, opening, page, told_losses
from bench.pictures import SHEET_RIVALS, sheet_rows
from bench.rows import Duel, Findings, merged, read, shortened, write
from bench.statistics import Interval

FACTS = {"scenes": 6, "tuning_scenes": 2, "steps": 4, "references": 3, "pool": 9, "weights": "w"}
NIGHT, SUNSET = "day to night", "day to sunset"


def found(rows, missing=()):
    missing = list(missing)
    duels = duels_of(meetings(rows), {}, {})
    judge, facts = {"domains": 0.99, "labels": 0.9}, {"device": "cpu"}
    heads = {"facts": FACTS, "judge": judge, "machine": facts, "missing": missing}
    return Findings(**heads, rows=rows, duels=duels)


@pytest.fixture
def rows():
    return [
        *lines(NIGHT, FAITHFUL, DEFAULT, psnr=20.0),
        *lines(SUNSET, FAITHFUL, DEFAULT, psnr=22.5),
    ]


def test_the_first_paragraph_begins_with_the_losses(rows):
    drawing = (
        "against every rival that draws with the model, leaving aside those that only recolour "
        "the source and so cannot move an edge."
    )
    assert opening(found(rows)) == (
        f"**{FAITHFUL}**, structure at equal appearance: holds against every rival in 2 of 2 "
        f"translations; in 2 of 2 {drawing} **{DEFAULT}** falls short against Rival (day to "
        f"sunset). **{DEFAULT}**, at least as good on all three axes: holds against every rival in "
        f"1 of 2 translations; in 1 of 2 {drawing} Measured on {FACTS['scenes']} held-out scenes "
        f"per translation."
    )
    rivals = [one for one in rows if one.family is not Family.OURS]
    assert opening(found(rivals)) == "S2ST is not among the methods of this run."


def test_what_restored_detail_decides_is_told_with_the_rival_that_has_it_too(rows, tmp_path):
    more = [
        row(SHARP_RIVAL, Family.OURS, pair, psnr=psnr, edges=0.7)
        for pair, psnr in ((NIGHT, 20.5), (SUNSET, 21.5))
    ]
    told = found([*rows, *more])
    assert "with its detail restored, it holds in 1 of 2 translations." in opening(told)
    text = page(told, tmp_path)
    assert f"| {NIGHT} | {SHARP_RIVAL} | +0.50" in text
    assert f"| {SUNSET} | {SHARP_RIVAL} | **-0.50" in text
    assert "which would help rivals too" not in opening(found(rows))


def test_recolourings_are_told_together_after_the_others():
    behind, ahead = (Interval(value, value, value) for value in (-1.0, 1.0))

    def duel(pair, rival, axes, recolours):
        known = {"recolours": recolours, "paired": True, "axes": {one.key: axes for one in AXES}}
        return Duel(pair=pair, ours=DEFAULT, rival=rival, **known)

    duels = (
        duel(NIGHT, "Histogram", behind, True),
        duel(NIGHT, "Editor", behind, False),
        duel(SUNSET, "Editor", ahead, False),
        duel(SUNSET, "Reinhard", behind, True),
    )
    text = told_losses(verdict(duels, DEFAULT, COLOUR))
    assert text == "Editor (day to night); recolouring the source (everywhere)"


def test_a_loss_is_told_with_its_axis_and_amount(rows, tmp_path):
    told = found(rows)
    text = page(told, tmp_path)
    assert f"| {SUNSET} | Rival | **-1.50 [-1.50, -1.50]** |" in text
    assert f"| {NIGHT} | Rival |" not in text


def test_the_page_holds_settings_prices_codes_and_what_is_missing(rows, tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "quality-day-to-night.jpg").touch()
    text = page(found(rows, missing=["Slow (day to fog)"]), tmp_path)
    assert "| Rival (2108.01073) | 20.00 ± 0.00 |" in text
    assert "| 40 + 5 b | 1.25 |" in text
    assert "Settings: Rival: strength 0.5." in text
    assert "Missing from this run: Slow (day to fog)." in text
    assert f"- code now: Identity, Rival, {FAITHFUL}, {DEFAULT}" in text
    assert text.count("![Results for") == 1


def test_bounds_never_lead(rows, tmp_path):
    contenders = [one for one in rows[:4] if one.family is not Family.BOUND]
    assert [one.method for one in leaders(contenders, PSNR)] == [FAITHFUL, DEFAULT]
    assert "| *Identity* | 9.00 ± 0.00 |" in page(found(rows), tmp_path)


def test_sheets_show_ours_and_the_strongest_rivals():
    rivals = [row(f"Rival {place}", Family.RIVAL, NIGHT, psnr=10.0 + place) for place in range(9)]
    shown = sheet_rows([*rivals, row(DEFAULT, Family.OURS, NIGHT)])
    strongest = [f"Rival {place}" for place in (8, 7, 6, 5)][:SHEET_RIVALS]
    assert [one.method for one in shown] == [DEFAULT, *strongest]


def test_rows_come_back_from_the_file_as_they_were(rows, tmp_path):
    short = [
        replace(one, axes=dict(zip(one.axes, map(shortened, one.axes.values()), strict=True)))
        for one in rows
    ]
    told = found(short, ["something"])
    write(told, tmp_path / "quality.json")
    assert read(tmp_path / "quality.json", FACTS) == told
    text = (tmp_path / "quality.json").read_text(encoding="utf-8")
    assert text.count("\n") < 2 * (len(rows) + len(told.duels)) + 10
    assert read(tmp_path / "quality.json", {**FACTS, "steps": 5}) is None
    assert read(tmp_path / "elsewhere", FACTS) is None


def test_rows_are_replaced_by_their_key_and_keep_the_order(rows):
    newer = replace(rows[1], code="newer")
    order = [NIGHT, SUNSET, "Identity", "Rival", FAITHFUL, DEFAULT]
    both = merged(rows[1:], [newer, rows[0]], order)
    assert [one.key for one in both] == [one.key for one in rows]
    assert [one.code for one in both[:2]] == ["now", "newer"]
