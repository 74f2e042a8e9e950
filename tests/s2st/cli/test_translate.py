"""The command from its options to its results, on the demo model at the fewest steps."""

import json

import pytest
from PIL import Image

from demo_world import REFERENCE_SEEDS, TUNING_SEEDS, render, scene
from s2st.batch.pictures import facts_of
from s2st.cli import translate
from s2st.cli.program import main, parser
from s2st.explore.preset import Preset
from s2st.look.kept import KeptLook
from s2st.path.settings import PathSettings

FEW = ["--steps", "2", "--iterations", "1", "--first-draws", "1", "--guided", "0"]
TEXTS = ["--prompt", "a street by day", "--target", "a street at night"]


def save(path, number, domain):
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = render(scene(number), domain, 32)
    Image.fromarray((drawn * 255).astype("uint8")).save(path)


@pytest.fixture
def folders(tmp_path):
    """Options that name two pictures in two folders, two references and an output folder."""
    for number, name in enumerate(("a/0.png", "1.jpg")):
        save(tmp_path / "source" / name, TUNING_SEEDS[number], "day")
        save(tmp_path / "look" / f"{number}.png", REFERENCE_SEEDS[number], "night")
    return [f"--{name}={tmp_path / name}" for name in ("source", "look", "out")]


def rows(out):
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]


def test_a_folder_is_translated_and_nothing_is_done_twice(folders, tmp_path, capsys):
    out, line = tmp_path / "out", ["translate", *folders, *TEXTS, *FEW]
    (tmp_path / "source" / "bad.png").write_bytes(b"")
    assert main([*line, "--compare"]) == translate.FAILURES
    told = capsys.readouterr()
    assert "failed: bad.png: bad.png is empty" in told.out
    assert "2 done, 1 failed" in told.out
    assert "3 of 3" in told.err and "pictures/s" in told.err
    assert Image.open(out / "a" / "0.png").size == Image.open(out / "1.png").size == (32, 32)
    assert facts_of(out / "1.png")["job"]["steps"] == 2
    assert (out / "compare" / "0001.jpg").is_file()
    before = {one["id"]: one["hash"] for one in rows(out)}
    look = (out / "target.look.safetensors").stat().st_mtime_ns
    save(tmp_path / "source" / "bad.png", 7, "day")
    assert main([*line, "--retry-failed"]) == 0
    after = {one["id"]: one["hash"] for one in rows(out)}
    assert {**after, "bad.png": ""} == before and after["bad.png"]
    assert (out / "target.look.safetensors").stat().st_mtime_ns == look
    capsys.readouterr()
    assert main([*line, "--tolerance", "0.1"]) == 2
    assert "holds results of another job (tolerance 0.5, here 0.1)" in capsys.readouterr().err
    save(tmp_path / "look" / "more.png", 9, "night")
    assert main(line) == 2
    assert "holds results of a look that was made of other pictures" in capsys.readouterr().err


def test_a_kept_look_brings_prompt_and_settings(folders, tmp_path, capsys):
    source, look, out = folders
    Preset(settings=PathSettings(steps=2, iterations=0)).save(tmp_path / "mine.s2st.json")
    file = tmp_path / "night.look.safetensors"
    made = ["look", look.split("=")[1], "--out", str(file), "--prompt", "a street at night"]
    made += ["--preset", str(tmp_path / "mine.s2st.json"), "--own", source.split("=")[1]]
    assert main(made) == 0
    kept = KeptLook.load(file)
    assert kept.correlation is not None and kept.settings["iterations"] == 0
    line = [source, f"--look={file}", out, "--prompt", "a street by day"]
    assert main(["translate", *line, "--limit", "1", "--guided", "0"]) == 0
    capsys.readouterr()
    job = json.loads((tmp_path / "out" / "job.json").read_text())["job"]
    assert job["target"] == "a street at night"
    assert (job["steps"], job["iterations"], job["guided"]) == (2, 0, 0)
    assert len(rows(tmp_path / "out")) == 1


REFUSED = {
    "--limit 0": "--limit is 0, but at least 1",
    "--threads -1": "--threads is -1, but must be 0 or more",
    "--guidance 900": "guidance is 900, but must lie within 0 to 100",
    "--regions 99": "regions is 99, but must lie within 0 to 64",
    "--preset gone.s2st.json": "gone.s2st.json",
}


@pytest.mark.parametrize("line", list(REFUSED))
def test_a_wrong_request_is_refused_before_a_model_is_loaded(line, folders, tmp_path, capsys):
    assert main(["translate", *folders, *TEXTS, *line.split()]) == 2
    told = capsys.readouterr().err
    assert REFUSED[line] in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_look_or_source_that_is_not_there_is_refused(folders, tmp_path, capsys):
    source, look, out = folders
    for wrong in ([f"{source}x", look, out], [source, f"{look}x", out]):
        assert main(["translate", *wrong, *TEXTS]) == 2
        assert "does not exist: name a" in capsys.readouterr().err
    assert main(["translate", *folders, "--prompt", "day"]) == 2
    assert "--target is missing" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/"])
def test_a_part_that_is_none_is_refused(text, folders, capsys):
    with pytest.raises(SystemExit):
        main(["translate", *folders, *TEXTS, "--shard", text])
    assert f"{text!r} is no part such as 2/8" in capsys.readouterr().err


def test_settings_of_the_command_line_count_more_than_a_presets(tmp_path, folders):
    Preset(settings=PathSettings(steps=3, tolerance=0.1)).save(tmp_path / "mine.s2st.json")
    line = [*folders, *TEXTS, "--preset", str(tmp_path / "mine.s2st.json"), "--steps", "9"]
    found = translate.chosen_path(parser().parse_args(["translate", *line]))
    assert found == PathSettings(steps=9, tolerance=0.1)
