import json

import pytest

from bench import cost_page, nodes

MARKERS = "# Costs\n\n<!-- nodes: begin -->\n<!-- nodes: end -->\n"
SMALL = ["--channels", "32", "--pixels", "64", "--steps", "2"]


def test_every_node_runs_beside_the_cores_own_sampler(tmp_path, capsys):
    """The command in a real ComfyUI, with a thinner network of the same layout."""
    (tmp_path / cost_page.PAGE).write_text(MARKERS, encoding="utf-8")
    assert nodes.main([*SMALL, "--out", str(tmp_path)]) == 0
    (found,) = json.loads((tmp_path / cost_page.NUMBERS).read_text())["nodes"].values()
    rows = {one["node"]: one for one in found["nodes"]}
    assert len(rows) == 9 and nodes.PLAIN in rows
    assert all(one["seconds"] > one["network"] > 0 and one["own"] >= 0 for one in rows.values())
    exact = rows["S2ST Trajectory Optimize, exact"]
    assert exact["own"] > rows["S2ST DDIM Invert"]["own"]
    assert 10e6 < found["parameters"] < 11e6
    page = (tmp_path / cost_page.PAGE).read_text(encoding="utf-8")
    assert page.count("\n| S2ST ") == 8
    assert capsys.readouterr().out.endswith(
        page.split("begin -->\n\n")[1].split("\n\n<!--")[0] + "\n"
    )


def test_a_graph_is_cut_to_what_an_output_needs():
    graph = {
        "1": {"class_type": "A", "inputs": {"value": 1}},
        "2": {"class_type": "B", "inputs": {"a": ["1", 0]}},
        "3": {"class_type": "C", "inputs": {"a": ["1", 0]}},
    }
    cut = nodes.up_to(graph, nodes.Output(2, 1, "LATENT"))
    assert set(cut) == {"1", "2", nodes.ASKED}
    assert cut[nodes.ASKED]["inputs"] == {"source": ["2", 1]}


def test_a_platform_that_hides_memory_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(nodes, "PROCESSES", tmp_path)
    with pytest.raises(SystemExit, match="does not tell what memory .* run it on Linux"):
        nodes.main([])


def test_the_demo_model_stands_beside_what_ran_before(tmp_path):
    (tmp_path / cost_page.PAGE).write_text(MARKERS, encoding="utf-8")
    few = ["--model", "demo", "--steps", "2", "--pixels", "64", "--out", str(tmp_path)]
    assert nodes.main([*few, "--batch", "1"]) == nodes.main([*few, "--batch", "2"]) == 0
    page = (tmp_path / cost_page.PAGE).read_text(encoding="utf-8")
    heads = [line for line in page.splitlines() if line.startswith("### ")]
    assert heads == ["### demo model, batch 1", "### demo model, batch 2"]
    assert page.count("\n| KSampler ") == 2


@pytest.mark.parametrize(
    ("option", "value"),
    [("--batch", 0), ("--steps", 1), ("--pixels", 100), ("--pixels", 0), ("--channels", 48)],
)
def test_what_the_network_cannot_take_is_named(option, value):
    with pytest.raises(SystemExit, match=f"{option} is {value}, but must be"):
        nodes.main([option, str(value)])
