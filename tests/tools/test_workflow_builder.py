"""The builder of workflows and its way into API form, without a server."""

import pytest

from tools.workflows import NEVER, Kind, Workflow, to_api

INFO = {
    "Loader": {
        "input": {"required": {"name": [["a.safetensors", "b.safetensors"]]}},
        "output": ["MODEL", "CLIP"],
        "output_name": ["MODEL", "CLIP"],
    },
    "Words": {
        "input": {"required": {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}},
        "output": ["CONDITIONING"],
        "output_name": ["words"],
    },
    "Sampler": {
        "input": {
            "required": {
                "model": ["MODEL", {"tooltip": "a model"}],
                "seed": ["INT", {"default": 7, "control_after_generate": True}],
                "steps": ["INT", {"default": 20, "min": 1}],
                "kind": ["COMBO", {"options": ["fast", "exact"], "default": "exact"}],
                "flag": ["BOOLEAN", {"default": True}],
            },
            "optional": {"words": ["CONDITIONING"]},
        },
        "output": ["LATENT"],
        "output_name": ["latent"],
    },
    "Photo": {
        "input": {"required": {"image": [["one.png"], {"image_upload": True}]}},
        "output": ["IMAGE"],
        "output_name": ["IMAGE"],
    },
}


def small():
    flow = Workflow("small", INFO)
    flow.group("one")
    flow.note("# Hello\n" + "a long line " * 40)
    model, clip = flow.add("Loader", {})
    words = flow.add("Words", {"text": "a street", "clip": clip}, "what to draw")[0]
    flow.column()
    flow.add("Photo", {})
    flow.group("two", asleep=True)
    flow.add("Sampler", {"model": model, "words": words, "steps": 5})
    return flow


def boxes(workflow):
    return [(*node["pos"], *node["size"]) for node in workflow["nodes"]]


def awake(workflow):
    for node in workflow["nodes"]:
        node["mode"] = 0
    return workflow


def test_api_form_has_values_defaults_and_connections():
    graph = to_api(awake(small().as_json()), INFO)
    (sampler,) = (node for node in graph.values() if node["class_type"] == "Sampler")
    assert sampler["inputs"] == {
        "model": ["2", 0],
        "seed": 7,
        "steps": 5,
        "kind": "exact",
        "flag": True,
        "words": ["3", 0],
    }
    assert graph["2"] == {"class_type": "Loader", "inputs": {"name": "a.safetensors"}}
    assert graph["3"]["inputs"] == {"text": "a street", "clip": ["2", 1]}
    assert graph["4"]["inputs"] == {"image": "one.png"}


def test_notes_and_sleeping_nodes_are_not_queued():
    workflow = small().as_json()
    assert [node["mode"] for node in workflow["nodes"]] == [0, 0, 0, 0, NEVER]
    assert set(to_api(workflow, INFO)) == {"2", "3", "4"}


def test_widgets_that_the_editor_adds_have_their_place():
    nodes = {node["type"]: node for node in small().as_json()["nodes"]}
    assert nodes["Sampler"]["widgets_values"] == [7, "fixed", 5, "exact", True]
    assert nodes["Photo"]["widgets_values"] == ["one.png", "image"]


def test_nodes_say_where_they_come_from_and_which_files_they_need():
    flow = Workflow("homes", INFO | {"S2ST_Words": INFO["Words"]})
    flow.group("one")
    files = [{"name": "a.safetensors", "url": "https://example.org/a", "directory": "checkpoints"}]
    _, clip = flow.add("Loader", {}, models=files)
    flow.add("S2ST_Words", {"clip": clip})
    loader, words = (node["properties"] for node in flow.as_json()["nodes"])
    assert loader["cnr_id"] == "comfy-core" and loader["models"] == files
    assert words["cnr_id"] == "s2st" and words["ver"].count(".") == 2
    assert "models" not in words


def test_app_mode_names_widgets_and_results_of_nodes_by_title_or_kind():
    flow = small()
    assert "linearMode" not in flow.as_json()["extra"]
    flow.app([("what to draw", "text"), ("Sampler", "steps")], ["Sampler"])
    extra = flow.as_json()["extra"]
    assert extra["linearMode"] is True
    assert extra["linearData"] == {
        "inputs": [[3, "text", {"description": "what to draw"}], [5, "steps"]],
        "outputs": [5],
    }
    with pytest.raises(ValueError, match="no input 'step'"):
        flow.app([("Sampler", "step")], ["Sampler"])


def test_links_agree_at_both_ends():
    workflow = small().as_json()
    nodes = {node["id"]: node for node in workflow["nodes"]}
    assert len(workflow["links"]) == workflow["last_link_id"] == 3
    for link, origin, leaving, target, entering, kind in workflow["links"]:
        output, entry = nodes[origin]["outputs"][leaving], nodes[target]["inputs"][entering]
        assert link in output["links"] and entry["link"] == link
        assert output["type"] == entry["type"] == kind


def test_no_two_nodes_cover_each_other_and_frames_hold_them():
    workflow = small().as_json()
    placed = boxes(workflow)
    for number, (x, y, width, height) in enumerate(placed):
        for left, top, across, down in placed[number + 1 :]:
            apart = x + width <= left or left + across <= x
            assert apart or y + height <= top - 30 or top + down <= y - 30
    right = max(x + width for x, _, width, _ in placed)
    bottom = max(y + height for _, y, _, height in placed)
    frames = [group["bounding"] for group in workflow["groups"]]
    assert max(x + width for x, _, width, _ in frames) >= right
    assert max(y + height for _, y, _, height in frames) >= bottom


def test_the_same_description_gives_the_same_file():
    assert small().as_json() == small().as_json()


def test_unknown_nodes_and_inputs_are_refused():
    flow = Workflow("wrong", INFO)
    flow.group("one")
    with pytest.raises(ValueError, match="no node 'Nothing'"):
        flow.add("Nothing", {})
    with pytest.raises(ValueError, match="no input 'step'; it has model, seed, steps"):
        flow.add("Sampler", {"step": 3})


def test_sockets_come_before_widgets():
    kind = Kind.of(INFO, "Sampler")
    assert [one.name for one in kind.sockets][:2] == ["model", "words"]
    assert [one.name for one in kind.sockets][2:] == ["seed", "steps", "kind", "flag"]
