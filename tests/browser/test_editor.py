"""The first hour: the template list, every template, the blueprints and a run, in the real editor.

Seen in three ways: the editor of the ComfyUI that is tested, with its classic and its Nodes 2.0
renderer, and today's editor in the same ComfyUI; every template in every way with --thorough.
Pictures of all of it are left in out/browser.
"""

import contextlib
import json
from dataclasses import dataclass

import pytest
from editor import WIDGETS, WINDOW, Editor

from tools import chromium
from tools.comfy_client import ComfyClient
from tools.comfyui import editor, find, running
from tools.environment import ROOT
from tools.subgraphs import opened
from tools.workflows import Kind, to_api

PICTURES = ROOT / "out" / "browser"
TEMPLATES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "workflows").glob("*.json"))
}
BLUEPRINTS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "subgraphs").glob("*.json"))
}
SETTINGS = {
    "Comfy.TutorialCompleted": True,
    "Comfy.Workflow.Persist": False,
    "LiteGraph.Canvas.MinFontSizeForLOD": 0,  # words stay readable in pictures of everything
}
NODES_2 = "/api/settings/Comfy.VueNodes.Enabled"
VIEWS = {"classic": ("own", False), "nodes-2": ("own", True), "today": ("todays", True)}
EVERYWHERE = ("start_here", "your_checkpoint", "demo_day_to_night")


@dataclass(frozen=True, kw_only=True)
class View:
    """An editor that is open, and what its server says of nodes."""

    name: str
    pack: str
    editor: Editor
    info: dict


def served(base, extra):
    """A ComfyUI whose editor greets nobody."""
    settings = base / "user" / "default" / "comfy.settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS), encoding="utf-8")
    return running(find(), base, ["--cpu", "--preview-method", "latent2rgb", *extra])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with served(tmp_path_factory.mktemp("own"), []) as server:
        yield server


@pytest.fixture(scope="module")
def todays(tmp_path_factory):
    extra = ["--front-end-root", str(editor())]
    with served(tmp_path_factory.mktemp("todays"), extra) as server:
        yield server


@pytest.fixture(scope="module", params=VIEWS)
def view(request):
    served_by, nodes_2 = VIEWS[request.param]
    server = request.getfixturevalue(served_by)
    with contextlib.closing(ComfyClient(server.address)) as client:
        info = client.object_info()
        client.post(NODES_2, nodes_2)
        client.free()  # what the view before has run
    pack = info["S2ST_Restyle"]["python_module"].removeprefix("custom_nodes.")
    with chromium.running(WINDOW) as page:
        tab = Editor(page, server.address, PICTURES / request.param)
        yield View(name=request.param, pack=pack, editor=tab, info=info)


def opened_as_graph(view, name):
    """A template as its nodes; what opens in today's App mode stays there."""
    view.editor.show_list(view.pack)
    view.editor.choose(name, len(TEMPLATES[name]["nodes"]))
    if "linearMode" not in TEMPLATES[name]["extra"]:
        view.editor.fit()
    elif view.name != "today":
        view.editor.press("open workflow")  # its early form
        view.editor.fit()


def declared(queued, info):
    """Inputs of what is queued, without those that only the editor has (a preview's own text)."""
    known = {
        name: {one.name for one in Kind.of(info, node["class_type"]).inputs}
        for name, node in queued.items()
    }
    return {
        name: {key: value for key, value in node["inputs"].items() if key in known[name]}
        for name, node in queued.items()
    }


def covering(boxes):
    """Pairs of nodes that cover each other."""
    return [
        (one[0], other[0])
        for place, one in enumerate(boxes)
        for other in boxes[place + 1 :]
        if all(
            one[side] < other[side] + other[side + 2] and other[side] < one[side] + one[side + 2]
            for side in (1, 2)
        )
    ]


def test_the_list_shows_every_template_with_its_picture(view):
    view.editor.show_list(view.pack)
    assert sorted(view.editor.listed(len(TEMPLATES))) == [*TEMPLATES]
    view.editor.picture("list")
    view.editor.choose("demo_day_to_night", len(TEMPLATES["demo_day_to_night"]["nodes"]))


def test_templates_open_with_every_node_and_queue_what_the_tests_run(view, thorough):
    for name in TEMPLATES if thorough or view.name == "classic" else EVERYWHERE:
        opened_as_graph(view, name)
        view.editor.picture(name)
        assert view.editor.missing() == [], name
        assert covering(view.editor.boxes()) == [], name
        graph = to_api(TEMPLATES[name], view.info)
        ours = {number: node["inputs"] for number, node in graph.items()}
        assert declared(view.editor.queued(), view.info) == ours, name


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprint_is_found_by_its_name_and_queues_what_the_tests_run(view, name):
    view.editor.add(name)
    view.editor.picture(name)
    (definition,) = BLUEPRINTS[name]["definitions"]["subgraphs"]
    (whole,) = BLUEPRINTS[name]["nodes"]
    widgets = [one["name"] for one in whole["inputs"] if "widget" in one]
    values = dict(zip(widgets, whole["widgets_values"], strict=True))
    nodes, _ = opened("1", values, definition, view.info)
    ours = [
        {key: one for key, one in node["inputs"].items() if one is not None}
        for node in nodes.values()
    ]
    queued = declared(view.editor.queued(), view.info)
    assert [*map(unnumbered, queued.values())] == [*map(unnumbered, ours)]


def unnumbered(inputs):
    """Without the numbers that the editor gives to what it adds."""
    return {key: "a node" if isinstance(one, list) else one for key, one in inputs.items()}


def test_start_here_runs_shows_how_far_it_is_and_then_the_picture(view):
    opened_as_graph(view, "start_here")
    assert len(view.editor.page.evaluate(WIDGETS)) == (5 if view.name == "today" else 0)
    heard = view.editor.run("start_here_0000")
    assert all(values == sorted(values) for values in heard["progress"].values())
    assert heard["previews"] > 0
