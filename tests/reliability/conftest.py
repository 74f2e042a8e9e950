"""A server of its own: what these tests do to it shall hurt no other."""

import random
from pathlib import Path

import pytest
from conftest import PACKS, Comfy
from test_labels_to_scene import tiny as tiny_scene_network
from test_many_to_one import tiny as tiny_translator
from wires import DEMO, TINY, Wires

from bench.nodes import PACKS as BENCH
from s2st.explore.preset import Preset
from s2st.path.settings import PathSettings
from tools.comfyui import find, running

WATCHED = {**BENCH, **PACKS, "s2st_reliability": Path(__file__).parent / "pack"}
UNCOMPILED = {"PYTHONDONTWRITEBYTECODE": "1"}
SEED = 20
FLAGS = ["--cpu", "--preview-method", "latent2rgb"]


@pytest.fixture(scope="session")
def comfy(tmp_path_factory):
    base = tmp_path_factory.mktemp("reliability")
    with running(find(), base, FLAGS, WATCHED, UNCOMPILED) as server:
        comfy = Comfy(server)
        yield comfy
        comfy.client.close()


@pytest.fixture(scope="session")
def files(comfy):
    """Family -> a file for each node that loads one; the tiny models share a VAE."""
    tiny, demo = (saved_files(comfy, family) for family in (TINY[0], DEMO))
    return {**dict.fromkeys(TINY, tiny), DEMO: demo}


def saved_files(comfy, family):
    """Looks and trajectories saved by our nodes, the others by the library."""
    folder = comfy.server.base / "output" / family
    folder.mkdir()
    Preset(settings=PathSettings(steps=2)).save(folder / "usual.s2st.json")
    tiny_translator().save(folder / "usual.translator.safetensors")
    tiny_scene_network().save(folder / "usual.scene-network.safetensors")
    wires = Wires(family, {})
    for saver, name in (("S2ST_SaveLook", "look"), ("S2ST_SaveTrajectory", "trajectory")):
        wires.node(saver, filename_prefix=f"{family}/{name}")
    comfy.client.run(wires.graph.nodes)
    return {
        "S2ST_LoadPreset": f"{family}/usual.s2st.json",
        "S2ST_LoadTranslator": f"{family}/usual.translator.safetensors",
        "S2ST_LabelsToScene": f"{family}/usual.scene-network.safetensors",
        "S2ST_LoadLook": f"{family}/look_00001.look.safetensors",
        "S2ST_LoadTrajectory": f"{family}/trajectory_00001.s2st.safetensors",
    }


@pytest.fixture
def draw(request):
    """Randomness that is the same for a test in every run."""
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def told(record_property):
    """Keeps a figure for docs/reliability.md."""
    return lambda name, value: record_property(name, str(value))
