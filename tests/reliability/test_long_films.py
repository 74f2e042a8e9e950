"""A long film goes through the template *film* in a room that its frames state."""

import sys
from pathlib import Path

import pytest
from test_workflows import RATE, given_photo, stored, titled, with_demo_model, written

from bench.nodes import held
from tools.workflows import to_api

SHORT, LONG = 3 * RATE, 300  # frames; as many as the model is asked at once, and a few more
SIZE = (192, 144)
ROOM = 12  # times the bytes of its frames, beyond what a short film holds


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what was held at most")
def test_a_long_film_takes_a_stated_room(comfy, repository, told):
    workflow = stored(repository, "film")
    graph = with_demo_model(to_api(workflow, comfy.client.object_info()))
    (ours,) = (one for one in graph.values() if one["class_type"] == "S2ST_Restyle")
    ours["inputs"]["quality"] = "draft"
    given_photo(comfy, graph, titled(workflow, "a photo of the look"))
    process, most = Path("/proc") / str(comfy.server.process.pid), []
    for count in (SHORT, LONG):
        written(comfy.server.base / "input" / "film.mp4", count, SIZE)
        (process / "clear_refs").write_text("5")  # the peak counts from now on
        comfy.client.run(graph)
        most.append(held(process, "VmHWM"))
    frames = (LONG - SHORT) * 3 * 4 * SIZE[0] * SIZE[1] / 2**20
    times = (most[1] - most[0]) / frames
    told(f"frames of {SIZE[0]} x {SIZE[1]}", LONG)
    told(f"more than {SHORT} frames have, as ComfyUI keeps them", f"{frames:.0f} MB")
    told("more that the server held at most", f"{most[1] - most[0]:.0f} MB")
    told("times", f"{times:.1f}")
    assert times < ROOM
