"""What the server says about our nodes: saved workflows depend on it."""

import json
from pathlib import Path

import pytest

from tools import help_pages, locales

GOLDEN = Path(__file__).parent / "object_info.json"
# Lists of the files that are there.
DYNAMIC = {("S2ST_LoadTrajectory", "file"), ("S2ST_LoadPreset", "file"), ("S2ST_LoadLook", "file")}
DYNAMIC |= {("S2ST_LoadTranslator", "file"), ("S2ST_LabelsToScene", "file")}
FOLDING = (0, 11)  # the core since which nodes may fold inputs away and be found by other words
MOST_SHOWN = 10  # widgets of a node that are in sight then
ABOUT_VALUES = ("default", "min", "max", "options")


def described(info):
    """Node ids, inputs with their values and order, outputs: what a saved workflow relies on."""
    return {name: _node(name, node) for name, node in sorted(info.items())}


def _node(name, node):
    inputs = {
        f"{kind}.{key}": _input(name, key, spec)
        for kind in ("required", "optional")
        for key, spec in node["input"].get(kind, {}).items()
    }
    return {
        "category": node["category"],
        "display_name": node["display_name"],
        "inputs": inputs,
        "outputs": dict(zip(node["output_name"], node["output"], strict=True)),
        "output_node": node["output_node"],
    }


def _input(name, key, spec):
    options = spec[1] if len(spec) > 1 else {}
    kept = () if (name, key) in DYNAMIC else ABOUT_VALUES
    return {"type": spec[0], **{one: options[one] for one in kept if one in options}}


def ours(comfy):
    info = comfy.client.object_info()
    return {name: node for name, node in info.items() if name.startswith("S2ST_")}


def test_the_nodes_are_as_in_the_golden_file(comfy):
    assert described(ours(comfy)) == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_input_and_output_has_a_tooltip(comfy):
    for name, node in ours(comfy).items():
        assert node["description"], name
        for kind in ("required", "optional"):
            for key, spec in node["input"].get(kind, {}).items():
                assert len(spec) > 1 and spec[1].get("tooltip"), (name, key)
        assert node["output_tooltips"] and all(node["output_tooltips"]), name


def test_a_core_that_can_folds_away_what_few_need(comfy):
    told = comfy.client.get_json("/system_stats")["system"]["comfyui_version"]
    if tuple(map(int, told.split(".")[:2])) < FOLDING:
        pytest.skip(f"ComfyUI {told} shows every input and finds nodes by their names alone")
    for name, node in ours(comfy).items():
        widgets = [
            spec[1]
            for group in ("required", "optional")
            for spec in node["input"].get(group, {}).values()
            if "default" in spec[1] or "options" in spec[1]
        ]
        assert sum(not one.get("advanced") for one in widgets) <= MOST_SHOWN, name
        assert node["search_aliases"], name
    path = ours(comfy)["S2ST_DifferencePath"]["input"]["required"]
    assert path["spacing"][1]["advanced"] and not path["cfg"][1].get("advanced")


def test_every_node_has_a_help_page(comfy, repository):
    pages = {page.stem for page in (repository / "web" / "docs").glob("*.md")}
    assert pages == set(ours(comfy))
    for name, node in ours(comfy).items():
        page = comfy.client.get(f"/extensions/s2st/docs/{name}.md").decode()
        assert page.startswith(f"# {node['display_name']}")
        assert page == help_pages.page(page, node), f"{name}: run `python -m tools.help_pages`"
        for kind in ("required", "optional"):
            for key in node["input"].get(kind, {}):
                assert f"| `{key}`" in page, (name, key)


def test_the_server_gives_the_texts_of_every_language(comfy):
    served = {
        language: texts["nodeDefs"] for language, texts in comfy.client.get_json("/i18n").items()
    }
    languages = (locales.ENGLISH, *locales.LANGUAGES)
    assert served == {one: locales.load(locales.definitions(one)) for one in languages}
    present = locales.english(comfy.client.object_info())
    assert served[locales.ENGLISH] == present, "run `python -m tools.locales`"


def test_the_pack_loads_without_a_complaint(comfy):
    lines = comfy.server.log.read_text(encoding="utf-8", errors="replace").splitlines()
    started = next(at for at, line in enumerate(lines) if line.endswith("Starting server"))
    start = [line for line in lines[:started] if "s2st" in line]
    assert any("custom_nodes" in line for line in start)
    assert not any("IMPORT FAILED" in line or "Error" in line for line in start)
