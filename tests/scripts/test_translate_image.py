"""The example script, run as its documentation says, where nothing of this folder is installed."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from demo_world import EVALUATION_SEEDS, render, scene
from demo_world.model import as_pipeline, load
from s2st.explore.preset import Preset
from s2st.path.settings import PathSettings

PROGRAM = "scripts/translate_image.py"
LINE = re.compile(rf"^python {re.escape(PROGRAM)}(?:.*\\\n)*.*$", re.MULTILINE)


def documented_line(path):
    (line,) = LINE.findall(path.read_text(encoding="utf-8"))
    return shlex.split(line.replace("\\\n", ""))


def run(line, folder):
    """With the environment's Python, and nothing that helps it find the packages."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, *map(str, line)]
    subprocess.run(command, cwd=folder, env=environment, check=True)


@pytest.fixture
def checkout(repository, tmp_path):
    """What git knows of the script and the packages that it needs, in a folder of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        + ["scripts", "s2st", "demo_world"],
        cwd=repository,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        target = tmp_path / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(repository / name, target)
    return tmp_path / "checkout"


def values_of(path):
    return pil_to_tensor(Image.open(path)) / 255


def test_the_documented_line_draws_the_street_at_night(checkout, repository):
    line = documented_line(repository / "README.md")
    assert line == documented_line(repository / PROGRAM)
    run(line[1:], checkout)
    result = values_of(checkout / "out" / "night.png")
    day, night = (
        torch.from_numpy(render(scene(EVALUATION_SEEDS[200]), domain)).permute(2, 0, 1)
        for domain in ("day", "night")
    )
    assert (result - night).square().mean() < 0.12 * (day - night).square().mean()


def test_a_preset_gives_the_settings(repository, tmp_path):
    for name, shade in (("day.png", 200), ("look/night.png", 40)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (32, 32), (shade, shade, shade)).save(tmp_path / name)
    Preset(settings=PathSettings(steps=2, guidance=1.0)).save(tmp_path / "mine.s2st.json")
    line = [repository / PROGRAM, "day.png", "--source", "day", "--target", "night"]
    line += ["--look", "look"]
    run([*line, "preset.png", "--preset", "mine.s2st.json"], tmp_path)
    run([*line, "by_hand.png", "--steps", "2", "--guidance", "1"], tmp_path)
    run([*line, "default.png", "--steps", "2"], tmp_path)
    preset, by_hand, default = (
        values_of(tmp_path / f"{name}.png") for name in ("preset", "by_hand", "default")
    )
    assert torch.equal(preset, by_hand) and not torch.equal(preset, default)


def test_the_papers_stages_run_on_a_pipelines_folder(repository, tmp_path):
    as_pipeline(load()).save_pretrained(tmp_path / "model")
    (tmp_path / "look").mkdir()
    for name, shade in (("day.png", 200), ("look/night.png", 40)):
        Image.new("RGB", (102, 66), (shade, shade, shade)).save(tmp_path / name)
    line = [repository / PROGRAM, "day.png", "out.png", "--source", "day", "--target", "night"]
    line += ["--look", "look", "--model", "model", "--method", "s2st", "--steps", "2"]
    run([*line, "--megapixels", "0.0022"], tmp_path)
    assert Image.open(tmp_path / "out.png").size == (56, 36)  # 58 x 37.6, in whole latents of 4
