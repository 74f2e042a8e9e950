"""The blueprints: offered by the server, sound in themselves, and executed as the editor would."""

import json

import numpy as np
import pytest
from graphs import Graph

from tools.blueprints import BLUEPRINTS
from tools.comfyui import find
from tools.subgraphs import opened
from tools.templates import texts
from tools.workflows import Kind

QUICK = {"steps": 4, "iterations": 1, "inner_steps": 1, "lookahead": 2, "refine": 1}
WORDS = {
    "what it is now": "a street on a sunny day",
    "what it shall be": "a street at night",
    "avoid": "",
}


@pytest.fixture(scope="module")
def object_info(comfy):
    return comfy.client.object_info()


@pytest.fixture(scope="module")
def stored(repository):
    """Name -> what the file says."""
    files = (repository / "subgraphs").glob("*.json")
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


@pytest.fixture(params=[describe.__name__ for describe in BLUEPRINTS])
def blueprint(request, object_info, stored):
    """One of them, as it is stored."""
    describe = next(one for one in BLUEPRINTS if one.__name__ == request.param)
    return stored[describe(object_info).name]


def definition_of(blueprint):
    (definition,) = blueprint["definitions"]["subgraphs"]
    return definition


def test_the_files_are_as_described(object_info, stored):
    described = texts(object_info, BLUEPRINTS)
    assert {f"{name}.json" for name in stored} == set(described)
    for name, blueprint in stored.items():
        ours = [ours_of(one) for one in (json.loads(described[f"{name}.json"]), blueprint)]
        assert ours[0] == ours[1] != [], "run: python -m tools.blueprints"


def ours_of(blueprint):
    """Our nodes in it; what the core says of its own changes with its version."""
    nodes = definition_of(blueprint)["nodes"]
    return [one for one in nodes if one["type"].startswith("S2ST_")]


def test_the_server_offers_them(comfy, stored):
    if not (find() / "app" / "subgraph_manager.py").is_file():
        pytest.skip("this core has no blueprints")
    offered = comfy.client.get_json("/api/global_subgraphs")
    assert {one["info"]["node_pack"] for one in offered.values()} == {"custom_nodes.s2st"}
    assert {one["name"] for one in offered.values()} == set(stored)
    for number, one in offered.items():
        there = comfy.client.get_json(f"/api/global_subgraphs/{number}")
        assert json.loads(there["data"]) == stored[one["name"]]


def test_it_is_one_node_with_the_sockets_of_what_is_inside(blueprint):
    (node,) = blueprint["nodes"]
    definition = definition_of(blueprint)
    assert node["type"] == definition["id"]
    assert node["title"] == definition["name"]
    for side in ("inputs", "outputs"):
        around, inside = (
            [(one["name"], one["type"]) for one in x[side]] for x in (node, definition)
        )
        assert around == inside
    widgets = [one for one in node["inputs"] if "widget" in one]
    assert len(node["widgets_values"]) == len(widgets) >= 6


def sockets(side):
    return [(one["name"], one["type"]) for one in side]


def test_its_links_agree_at_both_ends(blueprint):
    definition = definition_of(blueprint)
    nodes = {node["id"]: node for node in definition["nodes"]}
    ends = {
        definition["inputNode"]["id"]: {"outputs": definition["inputs"]},
        definition["outputNode"]["id"]: {"inputs": definition["outputs"]},
    }
    assert definition["links"]
    for link in definition["links"]:
        origin = (nodes | ends)[link["origin_id"]]["outputs"][link["origin_slot"]]
        target = (nodes | ends)[link["target_id"]]["inputs"][link["target_slot"]]
        assert link["id"] in (origin.get("links") or origin["linkIds"])
        assert link["id"] == target.get("link") or link["id"] in target["linkIds"]
        assert link["type"] == origin["type"]
        assert set(origin["type"].split(",")) <= set(target["type"].split(","))


def test_every_node_inside_is_known_and_has_what_it_needs(blueprint, object_info):
    definition = definition_of(blueprint)
    given = {one["name"]: "given" for one in definition["inputs"]}
    nodes, outputs = opened("1", given, definition, object_info)
    assert len(nodes) == len(definition["nodes"])
    assert all(name in nodes for name, _ in outputs)
    for node in nodes.values():
        kind = Kind.of(object_info, node["class_type"])
        required = set(object_info[kind.name]["input"].get("required", {}))
        assert required <= set(node["inputs"]) <= {one.name for one in kind.inputs}
        assert None not in node["inputs"].values()


def test_it_translates_pictures(comfy, blueprint, object_info):
    graph = Graph()
    chosen = {"truth_domain": "night", "first": 0}
    day = graph.add("S2ST_DemoScenes", domain="day", split="evaluation", count=1, **chosen)[0]
    night = graph.add("S2ST_DemoScenes", domain="night", split="reference", count=4, **chosen)[0]
    model = graph.add("S2ST_LoadDemoModel")
    parts = {name: model[slot] for slot, name in enumerate(("model", "clip", "vae"))}
    definition = definition_of(blueprint)
    (whole,) = blueprint["nodes"]
    sockets = [one["name"] for one in whole["inputs"] if "widget" in one]
    values = dict(zip(sockets, whole["widgets_values"], strict=True))
    given = {"image": day, "look": night, **parts, **values, **WORDS}
    nodes, outputs = opened("whole", given, definition, object_info)
    for node in nodes.values():
        node["inputs"] |= {name: QUICK[name] for name in QUICK.keys() & node["inputs"].keys()}
    graph.nodes |= nodes
    before = graph.add("PreviewImage", images=day).name
    names = [one["name"] for one in definition["outputs"]]
    seen = {
        name: graph.add("PreviewImage", images=output).name
        for name, output in zip(names, outputs, strict=True)
        if name != "report"
    }
    told = graph.add("PreviewAny", source=outputs[names.index("report")]).name
    run = comfy.client.run(graph.nodes)
    source, *made = (comfy.client.images(run, one)[0] for one in (before, *seen.values()))
    assert "evaluations" in run.outputs[told]["text"][0]
    for picture in made:
        assert picture.shape == source.shape
    assert np.abs(made[0] - source).mean() > 0.05
