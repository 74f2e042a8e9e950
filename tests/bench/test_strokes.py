import json

import pytest
import torch
from torch.testing import assert_close

from bench import strokes
from demo_world import LABELS


def test_every_arm_of_the_guide_is_there():
    names = set(strokes.arms(ablation=True))
    assert {f"GradOP+ N={number}" for number in (0, 20, 40, 60)} <= names
    assert sum(name.startswith("SDEdit") for name in names) == 10
    assert {"loopback 3 x 0.4", "difference path", "strokes themselves"} <= names
    assert {"GradOP+ noisy latent", "GradOP+ kept noise", "GradOP+ no clamp"} <= names


def test_low_frequencies_are_means_over_squares():
    latents = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert_close(strokes.low(latents), torch.full((1, 1, 4, 4), 7.5))


def test_things_are_those_that_cover_enough():
    labels = torch.zeros(10, 10, dtype=torch.long)
    labels[:5] = LABELS.index("tree")
    labels[5, 0] = LABELS.index("car")
    assert list(strokes.things_of(labels)) == ["trees"]
    assert strokes.things_of(labels)["trees"].mean() == 0.5


def test_a_thing_is_counted_inside_and_outside_its_region():
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    labels[0, :2, :2] = LABELS.index("tree")
    labels[0, 3, 3] = LABELS.index("tree")
    mask = torch.zeros(4, 4)
    mask[:2] = 1
    seen, every = labels.expand(2, -1, -1), [{"trees": mask}] * 2
    line = strokes.line_of("arm", "trees", seen, every)
    assert line == ["arm", "trees", "2", "50.0%", "0.0%", "12.5%", "0.0%"]
    assert strokes.line_of("arm", "a car", seen, every)[2] == "0"


@pytest.mark.parametrize(
    ("asked", "name", "heads"),
    [
        (["--arms", "GradOP+ N=20", "SDEdit 0.5"], "strokes", strokes.HEADS),
        (["--regions", "--strengths", "2"], "regions", strokes.REGION_HEADS),
    ],
)
def test_a_small_run_writes_its_table(tmp_path, capsys, asked, name, heads):
    assert strokes.main(["--quick", "--out", str(tmp_path), *asked]) == 0
    table = (tmp_path / f"{name}.md").read_text()
    assert table.startswith(f"| {' | '.join(heads)} |")
    assert table.strip() in capsys.readouterr().out
    rows = json.loads((tmp_path / f"{name}.json").read_text())
    assert len(rows) == (2 if name == "strokes" else 9)
