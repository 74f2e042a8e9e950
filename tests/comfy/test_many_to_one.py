"""Translators in a real server: styles, label maps with their legend, sizes, refusals."""

import os

import numpy as np
import pytest
import torch
from graphs import Graph, picture

from s2st.many_to_one.design import Design
from s2st.many_to_one.domains import Domain, Kind
from s2st.many_to_one.networks import Networks, Plan
from s2st.many_to_one.switches import Switches
from s2st.many_to_one.translator import Translator
from tools.comfy_client import GraphFailed

LEGEND = {"sky": (0, 0, 255), "road": (128, 128, 128), "tree": (0, 128, 0)}
DOMAINS = (
    Domain(name="photo"),
    Domain(name="labels", kind=Kind.LABELS, many=False, legend=LEGEND),
)
FILE = "s2st/tiny.translator.safetensors"


def tiny():
    """Untrained, the same every time."""
    design = Design(size=32, width=8, most_width=16, style=6, latent=4, hidden=12)
    plan = Plan(domains=DOMAINS, design=design, switches=Switches())
    return Translator(plan, Networks(plan, torch.Generator().manual_seed(1)))


@pytest.fixture(scope="module")
def file(comfy):
    path = comfy.server.base / "output" / FILE
    path.parent.mkdir(exist_ok=True)
    tiny().save(path)
    return FILE


def load(graph, file):
    return graph.add("S2ST_LoadTranslator", file=file)


def translate(graph, file, image, **changes):
    given = {"source": "labels", "target": "photo", "style": "seed", "style_seed": 3, "answers": 1}
    translator = load(graph, file)[0]
    return graph.add(
        "S2ST_TranslateDomain", translator=translator, image=image, **{**given, **changes}
    )


def to_labels(graph, file, image, **changes):
    return translate(graph, file, image, source="photo", target="labels", **changes)


def pictures_of(comfy, graph, *references):
    saved = [graph.add("SaveImage", images=one, filename_prefix="translated") for one in references]
    run = comfy.client.run(graph.nodes)
    shown = [np.stack(comfy.client.images(run, one.name)) for one in saved]
    return [np.rint(one * 255).astype(int) for one in shown]


def test_it_gives_what_the_library_gives(comfy, file):
    graph = Graph()
    source = picture(graph, batch=2, height=32, width=32)
    before, made = pictures_of(comfy, graph, source, translate(graph, file, source)[0])
    translator = tiny()
    given = torch.from_numpy(before).permute(0, 3, 1, 2).float() / 255
    expected = translator.translate(given, "labels", "photo", translator.style_of_seed("photo", 3))
    apart = np.abs(made - expected.permute(0, 2, 3, 1).numpy() * 255)
    assert np.median(apart) <= 1


def test_each_picture_gets_its_answers_one_after_the_other(comfy, file):
    graph = Graph()
    source = picture(graph, batch=2, height=32, width=32)
    many = translate(graph, file, source, answers=3)
    second = translate(graph, file, source, style_seed=4)
    all_of_them, one_seed = pictures_of(comfy, graph, many[0], second[0])
    assert len(all_of_them) == 6
    assert np.array_equal(all_of_them[[1, 4]], one_seed)
    assert np.abs(all_of_them[0] - all_of_them[1]).mean() > 0.5


def test_references_give_an_answer_each_and_no_seed_counts(comfy, file):
    graph = Graph()
    source = picture(graph, height=32, width=32)
    reference = picture(graph, seed=11, batch=2, height=40, width=50)
    made = [
        translate(graph, file, source, style="reference", reference=reference, style_seed=seed)
        for seed in (0, 9)
    ]
    one, other = pictures_of(comfy, graph, *(node[0] for node in made))
    assert len(one) == 2 and np.array_equal(one, other)
    assert not np.array_equal(one[0], one[1])


def test_one_answer_ignores_styles_and_says_so(comfy, file):
    graph = Graph()
    source = picture(graph, height=32, width=32)
    made = [
        to_labels(graph, file, source, style="seed", style_seed=1, answers=4),
        to_labels(graph, file, source, style="none"),
    ]
    report = comfy.texts(graph, made[0][2])
    assert "labels has one answer for each picture" in report and "ignored" in report
    one, other = pictures_of(comfy, graph, *(node[0] for node in made))
    assert len(one) == 1 and np.array_equal(one, other)


def test_any_size_comes_back_and_label_maps_keep_their_colours(comfy, file):
    graph = Graph()
    source = picture(graph, height=75, width=110)
    labels = to_labels(graph, file, source)
    photos = translate(graph, file, labels[0], answers=2)
    assert "scaled to 46 x 32 and back" in comfy.texts(graph, photos[2])
    maps, legend, back = pictures_of(comfy, graph, labels[0], labels[1], photos[0])
    assert maps.shape == (1, 75, 110, 3) and back.shape == (2, 75, 110, 3)
    colours = {tuple(one) for one in maps.reshape(-1, 3).tolist()}
    assert colours <= set(LEGEND.values())
    shown = {tuple(one) for one in legend.reshape(-1, 3).tolist()}
    assert set(LEGEND.values()) <= shown


def test_the_loader_names_domains_and_offers_the_file(comfy, file):
    graph = Graph()
    told = comfy.texts(graph, load(graph, file)[1])
    assert "photo: colour, many answers" in told
    assert "labels: label map, one answer (sky (0, 0, 255)" in told
    assert file in str(comfy.client.get_json("/object_info/S2ST_LoadTranslator"))


REFUSALS = {
    "an unknown domain": ({"target": "night"}, "knows photo, labels"),
    "no style where many answers are": ({"style": "none"}, "choose 'seed' or 'reference'"),
    "no reference": ({"style": "reference"}, "no reference is connected"),
    "an unknown style": ({"style": "vivid"}, "seed, reference, none"),
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_wrong_inputs_are_refused(comfy, file, name):
    changes, words = REFUSALS[name]
    graph = Graph()
    made = translate(graph, file, picture(graph, height=32, width=32), **changes)
    graph.add("PreviewImage", images=made[0])
    with pytest.raises(Exception) as refused:
        comfy.client.run(graph.nodes)
    if isinstance(refused.value, GraphFailed):
        assert words in str(refused.value)
    else:  # a core that checks choices itself
        assert name == "an unknown style"


def test_a_damaged_file_is_refused_in_a_sentence(comfy):
    path = comfy.server.base / "output" / "s2st" / "cut.translator.safetensors"
    path.parent.mkdir(exist_ok=True)
    tiny().save(path)
    os.truncate(path, path.stat().st_size // 2)
    graph = Graph()
    graph.add("PreviewAny", source=load(graph, "s2st/cut.translator.safetensors")[1])
    with pytest.raises(GraphFailed, match="truncated or damaged"):
        comfy.client.run(graph.nodes)
    path.unlink()
