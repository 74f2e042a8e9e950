"""The strokes' bench: what is measured, and one small real run of each kind of table."""

import json

import torch
from torch.testing import assert_close

from bench import strokes
from bench.axes import INSIDE, STROKE_AXES
from bench.word_methods import THINGS
from demo_world import EVALUATION_SEEDS, LABELS

torch.set_num_threads(1)


def test_strokes_are_their_own_flat_picture():
    pictures = strokes.strokes_for(tuple(EVALUATION_SEEDS[:2]), "day")
    blurred, flat = strokes.distances_from(pictures, pictures).T
    assert_close(flat, torch.zeros(2))
    assert (blurred > 0).all()


def test_a_thing_is_counted_inside_and_outside_its_region():
    labels = torch.zeros(4, 4, dtype=torch.long)
    labels[:2, :2] = LABELS.index("tree")
    labels[3, 3] = LABELS.index("tree")
    mask = torch.zeros(4, 4)
    mask[:2] = 1
    shares = strokes.shares_of(labels, {"trees": mask})
    assert_close(shares[0], torch.tensor([0.5, 0.125]))
    assert list(THINGS)[0] == "trees" and shares[1:].isnan().all()


def test_every_part_has_its_scenes_and_no_name_stands_twice():
    assert [one.scenes for one in strokes.PARTS] == [200, 32, 64, 32, 32]
    names = [method.name for part in strokes.PARTS for method in part.methods]
    assert len(names) == len(set(names))


def run(folder, *asked):
    given = ["--quick", "--folder", str(folder / "cells"), "--out", str(folder)]
    assert strokes.main([*given, *asked]) == 0
    rows = json.loads((folder / "strokes.json").read_text(encoding="utf-8"))["results"]
    return {one["method"]: one for one in rows}, (folder / "strokes.md").read_text("utf-8")


def test_a_run_adds_its_rows_and_makes_none_of_them_again(tmp_path):
    asked = ["--parts", "curves", "--methods", "GradOP+ N=0", "SDEdit 0.5"]
    rows, page = run(tmp_path, *asked)
    assert list(rows) == ["GradOP+ N=0", "SDEdit 0.5"]
    assert all(len(rows["SDEdit 0.5"][axis.key]) == 3 for axis in STROKE_AXES)
    assert "## What each quirk does\n\nNot run yet." in page
    cells = {one: one.stat().st_mtime_ns for one in (tmp_path / "cells").rglob("*.safetensors")}
    again, same = run(tmp_path, *asked)
    assert again == rows and same == page
    for one in cells:
        one.unlink()
    words = ["--parts", "regions", "--methods", "the prompt alone", "regions, strength 0"]
    more, longer = run(tmp_path, *words)
    assert more["SDEdit 0.5"] == rows["SDEdit 0.5"] and not any(one.exists() for one in cells)
    assert more["the prompt alone"][INSIDE.key] == more["regions, strength 0"][INSIDE.key]
    assert "Strength 0 and the prompt alone are the same in every number." not in page
    assert "| regions, strength 0 |" in longer
    assert run(tmp_path, "--report-only")[1] == longer
