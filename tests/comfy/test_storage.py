"""Trajectories on disk, through the nodes: nothing is overwritten, and no file stops the list."""

import os
from pathlib import Path

import pytest
from graphs import Graph, invert, tiny_latent, tiny_model, tiny_prompt

from tools.comfy_client import GraphFailed, GraphRefused

SUFFIX = ".s2st.safetensors"


def save(comfy, prefix, seed=5):
    """Save a trajectory under this prefix and return the name that the node gives."""
    graph = Graph()
    trajectory = invert(
        graph, tiny_model(graph), tiny_prompt(graph, 3), tiny_latent(graph, seed), steps=2
    )[0]
    saved = graph.add("S2ST_SaveTrajectory", trajectory=trajectory, filename_prefix=prefix)
    return comfy.texts(graph, saved[0])


def output_of(comfy):
    return comfy.server.base / "output"


def listed(comfy):
    """What Load Trajectory offers."""
    node = comfy.client.get_json("/object_info/S2ST_LoadTrajectory")["S2ST_LoadTrajectory"]
    return node["input"]["required"]["file"][1]["options"]


def load(comfy, name):
    graph = Graph()
    graph.add("PreviewAny", source=graph.add("S2ST_LoadTrajectory", file=name)[0])
    return comfy.client.run(graph.nodes)


@pytest.mark.parametrize("name", ["[day]", "a*b", "a?b", "plain", "x_00004"])
def test_a_second_save_keeps_the_first(comfy, name):
    first, second = (save(comfy, f"twice/{name}", seed) for seed in (5, 6))
    assert [first, second] == [f"twice/{name}_{number:05}{SUFFIX}" for number in (1, 2)]
    one, other = ((output_of(comfy) / name).read_bytes() for name in (first, second))
    assert one != other


def test_a_stray_file_does_not_stop_a_save(comfy):
    folder = output_of(comfy) / "stray"
    folder.mkdir()
    (folder / f"street_\u00b2{SUFFIX}").touch()
    assert save(comfy, "stray/street") == f"stray/street_00001{SUFFIX}"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_a_saved_file_may_be_read_like_any_other(comfy, tmp_path):
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    saved = output_of(comfy) / save(comfy, "modes/street")
    assert saved.stat().st_mode == ordinary.stat().st_mode


WRONG_NAMES = {
    "a NUL": "s2st/a\0b",
    "outside": "../../elsewhere",
    "outside on Windows": "s2st\\..\\..\\elsewhere",
    "another drive of Windows": "C:elsewhere",
    "the folder itself": "",
    "a folder that is a file": f"occupied{SUFFIX}/street",
    "longer than a file's name may be": "long/" + "x" * 300,
}


@pytest.mark.parametrize("name", list(WRONG_NAMES))
def test_a_name_that_cannot_be_is_refused_in_a_sentence(comfy, name):
    (output_of(comfy) / f"occupied{SUFFIX}").touch()
    with pytest.raises(GraphFailed) as refused:
        save(comfy, WRONG_NAMES[name])
    assert refused.value.exception_type == "ValueError"
    message = refused.value.exception_message.strip()
    assert "filename_prefix" in message and message.endswith(".") and "\n" not in message


def test_links_and_depth_do_not_stop_the_list(comfy, tmp_path):
    name = save(comfy, "listed/near")
    output, contents = output_of(comfy), (output_of(comfy) / name).read_bytes()
    (output / f"dangling{SUFFIX}").symlink_to(tmp_path / "nowhere")
    (output / "round").symlink_to(output)
    (tmp_path / f"outside{SUFFIX}").write_bytes(contents)
    (output / "out").symlink_to(tmp_path)
    for folder in ("a/b/c", "a/b/c/d"):
        (output / folder).mkdir(parents=True, exist_ok=True)
        (output / folder / f"deep{SUFFIX}").write_bytes(contents)
    names = listed(comfy)
    assert name in names and f"a/b/c/deep{SUFFIX}" in names
    assert not [one for one in names if one.startswith(("dangling", "round", "out", "a/b/c/d/"))]


@pytest.mark.parametrize("file", [True, 7, {}, "", "a\0b", "no such file"], ids=repr)
def test_what_is_no_file_of_the_list_is_refused_in_a_sentence(comfy, file):
    with pytest.raises(GraphRefused, match="There is no trajectory"):
        load(comfy, file)


@pytest.mark.parametrize("damage", [lambda c: b"", lambda c: c[:-9], lambda c: b"\xff" * 8 + c[8:]])
def test_a_damaged_file_is_told_in_a_sentence(comfy, damage):
    path = output_of(comfy) / save(comfy, "damaged/street")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(GraphFailed) as refused:
        load(comfy, Path("damaged", path.name).as_posix())
    assert refused.value.exception_type == "ValueError"
    assert refused.value.exception_message.startswith(f"{path.name} cannot be read")
    assert "\n" not in refused.value.exception_message.strip()
