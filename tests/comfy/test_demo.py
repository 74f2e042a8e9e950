"""`python dev.py demo` with a tiny job, as a user runs it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tools.demo import CHARTS, RESULTS, Job, numbers, spent

TINY = ("--scenes", "1", "--steps", "4", "--refine", "1")


def demo(repository, *arguments, **variables):
    command = [sys.executable, "-m", "tools.demo", *arguments]
    environment = {**os.environ, "PYTHONUTF8": "1", **variables}
    return subprocess.run(
        command, cwd=repository, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def done(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return demo(repository, *TINY, "--output", str(folder)), folder


def test_it_ends_well_and_says_where_everything_is(done):
    result, folder = done
    assert result.returncode == 0, result.stderr
    assert folder.as_posix() in result.stdout
    assert result.stdout.count("100 %") == 7  # one bar per stage that runs the model


def test_sheet_and_charts_are_pictures(done):
    _, folder = done
    sheet = np.asarray(Image.open(folder / "contact-sheet.png"))
    columns = 1 + len(RESULTS) + 1
    assert sheet.shape[1] > columns * 190 and sheet.shape[0] > 2 * 190
    assert sheet.std() > 5
    for file in CHARTS.values():
        assert np.asarray(Image.open(folder / file)).std() > 5


def test_the_report_has_numbers_timings_evaluations_and_versions(done):
    _, folder = done
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {name: report[name] for name in ("scenes", "steps", "refine")} == {
        "scenes": 1,
        "steps": 4,
        "refine": 1,
    }
    for stage in RESULTS:
        values = report["metrics"][stage]
        assert len(values) == 4
        assert all(np.isfinite(value) for value in values.values())
    assert report["evaluations"]["inversion"]["evaluations"] == 8
    assert report["evaluations"]["trajectory optimisation"] == {"evaluations": 8, "gradients": 0}
    # 4 steps with two branches, 0 and 1 of 4 within the guided 0.4, 0 asked twice, 1 to match
    assert report["evaluations"]["difference path"] == {"evaluations": 13, "gradients": 0}
    assert report["evaluations"]["seed translation"]["gradients"] > 0
    assert all(value > 0 for value in report["seconds"].values())
    assert {"comfyui", "torch", "python"} <= set(report["versions"])


def test_a_missing_comfyui_is_one_clear_sentence(repository, tmp_path):
    result = demo(repository, *TINY, COMFYUI_PATH=str(tmp_path))
    assert result.returncode == 1
    (sentence,) = [line for line in result.stderr.splitlines() if line]
    assert "COMFYUI_PATH" in sentence and "correct it" in sentence


@pytest.mark.parametrize("option", ["--steps", "--scenes", "--cfg"])
def test_a_setting_out_of_its_limits_is_one_clear_sentence(repository, option):
    result = demo(repository, *TINY, option, "-1")
    assert result.returncode == 1
    (sentence,) = [line for line in result.stderr.splitlines() if line]
    assert option.removeprefix("--") in sentence and "-1" in sentence and "within" in sentence


def test_lines_with_numbers_are_read():
    text = "- edges: 0.51 (1 is best)\nno number\nPSNR to the truth: 20.25 dB (source: 9.00 dB)"
    assert numbers(text) == {"edges": 0.51, "PSNR to the truth": 20.25}
    text = "seed\n40 evaluations, 12 backward passes"
    assert spent(text) == {"evaluations": 40, "gradients": 12}
    assert spent("nothing") == {}


def test_the_job_s_defaults_are_day_to_night():
    assert (Job().source, Job().target) == ("day", "night")
