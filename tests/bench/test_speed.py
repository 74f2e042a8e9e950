import json
from statistics import median

import pytest
import torch

from bench import cost_page, speed
from bench.lab import open_lab
from bench.speed import inversion, null_text, sampled
from s2st import NullTextMethod

STEPS = 4
MARKERS = "# Costs\n\n<!-- speed: begin -->\nold\n<!-- speed: end -->\n\nthe end\n"


@pytest.fixture(scope="module")
def lab():
    return open_lab(STEPS, references=2)


@pytest.fixture(scope="module")
def bench(lab):
    return speed.prepared(lab, speed.TUNING_SEEDS[0])


def test_evaluations_are_counted_at_the_model(bench, lab):
    rows = [
        speed.timed(name, stage, bench, lab, rounds=1)
        for name, stage in {"plain": sampled, "up": inversion(), "refined": inversion(2)}.items()
    ]
    assert [one.evaluations for one in rows] == [2 * STEPS, STEPS, 2 * STEPS + 1]
    assert [one.gradients for one in rows] == [0, 0, 0]


def test_every_round_gives_a_ratio(bench, lab):
    found = speed.timed("plain again", sampled, bench, lab, rounds=3)
    assert len(found.ratios) == len(found.seconds) == 3
    assert all(ratio > 0 for ratio in found.ratios)
    assert f"{median(found.ratios):.2f}" in speed.table([found])


def test_the_null_text_that_corrects_returns_the_source_more_closely(bench, lab):
    errors = [
        speed.timed(f"null text: {one.value}", null_text(one), bench, lab, rounds=1).error
        for one in (NullTextMethod.NEGATIVE_PROMPT, NullTextMethod.FAST)
    ]
    assert errors[1] < errors[0]


def test_the_command_writes_its_part_of_the_page(tmp_path, monkeypatch, capsys):
    (tmp_path / cost_page.PAGE).write_text(MARKERS, encoding="utf-8")
    (tmp_path / cost_page.NUMBERS).write_text('{"memory": {"kept": 1}}', encoding="utf-8")
    few = {name: speed.STAGES[name] for name in ("plain guided sampling", "DDIM inversion")}
    monkeypatch.setattr(speed, "STAGES", few)
    assert speed.main(["--quick", "--threads", "1", "--out", str(tmp_path)]) == 0
    page = (tmp_path / cost_page.PAGE).read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / cost_page.NUMBERS).read_text(encoding="utf-8"))
    assert "old" not in page and page.endswith("the end\n")
    assert "| DDIM inversion | " in page and "| DDIM inversion | " in capsys.readouterr().out
    assert numbers["memory"] == {"kept": 1}
    assert numbers["speed"]["stages"][1]["evaluations"] == STEPS
    assert numbers["speed"]["machine"]["torch"] == torch.__version__.split("+")[0]


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="has 0 lines '<!-- speed: begin -->'"):
        cost_page.with_part("# Costs\n", "speed", "text")
