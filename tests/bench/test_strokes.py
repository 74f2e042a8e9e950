"""The strokes' bench: what is measured, and one small real run of each kind of table."""

import json

import torch
from torch.testing import assert_close

from bench import strokes
from bench.axes import INSIDE, STROKE_AXES
from bench.judges import SMALL, open_judge
from bench.plan import Plan
from bench.store import POOL_SEEDS
from bench.word_methods import Subject
from demo_world import EVALUATION_SEEDS


def test_strokes_are_their_own_flat_picture():
    pictures = strokes.strokes_for(tuple(EVALUATION_SEEDS[:2]), "day")
    blurred, flat = strokes.distances_from(pictures, pictures).T
    assert_close(flat, torch.zeros(2))
    assert (blurred > 0).all()


def test_a_phrase_is_counted_inside_and_outside_its_region():
    seen = torch.zeros(2, 4, 4)
    seen[0, :2, :2] = seen[0, 3, 3] = 1
    mask = torch.zeros(4, 4)
    mask[:2] = 1
    shares = strokes.shares_of(("trees", "a car"), seen, {"trees": mask})
    assert_close(shares[0], torch.tensor([0.5, 0.125]))
    assert shares[1].isnan().all()


def test_true_pictures_show_what_their_regions_ask_for():
    """Renders of the scenes themselves, and halves of two times put together."""
    judge = open_judge(SMALL).judge
    plan = Plan(pool=8)
    for subject in Subject:
        pictures = strokes.pool_of(plan, subject)
        masks = subject.masks(POOL_SEEDS[:8])
        seen = strokes.SEEN[subject](judge, pictures)
        shares = torch.stack(
            [strokes.shares_of(subject.phrases, *both) for both in zip(seen, masks, strict=True)]
        )
        inside, outside = shares.nanmean(dim=(0, 1)).tolist()
        assert inside > 0.6 > 0.2 > outside


def test_every_part_has_its_scenes_and_no_name_stands_twice():
    assert [one.scenes for one in strokes.PARTS] == [200, 32, 32, 64, 64, 32, 32]
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
    names = ["times of day, the prompt alone", "times of day, regions of strength 0"]
    more, longer = run(tmp_path, "--parts", "times", "--methods", *names)
    assert more["SDEdit 0.5"] == rows["SDEdit 0.5"] and not any(one.exists() for one in cells)
    assert more[names[0]][INSIDE.key] == more[names[1]][INSIDE.key]
    told = "Strength 0 and the prompt alone are the same in every number."
    assert told in longer and told not in page
    assert run(tmp_path, "--report-only")[1] == longer


def test_numbers_of_other_weights_are_not_lost_where_nothing_has_run(tmp_path):
    numbers = tmp_path / "strokes.json"
    rows, _ = run(tmp_path, "--parts", "curves", "--methods", "the strokes themselves")
    numbers.write_text(numbers.read_text("utf-8").replace('"weights": "', '"weights": "other-'))
    before = numbers.read_bytes()
    assert run(tmp_path, "--report-only")[0] == rows
    assert numbers.read_bytes() == before


def test_a_part_of_another_size_costs_only_its_own_rows(tmp_path):
    numbers = tmp_path / "strokes.json"
    names = ["the strokes themselves", "times of day, the prompt alone"]
    rows, _ = run(tmp_path, "--parts", "curves", "times", "--methods", *names)
    assert list(rows) == names
    text = numbers.read_text("utf-8")
    numbers.write_text(text.replace('"times": 4', '"times": 8').replace('"agreeing": 4, ', ""))
    kept, page = run(tmp_path, "--report-only")
    assert kept == {names[0]: rows[names[0]]}
    assert names[0] in page and names[1] not in page
