"""`bench many-to-one --smoke --train` from nothing to its page."""

import json

import pytest
import torch

from bench.__main__ import main as bench
from bench.many_to_one import command, streets
from bench.many_to_one.command import main
from bench.many_to_one.wanted import HMS, HMU, STARGAN
from demo_world import LABELS


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tiny runs of both kinds of data, judged."""
    folder = tmp_path_factory.mktemp("many-to-one")
    line = ["--smoke", "--train", "--seeds", "1", "--data", "colorized-mnist", "scenes"]
    (folder / "docs").mkdir()
    places = ["--runs", str(folder / "runs"), "--out", str(folder / "docs")]
    assert bench(["many-to-one", *line, *places]) == 0
    return folder


def rows_of(folder):
    return json.loads((folder / "docs" / command.NUMBERS).read_text())["rows"]


def test_every_arm_has_run_and_is_on_the_page(made):
    arms = {(one["data"], one["arm"]) for one in rows_of(made)}
    assert {
        (data, arm) for data in ("colorized-mnist", "scenes") for arm in (STARGAN, HMU, HMS)
    } <= arms
    assert ("colorized-mnist", "HMS without style_zero") in arms
    text = (made / "docs" / "many-to-one.md").read_text()
    for words in ("## Scenes", "## One switch at a time", "of one seed, so with no interval"):
        assert words in text
    assert "Missing are" in text and "--data domains" in text


def test_style_zero_gives_one_answer_and_stargan_many(made):
    fickle = {
        one["arm"]: one["numbers"]["fickle"]
        for one in rows_of(made)
        if one["data"] == "colorized-mnist" and one["made"]
    }
    assert fickle[HMU] == fickle[HMS] == 0
    assert fickle[STARGAN] > 0 and fickle["HMS without style_zero"] > 0


def test_what_was_judged_is_not_judged_again(made, capsys):
    before = rows_of(made)
    line = ["--smoke", "--seeds", "1", "--runs", str(made / "runs"), "--out", str(made / "docs")]
    assert main(line) == 0
    assert "judging" not in capsys.readouterr().out
    assert rows_of(made) == before


def test_scenes_have_a_ceiling_and_a_floor():
    renders = torch.zeros(6, 6, 3, 8, 8, dtype=torch.uint8)
    renders += torch.arange(6, dtype=torch.uint8)[None, :, None, None, None] * 50
    renders += torch.arange(6, dtype=torch.uint8)[:, None, None, None, None]
    classes = torch.zeros(6, 8, 8, dtype=torch.uint8)
    classes[0, :4] = LABELS.index("tree")
    some = streets.Streets(renders, classes)
    assert some.photos[2, 0, 0, 0] == pytest.approx(102 / 255)
    found, best = streets.floor(some), streets.ceiling(some)
    assert found["right"] == pytest.approx(11 / 12) and found["miou"] < 0.5
    assert best["difference"] == pytest.approx(50 / 255 * 7 / 3, abs=0.01)
