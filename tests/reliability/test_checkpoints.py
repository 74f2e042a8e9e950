"""Checkpoints of the usual layouts, read by the core's own loader: every node works on each."""

import time

import pytest
from graphs import Graph
from outcomes import FINITE, outcome_of
from wires import NODES, Wires, inputs_of, watched

PATIENCE = 300.0  # seconds
SIZE = 64  # pixels a side
# Layout -> (widths of the UNet's levels: one for all, as it is published).
LAYOUTS = {
    "SD 1.5": ("1 1 1 1", "1 2 4 4"),
    "SD 2.1, noise": ("1 1 1 1", "1 2 4 4"),
    "SD 2.1, v": ("1 1 1 1", "1 2 4 4"),
    "SDXL": ("1 1 1", "1 2 4"),
}
OTHERS = ("float32", "bfloat16", "float8_e4m3fn")
CASES = [  # layout, which of its widths, what its UNet is kept in
    *((name, width, "float16") for width in (0, 1) for name in LAYOUTS),
    *(("SD 1.5", 0, dtype) for dtype in OTHERS),
]


def taking(kinds):
    """Nodes that are given something of a checkpoint, and read no file."""
    return [
        name
        for name in sorted(NODES)
        if {one["type"] for _, one, _ in inputs_of(name)} & kinds
        and "required.file" not in NODES[name]["inputs"]
    ]


def checkpoint(comfy, layout, widths, dtype):
    """The name of a checkpoint that the core has saved and may load again."""
    graph = Graph()
    made = graph.add("TestLayout", layout=layout, widths=widths, dtype=dtype)
    parts = {name: made[slot] for slot, name in enumerate(("model", "clip", "vae"))}
    graph.add("CheckpointSave", **parts, filename_prefix="made")
    comfy.client.run(graph.nodes)
    comfy.client.free()
    (saved,) = (comfy.server.base / "output").glob("made_*.safetensors")
    name = "layout.safetensors"
    saved.replace(comfy.server.base / "models" / "checkpoints" / name)
    return name


@pytest.mark.thorough
@pytest.mark.parametrize("layout, width, dtype", CASES)
def test_every_node_works_on_it(comfy, told, layout, width, dtype):
    name, began = checkpoint(comfy, layout, LAYOUTS[layout][width], dtype), time.monotonic()
    nodes, failed = taking({"MODEL", "CLIP", "VAE"}), {}
    for node in nodes:
        wires = Wires(name, {}, SIZE)
        done = outcome_of(comfy, watched(wires, wires.node(node)), PATIENCE)
        if done.kind != FINITE:
            failed[node] = done.said
    assert not failed
    told("layout", f"{layout}, {'narrow' if width == 0 else 'full size'}, {dtype}")
    told("nodes that work on it", len(nodes))
    told("seconds", f"{time.monotonic() - began:.0f}")
