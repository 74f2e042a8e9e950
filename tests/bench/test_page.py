"""The page's words, on invented numbers: what was won and what was not, with amounts."""

import json
from dataclasses import replace

import pytest
from invented import FACTS, NAMES, found, lines, row

from bench.axes import PSNR
from bench.lab import Family
from bench.methods import DEFAULT, PAPER
from bench.page import leaders, opening, page, short_part
from bench.pictures import SHEET_RIVALS, sheet_rows
from bench.rows import Variant, merged, read, shortened, write

NIGHT, SUNSET = NAMES[:2]


@pytest.fixture
def rows():
    return [*lines(NIGHT), *lines(SUNSET, psnr=22.5, evaluations=30)]


def test_the_first_paragraph_says_what_was_won_and_what_was_not(rows):
    assert opening(found(rows)) == (
        "Against the 1 rivals that draw with the model, each at its best setting and with the "
        "source's detail restored on both sides, **S2ST** is at least equal to all of them in "
        "truth, source edges and colour in 1 of 2 translations, strictly ahead of all of them in "
        "truth in 1 of 2, and takes half their evaluations or fewer in 1 of 2: not all that was "
        "aimed at (all; two thirds; all). Not won: behind in truth: Rival (day to sunset); at more "
        "than half the evaluations: Rival (day to sunset). By the Fréchet distance, which decides "
        "nothing, it is behind: none. Rivals that only recolour the source are no part of this: "
        "they never draw. The paper's stages, without null text, reach 20.50 in PSNR, 0.700 "
        "in edges, source, 1.0000 in colour on average, at 180 + 5 b evaluations: place 3 "
        "of 3 in truth among all that draw. Measured on 6 held-out scenes per translation."
    )


def test_the_first_paragraph_says_so_where_nothing_was_lost():
    told = opening(found([*lines(NIGHT), *lines(SUNSET)]))
    assert "in 2 of 2: this is all that was aimed at" in told
    assert "None of this was lost." in told
    level = opening(found([*lines(NIGHT, psnr=21.0, frechet=0.5), *lines(SUNSET, frechet=0.5)]))
    assert "Not won: only equal in truth: Rival (day to night). By" in level
    assert "decides nothing, it is behind: Rival (everywhere)." in level


def test_the_readme_gets_a_table_of_few_with_the_claim_in_words(rows):
    text = short_part(found(rows))
    assert text.startswith("Means over 2 of 6 translations whose truth is known (day to night, day")
    assert "(the default)** | 21.00 | 0.700 | 1.0000 | 20 + 5 b |" in text
    assert "| Rival, the strongest rival | 21.25 |" in text
    assert "| the paper's stages, without null text | 20.50 |" in text and "DDIM" not in text
    assert "Against the 1 rivals" in text and text.endswith("[docs/quality.md](docs/quality.md).")


def test_without_ours_or_a_rival_there_is_no_verdict(rows, tmp_path):
    rivals = [one for one in rows if one.family is not Family.OURS]
    assert opening(found(rivals)).startswith("S2ST and a rival that draws are not both among")
    assert "Reached" not in page(found(rivals), tmp_path)


def test_a_loss_is_told_with_its_axis_and_amount(rows, tmp_path):
    text = page(found(rows), tmp_path)
    assert "**Not reached**" in text
    assert f"| {SUNSET} | Rival | **-1.50 [-1.50, -1.50]** |" in text
    assert "| 0.67 |" in text
    assert f"| {NIGHT} | Rival |" not in text


def test_rivals_at_our_cost_have_a_table_of_their_own(rows, tmp_path):
    values = {"psnr": 20.0, "evaluations": 21, "variant": Variant.AT_OUR_COST}
    more = [
        row("Rival", Family.RIVAL, pair, {"steps": steps}, **values)
        for pair, steps in ((NIGHT, 7), (SUNSET, 6))
    ]
    text = page(found([*rows, *more]), tmp_path)
    assert "| Rival | 7, 6 | 21 + 5 b | 20.00 | 1.000 | 1.0000 | 1.000 | 2, 0, 0 |" in text
    assert "| S2ST | default | 20 + 5 b | 21.00 |" in text
    assert "at our cost" not in page(found(rows), tmp_path)
    assert text.count("at our cost") == 1  # no row of the other tables


def test_cars_and_brightness_are_told_by_class(rows, tmp_path):
    text = page(found(rows), tmp_path)
    # 16 of 20 cars of two translations: the interval of 8 of 10.
    kept, invented = "16 of 20: 80 % [49, 94]", "2 of 18: 11 % [2, 43]"
    line = f"| Rival | 1.000 ± 0.001 | 1.000 ± 0.001 | 1.000 ± 0.001 | {kept} |"
    assert line in text and f"| 4 of 20: 20 % [6, 51] | {invented} |" in text
    assert "sky 80 %, road 80 %" in text
    none = page(found([*lines(NIGHT, cars=(0, 0, 0, 0))]), tmp_path)
    assert "| no car | no car | no car |" in none


def test_the_page_holds_settings_prices_codes_and_what_is_missing(rows, tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "quality-day-to-night.jpg").touch()
    plain = [replace(one, variant=Variant.PLAIN) for one in rows if one.family is Family.RIVAL]
    text = page(found([*rows, *plain], missing=["Slow (day to fog)"]), tmp_path)
    assert "| Rival (2108.01073) | 20.00 ± 0.00 |" in text
    assert "| Rival, detail restored | 20.00 ± 0.00 |" in text
    assert "| 40 + 5 b | 1.25 |" in text
    assert "Settings: Rival: strength 0.5." in text
    assert "Missing from this run: Slow (day to fog)." in text
    assert f"- code now: Identity, Rival, Histogram, {PAPER}, {DEFAULT}" in text
    assert text.count("![Results for") == 1


def test_bounds_never_lead(rows, tmp_path):
    contenders = [one for one in rows[:5] if one.family is not Family.BOUND]
    assert [one.method for one in leaders(contenders, PSNR)] == [DEFAULT]
    assert "| *Identity* | 9.00 ± 0.00 |" in page(found(rows), tmp_path)


def test_sheets_show_the_strongest_rivals_and_ours():
    rivals = [row(f"Rival {place}", Family.RIVAL, NIGHT, psnr=10.0 + place) for place in range(9)]
    shown = sheet_rows(found([*rivals, row(DEFAULT, Family.OURS, NIGHT)]), NIGHT)
    strongest = [f"Rival {place}" for place in (8, 7, 6, 5)][:SHEET_RIVALS]
    assert [one.method for one in shown] == [*strongest, DEFAULT]


def test_rows_come_back_from_the_file_as_they_were(rows, tmp_path):
    short = [
        replace(
            one,
            cars=list(one.cars),
            axes=dict(zip(one.axes, map(shortened, one.axes.values()), strict=True)),
        )
        for one in rows
    ]
    told, file = found(short, ["something"]), tmp_path / "quality.json"
    write(told, file)
    assert read(file, FACTS) == read(file) == told
    assert file.read_text(encoding="utf-8").count("\n") < 2 * (len(rows) + len(told.duels)) + 10
    assert read(file, {**FACTS, "steps": 5}) is None
    assert read(tmp_path / "elsewhere", FACTS) is None


@pytest.mark.parametrize("known", [{}, {"format": 99}])
def test_rows_of_another_format_are_refused_in_a_sentence(known, rows, tmp_path, capsys):
    file = tmp_path / "quality.json"
    write(found(rows), file)
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**told, "format": 1, **known}), encoding="utf-8")
    assert read(file, FACTS) is None
    assert "none of them is taken over, run the bench again" in capsys.readouterr().err


def test_rows_are_replaced_by_their_key_and_keep_the_order(rows):
    newer = replace(rows[1], code="newer")
    names = [one.name for one in rows[:5]]
    both = merged(rows[1:], [newer, rows[0]], [NIGHT, SUNSET, *names])
    assert [one.key for one in both] == [one.key for one in rows]
    assert [one.code for one in both[:2]] == ["now", "newer"]
