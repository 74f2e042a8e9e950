"""The page's sentences follow from the rows."""

import pytest

from bench.many_to_one.oracles import ORACLES
from bench.many_to_one.page import (
    CEILING,
    COLOURS,
    DIGITS,
    FLOOR,
    HIDDEN,
    SCENES,
    SHIPPED,
    STREETS,
    page,
)
from bench.many_to_one.rows import Row, ahead, merged, over_seeds, read, saved, write
from bench.many_to_one.wanted import HMS, HMU, STARGAN, wanted
from translators.config import Data

KEYS = [one.key for one in (*COLOURS, *HIDDEN)]
MADE = {"steps": 100, "batch": 8, "seconds": 120.0, "device": "cpu", "numbers": 1000}


def row(arm, seed=0, data=DIGITS, made=MADE, keys=KEYS, **values):
    numbers = {**dict.fromkeys(keys, 0.5), **values}
    return Row(data=data, arm=arm, seed=seed, made=made, numbers=numbers)


def oracles(**leak):
    values = {
        "right grey, random tint": {"mse": 0.0, "probe": 0.33, "frechet": 0.0},
        "luminance grey, random tint": {"mse": 0.02},
        "right grey, constant tint": {"recall": 0.1, "bins": 0.1, "coverage": 0.0},
        "leaking grey, random tint": {"probe": 0.9, **leak},
    }
    return [row(one.name, made={}, **values[one.name]) for one in ORACLES]


def runs(hmu_error, hmu_recall, **changes):
    found = []
    for seed, wobble in enumerate((-0.001, 0.0, 0.001)):
        found.append(row(STARGAN, seed, mse=0.10 + wobble, recall=0.6, probe=0.8))
        own = {"mse": hmu_error + wobble, "recall": hmu_recall + wobble, "probe": 0.34}
        found.append(row(HMU, seed, **{**own, **changes}))
    return found


@pytest.mark.parametrize(
    ("error", "recall", "words"),
    [
        (0.05, 0.6, "**HMU: reached**: its error is 50% [49%, 51%] lower, its Color Recall"),
        (0.05, 0.4, "**HMU: lower in error, but with less of the colours**"),
        (0.09, 0.6, "**HMU: not reached: the error is not that much lower**"),
        (0.12, 0.3, "**HMU: not reached in either**"),
    ],
)
def test_the_verdict_is_the_rows_own(tmp_path, error, recall, words):
    assert words in page([*oracles(), *runs(error, recall)], [], tmp_path)


def test_what_has_not_run_is_said_to_be_missing_with_its_command(tmp_path):
    left = list(wanted([Data.DIGITS], seeds=1))
    text = page(oracles(), left, tmp_path)
    assert "**HMU: not measured yet**" in text and "**HMS: not measured yet**" in text
    assert f"Missing are {len(left)} runs" in text
    assert 'python dev.py train-many-to-one --data colorized-mnist --preset "StarGAN v2"' in text
    assert "No preset has run on scenes yet." in text and "None of these has run yet." in text
    assert "has run with them; it has not yet." in text


def test_measures_that_do_not_rank_are_named(tmp_path):
    assert "All hold:" in page(oracles(), [], tmp_path)
    text = page(oracles(probe=0.3), [], tmp_path)
    assert "**Not all hold (the probe finds a leak of one level in 255)**" in text


def test_who_hides_the_colour_is_named(tmp_path):
    text = page([*oracles(), *runs(0.05, 0.6, back=0.2)], [], tmp_path)
    assert (
        "StarGAN v2's grey carries the colour (80%, chance 33%); its way back does not read" in text
    )
    carries = (
        "HMU's grey carries nothing that the probe finds (34%, chance 33%); its way back reads"
    )
    assert f"{carries} what noise drowns (0.5000 with it, 0.2000 without)." in text


@pytest.mark.parametrize(("recall", "words"), [(0.5, "price shows"), (0.6, "price does not show")])
def test_the_price_of_a_lower_error_is_named(tmp_path, recall, words):
    text = page([*oracles(), *runs(0.05, recall)], [], tmp_path)
    assert words in text
    alone = [one for one in runs(0.05, recall) if one.seed == 0]
    assert "price" not in page([*oracles(), *alone], [], tmp_path)


def test_unequal_runs_are_no_equals(tmp_path):
    longer = {**MADE, "steps": 200}
    rows = [*oracles(), *runs(0.05, 0.6), row(HMS, made=longer)]
    assert "**Steps differ (100, 200)**" in page(rows, [], tmp_path)
    larger = {**MADE, "numbers": 1020}
    text = page([*oracles(), *runs(0.05, 0.6), row(HMS, made=larger)], [], tmp_path)
    assert "All runs took 100 steps of 8 pictures" in text and "differ by 2.0% at most" in text


def test_a_switch_is_laid_beside_its_preset_seed_by_seed(tmp_path):
    turned = [row("HMS without demodulation", seed, mse=0.2 + seed / 100) for seed in range(3)]
    base = [row(HMS, seed, mse=0.1 + seed / 200) for seed in range(3)]
    text = page([*oracles(), *base, *turned], [], tmp_path)
    assert "| HMS without demodulation | HMS | 100% [100%, 100%] | +0.0 [+0.0, +0.0]" in text


def test_scenes_are_told_beside_what_looks_at_nothing(tmp_path):
    keys = [one.key for one in STREETS]
    rows = [
        row(CEILING, data=SCENES, made={}, keys=keys, difference=0.2),
        Row(data=SCENES, arm=FLOOR, numbers={"miou": 0.2, "right": 0.6}),
        row(HMU, data=SCENES, keys=keys, miou=0.31, difference=0.1),
        row(HMS, data=SCENES, keys=keys, miou=0.4, difference=0.15, **{"iou car": 0.25}),
        row(SHIPPED, data=SCENES, keys=keys, made={**MADE, "arm": HMS, "steps": 200}, miou=0.6),
    ]
    text = page([*oracles(), *rows], [], tmp_path)
    assert "Best at labels is HMS, with a mIoU of 0.400" in text and "has 0.200" in text
    assert "By class it reaches: car 0.25." in text
    assert "75% of what the six looks" in text
    assert "All runs took 100 steps" in text and "*of this pack* is HMS after 200 steps." in text
    alone = [one for one in rows if one.arm != HMU]
    assert "Only HMS has run, with a mIoU of 0.400" in page([*oracles(), *alone], [], tmp_path)
    assert f"| {FLOOR} | 0.200 | 0.600 | – |" in text


def test_seeds_are_paired_and_one_seed_has_no_interval():
    ours = [row(HMU, 0, mse=0.05), row(HMU, 5, mse=9.0)]
    theirs = [row(STARGAN, 0, mse=0.1), row(STARGAN, 1, mse=0.1)]
    assert saved(ours, theirs, "mse") == pytest.approx((0.5, 0.5, 0.5))
    assert ahead(ours, [], "mse") is None
    assert over_seeds([1.0, 2.0, 3.0]).half_width == pytest.approx(2.484, abs=1e-3)


def test_rows_are_kept_and_replaced_by_run(tmp_path):
    path = tmp_path / "rows.json"
    write([row(HMU, 0, mse=0.1), row(HMU, 1)], path)
    newer = merged(read(path), [row(HMU, 0, mse=0.2)])
    assert [one.numbers["mse"] for one in newer] == [0.2, 0.5]
    assert read(tmp_path / "none.json") == []
