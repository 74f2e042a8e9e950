"""Names that lead out of the output folder by any platform's rules are refused on every one."""

import pytest
from outcomes import REFUSED, SENTENCE, outcome_of
from wires import NODES, Wires

OUTSIDE = (
    "../elsewhere",
    "s2st/../../elsewhere",
    "..",
    "/elsewhere",
    "//server/share/elsewhere",
    "..\\elsewhere",
    "s2st\\..\\..\\elsewhere",
    "\\elsewhere",
    "\\\\server\\share\\elsewhere",
    "C:\\elsewhere",
    "C:elsewhere",
    "c:/elsewhere",
    "\\\\?\\C:\\elsewhere",
    "s2st/a\0b",
)
INSIDE = ("s2st/a..b", "s2st/...", "s2st/x/../y", "s2st\\a", "night & day, 50 %", "day: 2", "夜")
SAVERS = sorted(name for name, node in NODES.items() if node["output_node"])
LOADERS = sorted(name for name, node in NODES.items() if "required.file" in node["inputs"])


def everything_in(folder):
    return {one for one in folder.rglob("*") if one.is_file()}


@pytest.mark.parametrize("node", SAVERS)
def test_nothing_is_saved_outside(comfy, files, told, node):
    before = everything_in(comfy.server.base.parent)
    for prefix in OUTSIDE:
        wires = Wires("eps", files)
        wires.node(node, filename_prefix=prefix)
        done = outcome_of(comfy, wires.graph.nodes)
        assert done.kind == SENTENCE and "filename_prefix is" in done.said, (prefix, done)
        assert everything_in(comfy.server.base.parent) == before, prefix
    told("node", node)
    told("names that lead outside", len(OUTSIDE))
    told("refused in a sentence", len(OUTSIDE))


@pytest.mark.parametrize("node", LOADERS)
def test_nothing_is_loaded_from_outside(comfy, files, told, node):
    for name in OUTSIDE:
        wires = Wires("eps", files)
        made = wires.node(node, file=f"{name}.s2st.json")
        wires.graph.add("TestFinite", value=made[0])
        done = outcome_of(comfy, wires.graph.nodes)
        assert done.kind == REFUSED and "ComfyUI's output or input folder" in done.said, name
    told("node", node)
    told("names that lead outside", len(OUTSIDE))
    told("refused in a sentence", len(OUTSIDE))


@pytest.mark.parametrize("prefix", INSIDE)
def test_a_name_that_only_looks_so_is_taken(comfy, files, prefix):
    output = comfy.server.base / "output"
    before = everything_in(output)
    wires = Wires("eps", files)
    wires.node("S2ST_SavePreset", filename_prefix=prefix)
    comfy.client.run(wires.graph.nodes)
    assert len(everything_in(output) - before) == 1
