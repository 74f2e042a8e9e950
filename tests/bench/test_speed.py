import json
from statistics import median

import pytest
import torch

from bench import cost_page, speed
from bench.lab import open_lab
from bench.stages import Stage, inversion, sampled

STEPS = 4
MARKERS = "# Costs\n\n<!-- speed: begin -->\nold\n<!-- speed: end -->\n\nthe end\n"

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def lab():
    return open_lab(STEPS, references=2)


@pytest.fixture(scope="module")
def bench(lab):
    return speed.prepared(lab, speed.TUNING_SEEDS[0])


def test_evaluations_are_counted_at_the_model(bench, lab):
    stages = (Stage("inversion", inversion()), Stage("refined", inversion(2)))
    plain, plainly, refined = (
        speed.plain_row(bench, lab),
        *speed.measured(bench, lab, stages, rounds=1),
    )
    assert plain.evaluations == 2 * STEPS
    assert plainly.evaluations == STEPS
    assert refined.evaluations == 3 * STEPS
    assert plain.gradients == plainly.gradients == refined.gradients == 0


def test_every_round_gives_a_ratio(bench, lab):
    (found,) = speed.measured(bench, lab, [Stage("plain again", sampled)], rounds=3)
    assert len(found.ratios) == len(found.seconds) == 3
    assert all(ratio > 0 for ratio in found.ratios)
    assert f"{median(found.ratios):.2f}" in speed.table([found])


def test_the_command_writes_its_part_of_the_page(tmp_path, monkeypatch, capsys):
    (tmp_path / cost_page.PAGE).write_text(MARKERS, encoding="utf-8")
    (tmp_path / cost_page.NUMBERS).write_text('{"memory": {"kept": 1}}', encoding="utf-8")
    monkeypatch.setattr(speed, "STAGES", speed.STAGES[:2])
    assert speed.main(["--quick", "--threads", "1", "--out", str(tmp_path)]) == 0
    page = (tmp_path / cost_page.PAGE).read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / cost_page.NUMBERS).read_text(encoding="utf-8"))
    assert "old" not in page and page.endswith("the end\n")
    assert "| DDIM inversion | " in page and "| DDIM inversion | " in capsys.readouterr().out
    assert numbers["memory"] == {"kept": 1}
    assert numbers["speed"]["stages"]["DDIM inversion"]["evaluations"] == STEPS
    assert numbers["speed"]["machine"]["torch"] == torch.__version__.split("+")[0]


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="has 0 lines '<!-- speed: begin -->'"):
        cost_page.with_part("# Costs\n", "speed", "text")
