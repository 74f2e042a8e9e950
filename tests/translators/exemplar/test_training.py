"""Training: its budget, its resuming, and real runs of seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from s2st.exemplar.networks import Plan
from s2st.exemplar.scene_network import SceneNetwork
from translators.exemplar import training as module
from translators.exemplar.config import SMOKE, TOOK, USUAL, with_budget
from translators.exemplar.runs import file_of
from translators.exemplar.samples import sheet
from translators.exemplar.train import main, parsed, training_of
from translators.exemplar.training import LOG, SAMPLES, lines_of, train
from translators.scenes import LABEL_MAP

BRIEF = replace(SMOKE, steps=4, warm_up=1, log_every=1, save_every=2, show_every=4, batch=2)


def trained(world, folder, training=BRIEF, resume=False, seed=3):
    plan = Plan(legend=LABEL_MAP.legend, design=training.design)
    return train(world, plan, training, {"seed": seed}, folder, torch.device("cpu"), resume)


def test_seconds_of_training_lower_the_losses(bands, tmp_path):
    network = trained(bands, tmp_path, SMOKE)
    lines = lines_of(tmp_path / LOG)
    assert lines[-1]["step"] == SMOKE.steps
    for name in ("classes", "domain", "diffusion"):
        assert lines[-1][name] < 0.8 * lines[0][name], name
    assert "feature" not in lines[0] and lines[-1]["feature"] > 0
    assert network.made["steps"] == SMOKE.steps and network.made["seconds"] > 0
    assert Image.open(tmp_path / "losses.png").width > 1000
    pictures = sorted((tmp_path / SAMPLES).iterdir())
    assert [one.name for one in pictures] == ["0000030.jpg", "0000060.jpg"]
    assert np.asarray(Image.open(pictures[-1])).std() > 10
    shown, columns = sheet(network, bands)
    assert columns == 6 and len(shown) == 6 * bands.count


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(bands, tmp_path, monkeypatch):
    whole = trained(bands, tmp_path / "whole")
    descend, calls = module.descend, []

    def stopping(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return descend(*given)

    monkeypatch.setattr(module, "descend", stopping)
    with pytest.raises(KeyboardInterrupt):
        trained(bands, tmp_path / "stopped")
    monkeypatch.setattr(module, "descend", descend)
    resumed = trained(bands, tmp_path / "stopped", resume=True)
    for one, other in zip(whole.networks.parameters(), resumed.networks.parameters(), strict=True):
        assert torch.equal(one, other)
    steps = [
        [line["step"] for line in lines_of(tmp_path / at / LOG)] for at in ("whole", "stopped")
    ]
    assert steps == [[1, 2, 3, 4]] * 2


def test_a_run_is_not_resumed_as_another(bands, tmp_path):
    trained(bands, tmp_path)
    with pytest.raises(ValueError, match="begun with other training .*leave --resume out"):
        trained(bands, tmp_path, replace(BRIEF, batch=3), resume=True)


def test_the_command_trains_on_renders_and_keeps_its_weights(tmp_path, capsys):
    line = ["--smoke", "--steps", "2", "--seed", "1", "--items", "2", "--half"]
    line += ["--out", str(tmp_path), "--workers", "1", "--device", "cpu"]
    assert main(line) == 0
    assert str(file_of(1, tmp_path)) in capsys.readouterr().out
    network = SceneNetwork.load(file_of(1, tmp_path))
    assert network.plan.legend == LABEL_MAP.legend and network.made["seed"] == 1


def test_a_run_of_no_time_is_refused_before_work(tmp_path, capsys):
    assert main(["--minutes", "0", "--out", str(tmp_path)]) == 1
    assert "0 minutes, but needs more than 0" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_budget_scales_the_steps_alone():
    assert with_budget(USUAL, TOOK / 2, cuda=False) == replace(USUAL, steps=USUAL.steps // 2)
    assert with_budget(USUAL, None, cuda=True).steps == 10 * USUAL.steps
    short = with_budget(USUAL, 0.01, cuda=False)
    assert (short.steps, short.warm_up) == (2, 1)


def test_the_command_line_says_how_large_and_how_long():
    asked = "--device cpu --steps 7 --batch 3 --size 64 --width 8 --prior-width 16 --rate 0.01"
    training = training_of(parsed(asked.split()))
    assert (training.steps, training.batch, training.warm_up) == (7, 3, 6)
    assert (training.design.size, training.design.width, training.design.prior_width) == (64, 8, 16)
    assert training.learning.rate == 0.01
    assert training_of(parsed(["--smoke"])) == SMOKE
