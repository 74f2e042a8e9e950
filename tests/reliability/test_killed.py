"""A server killed while it saves: what lies under a name is whole, and the next save works."""

import shutil
import time

import pytest
import torch
from conftest import PACKS, Comfy
from graphs import Graph

from s2st import Schedule, Trajectory
from tools.comfyui import find, running

ALL, SOME = 20, 1
SUFFIX = ".s2st.safetensors"
SHAPE = (3, 8, 4, 256, 512)  # 50 MB, so that writing takes a while
LATEST = 2.5  # times what a save takes from when its name is claimed
PATIENCE = 60.0


@pytest.fixture
def trajectory():
    states = torch.randn(SHAPE, generator=torch.Generator().manual_seed(5))
    return Trajectory(states, Schedule((2.0, 1.0, 0.0)))


def saving():
    graph = Graph()
    loaded = graph.add("S2ST_LoadTrajectory", file=f"large{SUFFIX}")
    graph.add("S2ST_SaveTrajectory", trajectory=loaded[0], filename_prefix="kept/street")
    return graph.nodes


def killed_while_saving(base, moment):
    """Ask a server to save, and kill it so many seconds after the name was claimed."""
    before = {*names(base)}
    with running(find(), base, ["--cpu"], PACKS) as server:
        Comfy(server).client.queue(saving())
        waited(lambda: {*names(base)} > before)
        time.sleep(moment)
        server.process.kill()
        server.process.wait()


def seconds_of_a_save(base):
    """From when its name is claimed until the file is whole, in a server that is let live."""
    with running(find(), base, ["--cpu"], PACKS) as server:
        comfy = Comfy(server)
        comfy.client.queue(saving())
        waited(lambda: names(base))
        began = time.monotonic()
        waited(lambda: names(base)[0].stat().st_size)
        seconds = time.monotonic() - began
        comfy.client.close()
    names(base)[0].unlink()
    return seconds


def waited(happened):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "nothing was saved"
        time.sleep(0.001)


def names(base):
    return sorted((base / "output" / "kept").glob(f"*{SUFFIX}"))


def test_what_is_there_is_whole(tmp_path, trajectory, draw, thorough, told):
    base, count = tmp_path / "base", ALL if thorough else SOME
    (base / "input").mkdir(parents=True)
    trajectory.save(base / "input" / f"large{SUFFIX}")
    seconds = seconds_of_a_save(base)
    for _ in range(count):
        killed_while_saving(base, draw.uniform(0, LATEST * seconds))
    whole = [path for path in names(base) if path.stat().st_size]
    for path in whole:
        assert torch.equal(Trajectory.load(path).states, trajectory.states), path.name
    assert len(names(base)) == count  # each has a number of its own
    with running(find(), base, ["--cpu"], PACKS) as server:
        comfy = Comfy(server)
        comfy.client.run(saving())
        listed = comfy.client.get_json("/object_info/S2ST_LoadTrajectory")
        comfy.client.close()
    options = listed["S2ST_LoadTrajectory"]["input"]["required"]["file"][1]["options"]
    kept = {f"kept/{one.name}" for one in (*whole, names(base)[-1])}
    assert {one for one in options if one.startswith("kept/")} == kept
    told("servers killed while they saved", count)
    told("files that were whole", len(whole))
    told("names that were claimed and are empty, which no list shows", count - len(whole))
    told("half files", 0)
    shutil.rmtree(base)
