"""Training: its budget, its names, its resuming, and real runs of seconds."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from s2st.many_to_one.switches import Preset
from s2st.many_to_one.translator import Translator
from translators.config import SMOKE, USUAL, Data, switched, with_budget
from translators.digits import Digits
from translators.runs import Run, finished, newest
from translators.train import main, parsed, training_of
from translators.training import LOG, SAMPLES, keep_lines, lines_of, mean_of, train

BRIEF = replace(SMOKE, steps=4, log_every=1, save_every=2, show_every=4, batch=2)
ASKED = {"data": "colorized-mnist", "arm": "HMU", "seed": 3}


def blobs():
    """Digits that are squares of several sizes, so that no download is needed."""
    grey = torch.zeros(12, 1, 32, 32)
    for place in range(12):
        grey[place, :, 8 : 12 + place, 8 : 12 + place] = 1
    return Digits(grey, torch.arange(12) % 10)


def plan_for(preset, training):
    from s2st.many_to_one.networks import Plan

    return Plan(domains=blobs().domains, design=training.design, switches=preset.switches)


def trained(folder, training=BRIEF, preset=Preset.HMU, resume=False):
    plan = plan_for(preset, training)
    return train(blobs(), plan, training, ASKED, folder, torch.device("cpu"), resume)


def lately(lines, name):
    """The mean of the last lines, for a batch of four is told with much noise."""
    return mean_of(lines[-3:], name)


@pytest.mark.parametrize("preset", list(Preset), ids=lambda one: one.value)
def test_seconds_of_training_lower_the_losses(tmp_path, preset):
    translator = trained(tmp_path, SMOKE, preset)
    lines = lines_of(tmp_path / LOG)
    assert lines[-1]["step"] == SMOKE.steps
    assert lately(lines, "cycle") < 0.6 * lines[0]["cycle"]
    if preset is Preset.HMS:
        assert lately(lines, "pairs") < 0.6 * lines[0]["pairs"]
    assert translator.made["steps"] == SMOKE.steps and translator.made["seconds"] > 0
    assert Image.open(tmp_path / "losses.png").width > 1000
    pictures = sorted((tmp_path / SAMPLES).iterdir())
    assert [one.name for one in pictures] == ["0000020.jpg", "0000040.jpg"]
    assert np.asarray(Image.open(pictures[-1])).std() > 10


def test_a_coarse_run_lowers_the_losses_too(tmp_path):
    translator = trained(tmp_path, replace(SMOKE, coarse=True))
    lines = lines_of(tmp_path / LOG)
    assert lately(lines, "cycle") < 0.6 * lines[0]["cycle"]
    assert {one.dtype for one in translator.networks.parameters()} == {torch.float32}


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path, monkeypatch):
    whole = trained(tmp_path / "whole")
    from translators import training

    taught, calls = training.taught, []

    def stopping(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return taught(*given)

    monkeypatch.setattr(training, "taught", stopping)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped")
    monkeypatch.setattr(training, "taught", taught)
    resumed = trained(tmp_path / "stopped", resume=True)
    for one, other in zip(whole.networks.parameters(), resumed.networks.parameters(), strict=True):
        assert torch.equal(one, other)
    steps = [
        [line["step"] for line in lines_of(tmp_path / at / LOG)] for at in ("whole", "stopped")
    ]
    assert steps == [[1, 2, 3, 4]] * 2


def test_a_run_is_not_resumed_as_another(tmp_path):
    trained(tmp_path)
    with pytest.raises(ValueError, match="begun with other training .*leave --resume out"):
        trained(tmp_path, replace(BRIEF, batch=3), resume=True)


def test_another_seed_is_another_run(tmp_path):
    one = trained(tmp_path / "one", replace(BRIEF, steps=1))
    other = train(
        blobs(),
        one.plan,
        replace(BRIEF, steps=1),
        {**ASKED, "seed": 4},
        tmp_path / "other",
        torch.device("cpu"),
        False,
    )
    weights = [made.networks.generator.entrance.layers[0].weight for made in (one, other)]
    assert not torch.equal(*weights)


def test_lines_after_the_checkpoint_are_left_out(tmp_path):
    log = tmp_path / LOG
    log.write_text("".join(json.dumps({"step": step}) + "\n" for step in (1, 2, 3)))
    keep_lines(log, 2)
    assert lines_of(log) == [{"step": 1}, {"step": 2}]


def test_the_command_trains_scenes_names_the_run_and_keeps_its_weights(tmp_path, capsys):
    line = ["--data", "scenes", "--smoke", "--steps", "2", "--seed", "1", "--items", "2"]
    line += ["--off", "style_zero", "--out", str(tmp_path), "--workers", "1", "--device", "cpu"]
    assert main(line) == 0
    (found,) = finished(Data.SCENES, tmp_path)
    assert (found.arm, found.seed) == ("HMU without style_zero", 1)
    assert found.file == newest(Data.SCENES, tmp_path)
    assert str(found.file) in capsys.readouterr().out
    translator = Translator.load(found.file)
    assert translator.takes_style("labels") and translator.names == ["photo", "labels"]
    assert newest(Data.LOOKS, tmp_path) is None


def test_a_switch_that_is_off_already_is_refused_before_work(tmp_path, capsys):
    line = ["--data", "domains", "--preset", "StarGAN v2", "--off", "supervised"]
    assert main([*line, "--out", str(tmp_path)]) == 1
    assert "StarGAN v2 has it off: leave it out" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_preset_is_turned_by_name():
    turned = switched(Preset.HMS, ["demodulation"], [])
    assert turned == replace(Preset.HMS.switches, demodulation=False)
    with pytest.raises(ValueError, match="has it on"):
        switched(Preset.HMU, [], ["channel_mapping"])


def test_runs_are_called_by_what_they_are(tmp_path):
    run = Run(data=Data.DIGITS, preset=Preset.STARGAN, on=("supervised",), seed=2)
    assert run.arm == "StarGAN v2 with supervised"
    where = run.folder(tmp_path).relative_to(tmp_path).as_posix()
    assert where == "colorized-mnist/stargan-v2-with-supervised/seed-2"
    assert run.line.endswith('--preset "StarGAN v2" --on supervised --seed 2')


def test_a_budget_scales_the_steps_alone():
    training = USUAL[Data.DIGITS]
    assert with_budget(training, 60, 30, cuda=False) == replace(training, steps=training.steps // 2)
    assert with_budget(training, 60, None, cuda=True).steps == 10 * training.steps
    with pytest.raises(ValueError, match="0 minutes, but needs more"):
        with_budget(training, 60, 0, cuda=False)


def test_the_command_line_says_how_large_and_how_long():
    asked = "--data domains --device cpu --steps 7 --batch 3 --size 64 --width 8 --rate 0.001"
    training = training_of(parsed(asked.split()))
    assert (training.steps, training.batch, training.design.size) == (7, 3, 64)
    assert (training.design.width, training.learning.mapping_rate) == (8, 1e-5)
