"""The templates: offered by the server, complete, and each executed in it from the stored file."""

import io
import json

import av
import numpy as np
import pytest
from PIL import Image

from demo_world import EVALUATION_SEEDS, LEGEND, REFERENCE_SEEDS, Label, labels, scene
from s2st.explore.preset import Preset
from tools.comfyui import given
from tools.templates import TEMPLATES, texts
from tools.workflows import EDITOR_ONLY, NEVER, Kind, to_api

NAMES = [describe.__name__ for describe in TEMPLATES]
CORE_MODULES = ("nodes", "comfy_extras")
QUICK = {  # enough to go through every stage, little enough for a test
    "steps": 4,
    "refine": 1,
    "count": 2,
    "iterations": 2,
    "seed_iterations": 2,
    "trajectory_iterations": 2,
    "lookahead": 2,
    "megapixels": 0.02,
    "cells": 2,
    "quality": "draft",
    "faithfulness": 2,
}


@pytest.fixture(scope="module")
def object_info(comfy):
    return comfy.client.object_info()


@pytest.fixture(scope="module")
def pack(object_info):
    """The name of the folder the server has loaded our nodes from."""
    return object_info["S2ST_Translate"]["python_module"].removeprefix("custom_nodes.")


def stored(repository, name):
    return json.loads((repository / "workflows" / f"{name}.json").read_text(encoding="utf-8"))


def real_nodes(workflow):
    return [node for node in workflow["nodes"] if node["type"] not in EDITOR_ONLY]


def quick(graph):
    """The same graph with little work, the demo model in the place of a checkpoint."""
    for node in graph.values():
        changes = {name: value for name, value in QUICK.items() if name in node["inputs"]}
        node["inputs"] |= changes
    return with_demo_model(graph)


def with_demo_model(graph):
    for node in graph.values():
        if node["class_type"] == "CheckpointLoaderSimple":
            node |= {"class_type": "S2ST_LoadDemoModel", "inputs": {}}
    return graph


def of_kind(graph, kind):
    return [name for name, node in graph.items() if node["class_type"] == kind]


def titled(workflow, title):
    (node,) = (one for one in workflow["nodes"] if one.get("title") == title)
    return str(node["id"])


def pictures(comfy, run, name):
    return np.stack(comfy.client.images(run, name))


def photo(size, seed):
    """A smooth coloured picture."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.BICUBIC)


def test_the_folder_holds_exactly_the_described_templates(repository):
    found = {path.stem for path in (repository / "workflows").glob("*.json")}
    assert found == set(NAMES)
    assert len(found) >= 4


def test_the_server_offers_every_template_with_its_thumbnail(comfy, pack, repository):
    assert sorted(comfy.client.get_json("/api/workflow_templates")[pack]) == sorted(NAMES)
    for name in NAMES:
        address = f"/api/workflow_templates/{pack}/{name}"
        assert comfy.client.get_json(f"{address}.json") == stored(repository, name)
        with Image.open(io.BytesIO(comfy.client.get(f"{address}.jpg"))) as thumbnail:
            assert thumbnail.format == "JPEG"
            assert min(thumbnail.size) >= 200 and max(thumbnail.size) <= 1024


@pytest.mark.parametrize("name", NAMES)
def test_every_node_is_the_core_s_or_ours_and_explained(object_info, pack, repository, name):
    workflow = stored(repository, name)
    for node in real_nodes(workflow):
        module = object_info[node["type"]]["python_module"]
        assert module == f"custom_nodes.{pack}" or module.split(".")[0] in CORE_MODULES
    notes = [node for node in workflow["nodes"] if node["type"] == "MarkdownNote"]
    assert len(notes) >= 3
    assert all(len(note["widgets_values"][0]) > 40 for note in notes)


@pytest.mark.parametrize("name", NAMES)
def test_every_input_is_known_and_every_connection_there(object_info, repository, name):
    workflow = stored(repository, name)
    for name, node in to_api(workflow, object_info).items():
        kind = Kind.of(object_info, node["class_type"])
        required = set(object_info[kind.name]["input"].get("required", {}))
        assert required <= set(node["inputs"]) <= {one.name for one in kind.inputs}, (name, kind)
    for node in real_nodes(workflow):
        kind = Kind.of(object_info, node["type"])
        widgets = [one for one in kind.inputs if one.is_widget]
        count = sum(1 + len(one.companions) for one in widgets)
        values = len(node["widgets_values"])
        # The editor fills in what a newer core has added to a node of its own.
        newer = given() is not None and not node["type"].startswith("S2ST_")
        assert values == count or (newer and values < count), node["type"]


@pytest.mark.parametrize("name", NAMES)
def test_our_nodes_in_the_file_are_as_the_description_says_now(object_info, repository, name):
    described = json.loads(texts(object_info)[f"{name}.json"])
    ours = [node for node in described["nodes"] if node["type"].startswith("S2ST_")]
    there = [node for node in real_nodes(stored(repository, name)) if node in ours]
    assert there == ours, "run: python -m tools.templates"


def test_demo_day_to_night_runs(comfy, object_info, repository):
    workflow = stored(repository, "demo_day_to_night")
    graph = quick(to_api(workflow, object_info))
    run = comfy.client.run(graph)
    results = pictures(comfy, run, titled(workflow, "save"))
    assert results.shape == (2, 128, 128, 3)
    assert results.std(axis=(1, 2)).min() > 0.01
    numbers = run.outputs[titled(workflow, "numbers")]["text"][0]
    assert "edge agreement with the source" in numbers and "PSNR to the truth" in numbers
    assert "evaluations" in run.outputs[titled(workflow, "report")]["text"][0]
    sheet = pictures(comfy, run, titled(workflow, "side by side"))[0]
    assert sheet.shape[1] > 4 * 256  # source, result, truth, target domain


def test_find_my_settings_shows_its_sheet_and_uses_what_it_found(comfy, object_info, repository):
    workflow = stored(repository, "find_my_settings")
    run = comfy.client.run(quick(to_api(workflow, object_info)))
    (sheet,) = pictures(comfy, run, titled(workflow, "the sheet"))
    assert sheet.shape[1] > 1000 and sheet.std() > 0.1
    report = run.outputs[titled(workflow, "report")]["text"][0]
    assert "- 1: " in report and "chosen is the first cell, if" in report
    changed = run.outputs[titled(workflow, "what the preset changed")]["text"][0]
    assert "the preset sets " in changed
    assert pictures(comfy, run, titled(workflow, "save")).shape == (2, 128, 128, 3)
    saved = (comfy.server.base / "output" / "s2st").glob("preset_*.s2st.json")
    assert Preset.load(max(saved)).settings.steps == 4


def test_step_by_step_runs_and_shows_every_stage(comfy, object_info, repository):
    workflow = stored(repository, "step_by_step_with_charts")
    run = comfy.client.run(quick(to_api(workflow, object_info)))
    charts = ("weights of the channels", "seed translation: loss", "trajectory optimisation: loss")
    for title in charts:
        (chart,) = pictures(comfy, run, titled(workflow, title))
        assert chart.std() > 0.01
    stages = ("inversion check", "from the translated seed alone", "save")
    check, seed_only, final = (pictures(comfy, run, titled(workflow, one)) for one in stages)
    assert check.shape == seed_only.shape == final.shape == (2, 128, 128, 3)
    assert np.abs(seed_only - check).mean() > 1e-3
    assert np.abs(final - seed_only).mean() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_no_node_is_deprecated_and_checkpoints_say_where_they_are(object_info, repository, name):
    for node in real_nodes(stored(repository, name)):
        assert not object_info[node["type"]].get("deprecated"), node["type"]
        assert node["properties"]["cnr_id"] and node["properties"]["ver"]
        if node["type"] == "CheckpointLoaderSimple":
            (model,) = node["properties"]["models"]
            assert model["name"] == node["widgets_values"][0]
            assert model["directory"] == "checkpoints" and model["url"].startswith("https://")


@pytest.mark.parametrize(
    "name, chosen",
    [
        ("start_here", ["first", "domain"]),
        ("your_checkpoint", ["ckpt_name", "image", "image"]),
    ],
)
def test_app_mode_asks_for_photo_look_words_and_strength(object_info, repository, name, chosen):
    workflow = stored(repository, name)
    nodes, app = {one["id"]: one for one in workflow["nodes"]}, workflow["extra"]["linearData"]
    assert workflow["extra"]["linearMode"] is True
    widgets = [widget for _, widget, *_ in app["inputs"]]
    assert widgets == [*chosen, "now", "wanted", "strength"]
    for number, widget, *_ in app["inputs"]:
        (socket,) = (one for one in nodes[number]["inputs"] if one["name"] == widget)
        assert "widget" in socket and socket["link"] is None
    (result,) = app["outputs"]
    assert object_info[nodes[result]["type"]]["output_node"]


def test_start_here_is_one_node_between_pictures_and_a_result(comfy, object_info, repository):
    workflow = stored(repository, "start_here")
    assert len(real_nodes(workflow)) <= 7
    run = comfy.client.run(quick(to_api(workflow, object_info)))
    before, after = (pictures(comfy, run, titled(workflow, one)) for one in ("before", "save"))
    assert after.shape == before.shape == (2, 128, 128, 3)
    assert np.abs(after - before).mean() > 0.1
    assert "strength 1, keep_structure 1" in run.outputs[titled(workflow, "report")]["text"][0]


def test_only_the_sky_changes_and_every_other_pixel_stays(comfy, object_info, repository):
    workflow = stored(repository, "only_the_sky")
    run = comfy.client.run(quick(to_api(workflow, object_info)))
    before, after, mask = (
        pictures(comfy, run, titled(workflow, one)) for one in ("before", "save", "the mask")
    )
    sky = mask[..., 0] > 0.5
    assert 0.1 < sky.mean() < 0.7
    assert np.array_equal(before[~sky], after[~sky])
    assert np.abs(before[sky] - after[sky]).mean() > 0.05


def worked_at(width, height):
    """The shape that a picture of this size has at the megapixels of a quick graph."""
    scale = (QUICK["megapixels"] * 1024 * 1024 / (width * height)) ** 0.5
    return round(height * scale), round(width * scale), 3


def given_photo(comfy, graph, node, size=(203, 151)):
    """A photo of ours in a loader."""
    file = f"photo{node}.png"
    photo(size, int(node)).save(comfy.server.base / "input" / file)
    graph[node]["inputs"]["image"] = file


def test_your_checkpoint_is_few_nodes_and_gives_the_photo_s_own_size(
    comfy, object_info, repository
):
    workflow = stored(repository, "your_checkpoint")
    assert len(real_nodes(workflow)) <= 6
    graph = quick(to_api(workflow, object_info))
    given_photo(comfy, graph, titled(workflow, "the photo to change"))
    given_photo(comfy, graph, titled(workflow, "a photo of the look"), (97, 64))
    run = comfy.client.run(graph)
    (result,) = pictures(comfy, run, titled(workflow, "save"))
    assert result.shape == (151, 203, 3)


def test_a_film_keeps_its_frames_its_size_and_its_sound(comfy, object_info, repository):
    workflow = stored(repository, "film")
    graph = quick(to_api(workflow, object_info))
    written(comfy.server.base / "input" / "film.mp4", FRAMES, (64, 48))
    given_photo(comfy, graph, titled(workflow, "a photo of the look"))
    comfy.client.run(graph)
    made = max((comfy.server.base / "output" / "s2st").glob("film_*.mp4"))
    with av.open(str(made)) as film:
        frames = [one.to_ndarray(format="rgb24") for one in film.decode(video=0)]
        assert len(frames) == FRAMES and frames[0].shape == (48, 64, 3)
        assert film.streams.video[0].average_rate == RATE
        assert len(film.streams.audio) == 1
    assert max(map(np.std, frames)) > 2


FRAMES, RATE, SOUND = 3, 12, 44_100


def written(path, count, size):
    """A film of noise, with a tone."""
    with av.open(str(path), "w") as film:
        pictures, sound = film.add_stream("h264", rate=RATE), film.add_stream("aac", rate=SOUND)
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.asarray(photo(size, number)), format="rgb24")
            film.mux(pictures.encode(frame))
        film.mux(pictures.encode())
        tone = np.sin(np.arange(SOUND * count // RATE) / 20).astype(np.float32)[None]
        wave = av.AudioFrame.from_ndarray(tone, format="flt", layout="mono")
        wave.sample_rate = SOUND
        film.mux(sound.encode(wave))
        film.mux(sound.encode())


def test_a_folder_gives_every_picture_in_its_own_size(comfy, object_info, repository):
    workflow = stored(repository, "folder")
    graph = quick(to_api(workflow, object_info))
    sizes = {(61, 45), (128, 96)}
    (comfy.server.base / "input" / "photos").mkdir(exist_ok=True)
    for size in sizes:
        photo(size, 1).save(comfy.server.base / "input" / "photos" / f"{size[0]}.png")
    given_photo(comfy, graph, titled(workflow, "a photo of the look"))
    run = comfy.client.run(graph)
    made = comfy.client.images(run, titled(workflow, "save"))
    assert {one.shape[1::-1] for one in made} == sizes


def test_invert_once_saves_and_then_serves_three_prompts(comfy, object_info, repository):
    workflow = stored(repository, "invert_once_many_prompts")
    first = quick(to_api(workflow, object_info))
    assert not of_kind(first, "S2ST_LoadTrajectory")
    run = comfy.client.run(first)
    assert pictures(comfy, run, titled(workflow, "inversion check")).shape == (2, 128, 128, 3)
    files = sorted((comfy.server.base / "output" / "s2st").glob("trajectory_*.s2st.safetensors"))
    for node in workflow["nodes"]:
        node["mode"] = 0 if node["mode"] == NEVER else node["mode"]
    second = quick(to_api(workflow, object_info))
    for name in of_kind(second, "S2ST_LoadTrajectory"):
        second[name]["inputs"]["file"] = f"s2st/{files[-1].name}"
    inverting = branch_of(second, of_kind(second, "S2ST_DDIMInvert"))  # another day: not again
    run = comfy.client.run({one: node for one, node in second.items() if one not in inverting})
    night, snow, fog = (
        pictures(comfy, run, titled(workflow, one)) for one in ("night", "snow", "fog")
    )
    assert night.shape == snow.shape == fog.shape == (2, 128, 128, 3)
    assert np.abs(night - snow).mean() > 1e-3 and np.abs(snow - fog).mean() > 1e-3


def test_paint_a_street_runs(comfy, object_info, repository):
    workflow = stored(repository, "paint_a_street")
    run = comfy.client.run(quick(to_api(workflow, object_info)))
    strokes, results = (
        pictures(comfy, run, titled(workflow, one)) for one in ("the strokes", "save")
    )
    assert strokes.shape == results.shape == (2, 128, 128, 3)
    assert np.abs(strokes - results).mean() > 1e-3
    assert "updates towards the strokes" in run.outputs[titled(workflow, "report")]["text"][0]


def test_words_for_colours_runs(comfy, object_info, repository):
    workflow = stored(repository, "words_for_colours")
    graph = quick(to_api(workflow, object_info))
    (drawn,) = of_kind(graph, "S2ST_DemoScenes")
    graph[drawn]["inputs"]["count"] = 1  # as it is: a region lies in one picture
    run = comfy.client.run(graph)
    assert pictures(comfy, run, titled(workflow, "save")).shape == (1, 128, 128, 3)
    held = run.outputs[titled(workflow, "what is held where")]["text"][0]
    assert "'trees' is held to" in held and "'tall buildings' is held to" in held


def test_paint_with_your_checkpoint_keeps_the_strokes_own_size(comfy, object_info, repository):
    workflow = stored(repository, "paint_with_your_checkpoint")
    graph = quick(to_api(workflow, object_info))
    (loader,) = of_kind(graph, "LoadImage")
    photo((203, 151), 1).save(comfy.server.base / "input" / "strokes.png")
    graph[loader]["inputs"]["image"] = "strokes.png"
    run = comfy.client.run(graph)
    (result,) = pictures(comfy, run, titled(workflow, "save"))
    assert result.shape == worked_at(203, 151)


def test_like_that_photo_takes_its_look(comfy, object_info, repository):
    workflow = stored(repository, "like_that_photo")
    run = comfy.client.run(quick(to_api(workflow, object_info)))
    results = pictures(comfy, run, titled(workflow, "save"))
    assert results.shape == (2, 128, 128, 3)
    assert results.mean() < 0.35  # the photo is of a night, the scenes are of a day
    assert "%" in run.outputs[titled(workflow, "how much is matched")]["text"][0]


def test_like_that_photo_works_on_photos_of_two_sizes(comfy, object_info, repository):
    workflow = stored(repository, "like_that_photo_your_checkpoint")
    graph = quick(to_api(workflow, object_info))
    given_photo(comfy, graph, titled(workflow, "the photo to translate"))
    given_photo(comfy, graph, titled(workflow, "that photo"), (97, 64))
    run = comfy.client.run(graph)
    (result,) = pictures(comfy, run, titled(workflow, "save"))
    assert result.shape == worked_at(203, 151)


def test_labels_to_scenes_takes_each_class_from_the_photo(comfy, object_info, repository):
    """As it is stored, for its network is quick: skies and roads have the photo's colours."""
    workflow = stored(repository, "labels_to_scenes")
    run = comfy.client.run(to_api(workflow, object_info))
    made = pictures(comfy, run, titled(workflow, "save"))
    (photo,) = pictures(comfy, run, titled(workflow, "how it shall look"))
    assert made.shape == (4, 128, 128, 3)
    maps = np.stack([labels(scene(seed), 128) for seed in EVALUATION_SEEDS[:4]])
    (own,) = (labels(scene(seed), 128) for seed in REFERENCE_SEEDS[2:3])
    sky, road = (
        (made[maps == one].mean(axis=0), photo[own == one].mean(axis=0))
        for one in (Label.SKY, Label.ROAD)
    )
    for mine, its in (sky, road):
        assert np.abs(mine - its).max() < 0.1
    assert np.abs(sky[1] - road[1]).max() > 0.2


def test_photos_become_label_maps_and_those_many_photos(comfy, object_info, repository):
    """As it is stored: maps are mostly right, and the photos of one map differ."""
    workflow = stored(repository, "photo_to_labels_to_photos")
    run = comfy.client.run(to_api(workflow, object_info))
    maps = pictures(comfy, run, titled(workflow, "label maps"))
    colours = np.array(list(LEGEND.values())) / 255
    found = np.abs(maps[..., None, :] - colours).sum(axis=-1).argmin(axis=-1)
    truth = np.stack([labels(scene(seed), 128) for seed in EVALUATION_SEEDS[: len(maps)]])
    assert (found == truth).mean() > 0.75
    made = pictures(comfy, run, titled(workflow, "save"))
    answers = made.reshape(len(maps), 4, *made.shape[1:])
    assert np.abs(answers - answers[:, :1]).mean() > 0.03


def branch_of(graph, nodes):
    """These nodes and all that need them."""
    branch = set(nodes)
    while True:
        more = {
            name
            for name, node in graph.items()
            if any(isinstance(one, list) and one[0] in branch for one in node["inputs"].values())
        }
        if more <= branch:
            return branch
        branch |= more
