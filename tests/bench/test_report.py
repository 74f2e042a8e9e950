"""The report's words, on invented numbers: losses come first and are told with their amounts."""

from dataclasses import replace

import pytest
import torch

from bench.axes import AXES, COLOUR, EDGES, FURTHER_AXES, PSNR
from bench.findings import Findings, numbers
from bench.judges import Examined, Judge, JudgeConfig
from bench.judging import Result, Scores
from bench.lab import PAIRS, Meter
from bench.method import Family, Method
from bench.report import (
    SHEET_RIVALS,
    leaders,
    opening,
    page,
    printed,
    sheet_columns,
    told_losses,
)
from bench.tuning import Choice, Trial
from bench.verdict import AS_DECODED, DEFAULT, FAITHFUL, SHARP_RIVAL, Duel, Verdict, verdicts

FACTS = {"scenes": 6, "tuning_scenes": 2, "steps": 4, "references": 3, "pool": 9}


def scores(**values):
    """Scores at 1 on every axis but those given, with a small wobble between scenes."""
    wobble = torch.linspace(-0.001, 0.001, 6, dtype=torch.float64)
    resamples = torch.cat([torch.zeros(1, dtype=torch.float64), wobble])
    return Scores(
        {
            axis.key: values.get(axis.key, 1.0) + (resamples if axis.of_set else wobble)
            for axis in (*AXES, *FURTHER_AXES)
        }
    )


def result(name, family, pair, setting=None, source="", **values):
    method = Method(name=name, family=family, run=lambda *_: None, source=source)
    return Result(pair, method, setting or {}, scores(**values), Meter(40, 5, 1.25))


def lines(pair, rival_psnr):
    return [
        result("Identity", Family.BOUND, pair, psnr=9.0),
        result("Rival", Family.RIVAL, pair, {"strength": 0.5}, "2108.01073", psnr=rival_psnr),
        result(FAITHFUL, Family.OURS, pair, edges=1.2),
        result(DEFAULT, Family.OURS, pair, psnr=21.0),
    ]


@pytest.fixture
def findings():
    results = [*lines(PAIRS[0], rival_psnr=20.0), *lines(PAIRS[1], rival_psnr=22.5)]
    choices = {(one.pair, one.method.name): Choice(one.setting) for one in results}
    examined = Examined(Judge(JudgeConfig().channels), 0.99, 0.9, "key")
    found = tuple(verdicts(results, choices))
    return Findings(tuple(results), choices, found, examined, FACTS, ("Slow (day to fog)",))


def test_the_first_paragraph_begins_with_the_losses(findings):
    text = opening(findings)
    drawing = (
        "against every rival that draws with the model, leaving aside those that only recolour "
        "the source and so cannot move an edge."
    )
    assert text == (
        f"**{FAITHFUL}**, structure at equal appearance: holds against every rival in 2 of 2 "
        f"translations; in 2 of 2 {drawing} **{DEFAULT}** falls short against Rival (day to "
        f"sunset). **{DEFAULT}**, at least as good on all three axes: holds against every rival in "
        f"1 of 2 translations; in 1 of 2 {drawing} Measured on {FACTS['scenes']} held-out scenes "
        f"per translation."
    )
    silent = replace(findings, verdicts=())
    assert opening(silent) == "S2ST is not among the methods of this run."


def test_what_restored_detail_decides_is_told_with_the_rival_that_has_it_too(findings):
    more = [
        line
        for pair, psnr in ((PAIRS[0], 20.5), (PAIRS[1], 21.5))
        for line in (
            result(AS_DECODED, Family.OURS, pair, psnr=20.5),
            result(SHARP_RIVAL, Family.OURS, pair, psnr=psnr),
        )
    ]
    told = replace(findings, results=(*findings.results, *more))
    assert "which would help rivals too" in opening(told)
    text = page(told, [])
    assert "with the model in 1 of 2 translations (it falls short against Rival (day to " in text
    assert "against the strongest rival, it holds in 1 of 2:" in text
    assert f"| day to night | {SHARP_RIVAL} | +0.50" in text
    assert f"| day to sunset | {SHARP_RIVAL} | **-0.50" in text
    assert "What the restored detail" not in page(findings, [])
    assert "which would help rivals too" not in opening(findings)


def test_recolourings_are_told_together_after_the_others():
    def duel(pair, rival, *, holds=False, recolours=False):
        return Duel(pair, rival, {}, holds, recolours=recolours)

    duels = (
        duel(PAIRS[0], "Histogram", recolours=True),
        duel(PAIRS[0], "Editor"),
        duel(PAIRS[1], "Editor", holds=True),
        duel(PAIRS[1], "Reinhard", recolours=True),
    )
    text = told_losses(Verdict("good", DEFAULT, COLOUR, duels))
    assert text == "Editor (day to night); recolouring the source (everywhere)"


def test_a_loss_is_told_with_its_axis_and_amount(findings):
    text = printed(findings.verdicts)
    assert "day to sunset, Rival: PSNR **-1.50 [-1.50, -1.50]**, edges, source +0.000" in text
    assert f"{DEFAULT}, at least as good on all three axes (appearance by colour): 1 of 2" in text
    table = page(findings, [])
    assert "| day to sunset | Rival | **-1.50 [-1.50, -1.50]** |" in table
    assert "| day to night | Rival |" not in table


def test_the_page_holds_settings_prices_and_what_is_missing(findings):
    text = page(findings, [PAIRS[0]])
    assert "| Rival (2108.01073) | 20.00 ± 0.00 |" in text
    assert "| 40 + 5 b | 1.25 |" in text
    assert "Settings: Rival: strength 0.5." in text
    assert "Missing from this run: Slow (day to fog)." in text
    assert text.count("![Results for") == 1


def test_bounds_never_lead(findings):
    lead = leaders(
        [one for one in findings.of(PAIRS[0]) if one.method.family.value != "bound"], PSNR
    )
    assert [one.method.name for one in lead] == [DEFAULT]
    assert "| *Identity* | 9.00 ± 0.00 |" in page(findings, [])


def test_numbers_carry_intervals_and_verdicts(findings):
    told = numbers(findings)
    assert len(told["results"]) == 8
    axis = told["results"][0]["axes"]["psnr"]
    assert axis["low"] < axis["value"] < axis["high"]
    by_colour = [one for one in told["verdicts"] if one["appearance"] == COLOUR.key]
    assert [one["held"] for one in by_colour] == [
        ["day to night", "day to sunset"],
        ["day to night"],
    ]
    assert by_colour[0]["duels"][0]["advantages"][EDGES.key]["value"] == pytest.approx(0.2)


def test_the_claim_is_counted_under_every_measure(findings):
    text = page(findings, [])
    assert f"## {DEFAULT}: at least as good on all three axes, under every measure" in text
    assert "| structure by | colour | gradients | Fréchet |" in text
    assert "| edges, truth | 1 (1) | 1 (1) | 1 (1) |" in text
    told = numbers(findings)["by measures"]
    assert len(told) == 9
    assert told[0]["held"] == ["day to night"]
    assert page(replace(findings, results=()), []).count("under every measure") == 0


def test_settings_that_are_beaten_are_counted(findings):
    assert "over all settings" not in page(findings, []), "nothing was tried"
    better, worse = (Trial({}, 20.0, (edges,) * 4, 0.01) for edges in (0.9, 0.8))
    choices = {
        (PAIRS[0], FAITHFUL): Choice({}, (better,)),
        (PAIRS[0], "Rival"): Choice({}, (worse, better)),
    }
    tried = replace(findings, choices=choices)
    text = page(tried, [])
    assert "| rival | day to night |" in text
    assert "| Rival | 1 of 2 |" in text
    assert numbers(tried)["frontier"] == [
        {"pair": "day to night", "rival": "Rival", "settings": 2, "beaten": 1}
    ]


def test_sheets_show_ours_and_the_strongest_rivals():
    rivals = [
        result(f"Rival {place}", Family.RIVAL, PAIRS[0], psnr=10.0 + place) for place in range(9)
    ]
    ours = result(DEFAULT, Family.OURS, PAIRS[0])
    picture = torch.zeros(1, 3, 8, 8)
    columns = sheet_columns([*rivals, ours], picture, picture, lambda one: picture)
    strongest = [f"Rival {place}" for place in (8, 7, 6, 5)][:SHEET_RIVALS]
    assert list(columns) == ["source", DEFAULT, *strongest, "truth"]
