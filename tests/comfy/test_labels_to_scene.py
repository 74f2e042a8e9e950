"""Scenes of label maps in a real server: a trained file, sizes, batches, exemplars, refusals."""

import os

import numpy as np
import pytest
import torch
from graphs import Graph, picture
from test_running import progress_of

from demo_world import EVALUATION_SEEDS, LEGEND, labels
from demo_world import scene as demo_scene
from s2st.exemplar.design import Design
from s2st.exemplar.networks import Networks, Plan
from s2st.exemplar.sampling import SceneConfig
from s2st.exemplar.scene_network import SUFFIX, SceneNetwork
from tools.comfy_client import GraphFailed

OWN_LEGEND = {"sky": (0, 0, 255), "road": (128, 128, 128), "tree": (0, 128, 0)}
FILE = f"s2st/tiny{SUFFIX}"
SMALL = Design(size=32, width=8, features=12, blocks=1, prior_width=8)


def tiny(design=SMALL):
    """Untrained, the same every time, but no block is its straight way."""
    plan = Plan(legend=OWN_LEGEND, design=design)
    networks, generator = Networks(plan, torch.Generator().manual_seed(1)), torch.Generator()
    with torch.no_grad():
        for one in networks.parameters():
            one += 0.05 * torch.randn(one.shape, generator=generator.manual_seed(2))
    return SceneNetwork(plan, networks)


@pytest.fixture(scope="module")
def file(comfy):
    path = comfy.server.base / "output" / FILE
    path.parent.mkdir(exist_ok=True)
    tiny().save(path)
    return FILE


def scene(graph, file, labels, exemplar, **changes):
    given = {"steps": 4, "rematches": 2, "matching": 1.0, "polish": 2, "noise_seed": 3}
    given |= {"temperature": 0.005, "stray": 0.25}
    vae = graph.add("S2ST_LoadDemoModel")[2]
    pictures = {"labels": labels, "exemplar": exemplar}
    return graph.add("S2ST_LabelsToScene", file=file, vae=vae, **pictures, **{**given, **changes})


def pictures_of(comfy, graph, *references):
    saved = [graph.add("SaveImage", images=one, filename_prefix="scene") for one in references]
    run = comfy.client.run(graph.nodes)
    return [np.stack(comfy.client.images(run, one.name)) for one in saved]


def test_it_gives_what_the_library_gives(comfy, file):
    """With matches so soft that the rounding of saved pictures changes none."""
    from translators.exemplar.world import autoencoder

    graph = Graph()
    labels, shown = (picture(graph, seed, height=32, width=32) for seed in (7, 8))
    soft = {"temperature": 1.0, "stray": 2.0}
    made = scene(graph, file, labels, shown, **soft)
    before, example, made, warped, legend = pictures_of(
        comfy, graph, labels, shown, *(made[place] for place in range(3))
    )
    given, known = (torch.from_numpy(one).permute(0, 3, 1, 2) for one in (before, example))
    network, parts = tiny(), autoencoder()
    exemplars = network.exemplars(parts.encode_image(known.float()))
    config = SceneConfig(polish=2, noise_seed=3, **soft)
    latents = network.scenes(given.float(), exemplars, config)
    expected = parts.decode_latent(latents).permute(0, 2, 3, 1).numpy()
    assert np.median(np.abs(made - expected)) < 2 / 255
    assert warped.shape == made.shape and np.abs(warped - made).mean() > 1 / 255
    colours = {tuple(one) for one in np.rint(legend * 255).astype(int).reshape(-1, 3).tolist()}
    assert set(OWN_LEGEND.values()) <= colours


def test_batches_sizes_and_several_exemplars(comfy, file):
    graph = Graph()
    labels = picture(graph, batch=5, height=75, width=110)
    shown = picture(graph, 8, batch=2, height=40, width=90)
    result = scene(graph, file, labels, shown)
    report = comfy.texts(graph, result[3])
    assert "5 scenes, 7 evaluations" in report and "matched 2 times again" in report
    assert "scaled to 48 x 32 and back" in report
    made, warped = pictures_of(comfy, graph, result[0], result[1])
    assert made.shape == warped.shape == (5, 75, 110, 3)
    assert np.abs(made[0] - made[1]).mean() > 1 / 255


def test_matching_once_is_another_picture_and_the_seed_decides(comfy, file):
    graph = Graph()
    labels, shown = (picture(graph, seed, height=32, width=32) for seed in (7, 8))
    results = [
        scene(graph, file, labels, shown, **changes)
        for changes in ({}, {"rematches": 0}, {"noise_seed": 4}, {"noise_seed": 3})
    ]
    usual, once, other, again = pictures_of(comfy, graph, *(one[0] for one in results))
    assert np.array_equal(usual, again)
    assert all(np.abs(usual - one).mean() > 1 / 255 for one in (once, other))


def test_one_bar_over_the_whole_work_with_previews(comfy, file):
    graph = Graph()
    labels = picture(graph, 12, batch=5, height=32, width=32)
    made = scene(graph, file, labels, picture(graph, 13, height=32, width=32))
    graph.add("PreviewImage", images=made[0])
    run = comfy.client.run(graph.nodes)
    values = progress_of(run, made.name)
    assert {most for _, most in values} == {14}  # two parts of seven evaluations
    assert [value for value, _ in values] == sorted(value for value, _ in values)
    assert values[-1][0] == 14 and len(run.previews) >= 5


def test_demo_scenes_come_with_their_label_maps(comfy):
    graph = Graph()
    wanted = {"domain": "day", "truth_domain": "night", "split": "evaluation"}
    made = graph.add("S2ST_DemoScenes", first=1, count=2, **wanted)
    (shown,) = pictures_of(comfy, graph, made[4])
    pixels = torch.from_numpy(shown).permute(0, 3, 1, 2)
    expected = np.stack([labels(demo_scene(seed), 128) for seed in EVALUATION_SEEDS[1:3]])
    colours = torch.tensor(list(LEGEND.values()))[torch.from_numpy(expected).long()]
    assert torch.equal((pixels * 255).round().movedim(1, -1).long(), colours)


def test_the_file_is_offered(comfy, file):
    assert file in str(comfy.client.get_json("/object_info/S2ST_LabelsToScene"))


def refused(comfy, graph, result):
    graph.add("PreviewImage", images=result[0])
    with pytest.raises(GraphFailed) as found:
        comfy.client.run(graph.nodes)
    return str(found.value)


def test_the_wrong_autoencoder_is_refused(comfy):
    path = comfy.server.base / "output" / "s2st" / f"wide{SUFFIX}"
    path.parent.mkdir(exist_ok=True)
    tiny(Design(size=32, channels=16, width=8, features=12, blocks=1, prior_width=8)).save(path)
    graph = Graph()
    shown = picture(graph, height=32, width=32)
    message = refused(comfy, graph, scene(graph, f"s2st/{path.name}", shown, shown))
    assert "4 channels at stride 4" in message and "latents of 16 at stride 4" in message
    path.unlink()


def test_a_damaged_file_is_refused_in_a_sentence(comfy):
    path = comfy.server.base / "output" / "s2st" / f"cut{SUFFIX}"
    path.parent.mkdir(exist_ok=True)
    tiny().save(path)
    os.truncate(path, path.stat().st_size // 2)
    graph = Graph()
    shown = picture(graph, height=32, width=32)
    message = refused(comfy, graph, scene(graph, f"s2st/{path.name}", shown, shown))
    assert "truncated or damaged" in message
    path.unlink()


def test_cancel_takes_effect_and_the_next_queue_works(comfy, file):
    graph = Graph()
    labels, shown = picture(graph, batch=8, height=64, width=64), picture(graph, 8)
    node = scene(graph, file, labels, shown, steps=100, noise_seed=5)
    graph.add("PreviewImage", images=node[0])
    told = comfy.cancelled(graph, node, at=3)
    assert told[-1][0] < told[-1][1] / 2
    again = Graph()
    made = scene(again, file, picture(again, height=32, width=32), picture(again, 8))
    assert np.isfinite(pictures_of(comfy, again, made[0])[0]).all()
