"""A grid of settings in a real server: its sheet, its choice, what it keeps, and its presets."""

import json

import pytest
import torch
from graphs import Graph, difference, tiny_latent, tiny_model, tiny_prompt
from test_running import progress_of

from s2st.explore.preset import Preset
from s2st.path.settings import PathSettings
from tools.comfy_client import GraphFailed, GraphInterrupted, GraphRefused

SUFFIX = ".s2st.json"
OTHERS = "iterations: 2\nmatching: 0"
GRID = {"steps": "2, 3", "guidance": "1, 2", "learning_rate": "0.003", "others": OTHERS}
DEFAULT = PathSettings(iterations=2, matching=0.0)  # comes first, beside the grid
EVALUATIONS = DEFAULT.evaluations + sum(
    PathSettings(steps=steps, guidance=guidance).evaluations
    for steps in (2, 3)
    for guidance in (1.0, 2.0)
)


class Wiring:
    def __init__(self, seed=1, slow=None):
        self.graph = Graph()
        self.model = tiny_model(self.graph, seed=seed)
        if slow is not None:
            self.model = self.graph.add("TestSlowModel", model=self.model, seconds=slow)[0]
        prompts = [tiny_prompt(self.graph, number) for number in (3, 5, 4)]
        self.prompts = dict(zip(("source", "positive", "negative"), prompts, strict=True))
        self.latent = tiny_latent(self.graph, batch=2)
        self.domain = tiny_latent(self.graph, 9, batch=4)
        self.vae = self.graph.add("TestVAE", seed=1)[0]

    def explored(self, **changes):
        values = {**GRID, "cells": 9, "choose": 0, "noise_seed": 0}
        values |= {"structure_slack": 0.05, "look_slack": 0.05, "model": self.model}
        values |= {"latent": self.latent, "target_domain": self.domain, "vae": self.vae}
        return self.graph.add("S2ST_Explore", **{**values, **self.prompts, **changes})

    def path(self, **changes):
        as_explored = ("tolerance", "guided", "first_draws", "learning_rate")
        values = {name: getattr(DEFAULT, name) for name in as_explored}
        values |= {"spacing": "trailing", "target_domain": self.domain, **changes}
        values = {"model": self.model, "latent": self.latent, **values}
        return difference(self.graph, **self.prompts, **values)


def preset_file(comfy, name, **settings):
    folder = comfy.server.base / "output" / "presets"
    folder.mkdir(exist_ok=True)
    Preset(settings=PathSettings(**settings)).save(folder / f"{name}{SUFFIX}")
    return f"presets/{name}{SUFFIX}"


def test_the_chosen_cell_is_what_the_difference_path_gives_under_its_settings(comfy):
    w = Wiring(seed=31)
    node = w.explored(choose=3)  # after the default: 2 steps, unguided; 2 steps, guided
    alone = w.path(steps=2, cfg=2.0, iterations=2)
    chosen, wanted = comfy.latents(w.graph, node[1], alone[0])
    assert torch.equal(chosen, wanted)


def test_the_sheet_and_the_report_show_every_cell(comfy):
    w = Wiring(seed=32)
    node = w.explored()
    w.graph.add("PreviewImage", images=node[0])
    told = w.graph.add("PreviewAny", source=node[3])
    run = comfy.client.run(w.graph.nodes)
    lines = run.outputs[told.name]["text"][0].splitlines()
    assert [line.split(":")[0] for line in lines[:5]] == [f"- {n}" for n in range(1, 6)]
    assert "steps 7, guidance 2: structure 0." in lines[0]
    assert sum(", chosen" in line for line in lines) == 1
    assert f"{DEFAULT.evaluations} evaluations" in lines[0]
    (sheet,) = comfy.client.images(run, str(int(node.name) + 1))
    assert sheet.shape[1] > 800 and sheet.std() > 0.05


def test_a_preset_takes_the_place_of_the_nodes_settings_and_the_report_says_which(comfy):
    w = Wiring(seed=33)
    node = w.explored(choose=3)
    under = w.path(steps=9, cfg=5.0, iterations=1, noise_seed=4, preset=node[2])
    by_hand = w.path(steps=2, cfg=2.0, iterations=2, noise_seed=4)
    result, wanted = comfy.latents(w.graph, under[0], by_hand[0])
    assert torch.equal(result, wanted)
    report = comfy.texts(w.graph, under[2])
    assert "the preset sets steps 2, not 9; cfg 2, not 5; iterations 2, not 1" in report
    assert "another checkpoint" not in report


def test_a_preset_is_saved_loaded_and_knows_its_checkpoint(comfy):
    w = Wiring(seed=34)
    node = w.explored(choose=2)
    saved = w.graph.add("S2ST_SavePreset", preset=node[2], filename_prefix="presets/mine")
    name = comfy.texts(w.graph, saved[0])
    assert name == f"presets/mine_00001{SUFFIX}"
    kept = Preset.load(comfy.server.base / "output" / name)
    assert (kept.settings.steps, kept.settings.guidance, kept.settings.iterations) == (2, 1, 2)
    assert 0 < kept.measures["structure"] <= 1
    info = comfy.client.get_json("/object_info/S2ST_LoadPreset")
    assert name in str(info)
    other = Wiring(seed=35)
    loaded = other.graph.add("S2ST_LoadPreset", file=name)[0]
    report = comfy.texts(other.graph, other.path(preset=loaded)[2])
    assert "note: the preset was found on another checkpoint" in report
    assert f"{PathSettings(steps=2, guidance=1.0).evaluations} evaluations" in report


def test_one_bar_counts_every_evaluation_of_every_cell(comfy):
    w = Wiring(seed=36)
    node = w.explored()
    w.graph.add("PreviewAny", source=node[3])
    run = comfy.client.run(w.graph.nodes)
    values = progress_of(run, node.name)
    assert {most for _, most in values} == {EVALUATIONS}
    assert [value for value, _ in values] == sorted(value for value, _ in values)
    assert values[-1][0] == EVALUATIONS
    assert len(run.previews) >= 5


def test_what_is_done_before_a_cancel_is_not_run_again(comfy):
    def graph():
        w = Wiring(seed=37, slow=0.1)
        node = w.explored()
        told = w.graph.add("PreviewAny", source=node[3])
        return w.graph.nodes, node.name, told.name

    nodes, node, _ = graph()
    stopped = []

    def cancel_in_the_second_cell(event, data):
        if event == "progress" and data["node"] == node and data["value"] > DEFAULT.evaluations:
            if not stopped:
                comfy.client.interrupt()
            stopped.append(data["value"])

    with pytest.raises(GraphInterrupted):
        comfy.client.run(nodes, cancel_in_the_second_cell)
    assert stopped[-1] <= DEFAULT.evaluations + 4
    nodes, node, told = graph()
    run = comfy.client.run(nodes)
    assert "1 cells were done before and are not run again" in run.outputs[told]["text"][0]
    values = progress_of(run, node)
    assert {most for _, most in values} == {EVALUATIONS - DEFAULT.evaluations}


def test_choosing_another_cell_runs_none_again_and_other_pictures_run_all(comfy):
    w = Wiring(seed=38)
    first = comfy.texts(w.graph, w.explored()[3])
    again = comfy.texts(w.graph, w.explored(choose=4)[3])
    assert "done before" not in first
    assert "5 cells were done before" in again and "cell 4 is chosen by hand" in again
    assert "- 4: steps 3, guidance 1: " in again
    other = comfy.texts(w.graph, w.explored(latent=tiny_latent(w.graph, 6, batch=2))[3])
    assert "done before" not in other
    mask = w.graph.add("SolidMask", value=1.0, width=64, height=64)[0]
    masked = comfy.texts(w.graph, w.explored(mask=mask)[3])
    assert "done before" not in masked


REFUSED = {
    "a number that is none": ({"steps": "2, two"}, "steps is '2, two', but must be whole numbers"),
    "half a step": ({"steps": "2.5"}, "steps is '2.5', but must be whole numbers"),
    "too many steps": ({"steps": "2, 2000"}, "steps is 2000, but must lie within 2 to 1000"),
    "an unknown setting": ({"others": "strength: 1"}, "varies 'strength', but only these"),
    "no colon": ({"others": "tolerance 1"}, "the line 'tolerance 1', but each must be a setting"),
    "no such choice": ({"others": "structure: l3"}, "structure is 'l3', but must be some of"),
    "a cell that is not there": ({"choose": 6}, "Cell 6 is chosen, but the grid has cells 1 to 5"),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_a_wrong_grid_is_refused_in_a_sentence(comfy, what):
    changes, words = REFUSED[what]
    w = Wiring(seed=39)
    w.graph.add("PreviewAny", source=w.explored(**changes)[3])
    with pytest.raises(GraphFailed) as refused:
        comfy.client.run(w.graph.nodes)
    assert refused.value.exception_type == "ValueError"
    assert words in refused.value.exception_message
    assert "\n" not in refused.value.exception_message


def test_latents_of_another_autoencoder_are_refused_before_the_work(comfy):
    w = Wiring(seed=40)
    w.model = tiny_model(w.graph, "wide")
    w.latent = tiny_latent(w.graph, channels=16)
    w.domain = tiny_latent(w.graph, 9, batch=2, channels=16)
    w.graph.add("PreviewAny", source=w.explored()[3])
    with pytest.raises(GraphFailed, match="16 channels, but this VAE decodes 4"):
        comfy.client.run(w.graph.nodes)


DAMAGED = {
    "cut": (lambda text: text[:-9], "cannot be read as a preset file"),
    "newer": (lambda text: text.replace('"version": 1', '"version": 2'), "format version 2, but"),
    "unknown": (lambda text: text.replace('"tolerance"', '"strength"'), "sets strength, but"),
    "outside": (lambda text: text.replace('"steps": 7', '"steps": 0'), "steps is 0, but must lie"),
}


@pytest.mark.parametrize("what", list(DAMAGED))
def test_a_wrong_preset_is_refused_in_a_sentence_with_its_name(comfy, what):
    damage, words = DAMAGED[what]
    name = preset_file(comfy, what)
    path = comfy.server.base / "output" / name
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    graph = Graph()
    graph.add("PreviewAny", source=graph.add("S2ST_LoadPreset", file=name)[0])
    with pytest.raises(GraphFailed) as refused:
        comfy.client.run(graph.nodes)
    message = refused.value.exception_message
    assert message.startswith(path.name) and words in message and "\n" not in message


@pytest.mark.parametrize("file", [f"missing{SUFFIX}", f"../../secret{SUFFIX}"])
def test_only_presets_of_the_own_folders_are_read(comfy, file):
    graph = Graph()
    graph.add("PreviewAny", source=graph.add("S2ST_LoadPreset", file=file)[0])
    with pytest.raises(GraphRefused, match="no preset"):
        comfy.client.queue(graph.nodes)


def test_a_preset_of_the_command_line_is_one_of_the_list(comfy):
    name = preset_file(comfy, "shell", steps=5)
    facts = json.loads((comfy.server.base / "output" / name).read_text(encoding="utf-8"))
    assert facts["settings"]["steps"] == 5 and "noise_seed" not in facts["settings"]
    assert name in str(comfy.client.get_json("/object_info/S2ST_LoadPreset"))


def test_cells_are_drawn_to_the_references_whose_features_are_read_once(comfy):
    w = Wiring(seed=39)
    node = w.explored(steps="2", guidance="1", others="matching: 0 1")
    told = w.graph.add("PreviewAny", source=node[3])
    run = comfy.client.run(w.graph.nodes)
    lines = run.outputs[told.name]["text"][0].splitlines()
    apart = [int(line.split(" evaluations")[0].split()[-1]) for line in lines[:3]]
    assert apart[0] == apart[1] + 1 == apart[2]  # the base matches, and the last cell
    values = progress_of(run, node.name)
    assert {most for _, most in values} == {sum(apart) + 1}  # four references are one call
    assert values[-1][0] == sum(apart) + 1
