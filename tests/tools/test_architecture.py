"""The page of drawings is what the code says."""

import pytest

from tools import architecture
from tools.architecture import drawn_data, drawn_rooms, imports_of, main, rooms_of

FILES = {
    "nodes/__init__.py": '"""All nodes."""\nfrom .core import one',
    "nodes/core/__init__.py": '"""What nodes share.\n\nAnd more."""',
    "nodes/core/one.py": "from ...s2st import invert",
    "s2st/__init__.py": "from .seeds.inversion import invert",
    "s2st/model/__init__.py": "",
    "s2st/model/schedule.py": "import torch",
    "s2st/look/__init__.py": "",
    "s2st/look/task.py": "from ..model.schedule import Schedule\nfrom .mask import check",
    "s2st/seeds/__init__.py": "",
    "s2st/seeds/inversion.py": "from ..look import task\nfrom ..model import schedule",
    "demo_world/__init__.py": '"""Scenes."""\nfrom .render import render',
}


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def arrows(drawing):
    return {line.strip() for line in drawing.splitlines() if "->" in line}


def test_rooms_say_what_they_are(tree):
    rooms = rooms_of(tree)
    assert rooms["nodes/core"] == "What nodes share."
    assert set(rooms) == {"nodes/core", "s2st/model", "s2st/look", "s2st/seeds", "demo_world"}


def test_imports_lead_to_the_room_where_a_name_is(tree):
    assert imports_of(tree, rooms_of(tree)) == {
        "nodes/core": {"s2st/seeds"},  # by way of s2st/__init__.py
        "s2st/look": {"s2st/model"},
        "s2st/model": set(),
        "s2st/seeds": {"s2st/look", "s2st/model"},
        "demo_world": set(),
    }


def test_arrows_go_to_the_next_room_only(tree):
    drawing = drawn_rooms(imports_of(tree, rooms_of(tree)))
    expected = {"nodes_core --> s2st_seeds", "s2st_seeds --> s2st_look", "s2st_look --> s2st_model"}
    assert arrows(drawing) == expected


def node(name, inputs, outputs):
    described = {key: {"type": kind} for key, kind in inputs.items()}
    return {"display_name": name, "inputs": described, "outputs": outputs}


def test_values_lead_from_outputs_to_the_inputs_that_take_them():
    encode = node("S2ST Encode", {"required.vae": "VAE"}, {"latent": "LATENT"})
    invert = node(
        "S2ST Invert",
        {"required.source": "LATENT", "required.kind": ["a", "b"]},
        {"seed": "LATENT", "chart": "IMAGE", "reconstruction": "LATENT"},
    )
    inputs = {"optional.seed": "LATENT", "required.target": "LATENT", "required.also": "LATENT"}
    drawing = drawn_data({"E": encode, "I": invert, "S": node("S2ST Sample", inputs, {})})
    assert "S[Sample]" in drawing
    assert arrows(drawing) == {
        "E --> latent",
        "I --> latent",
        "I --> seed",
        "latent -->|source| I",
        "latent -->|target, also| S",
        "seed -.-> S",
    }


def test_the_page_is_not_stale():
    assert main(["--check"]) == 0, "run `python -m tools.architecture`"


def test_a_stale_page_is_found_and_written_anew(monkeypatch, tmp_path, capsys):
    (tmp_path / "page.md").write_text("old")
    monkeypatch.setattr(architecture, "PAGE", tmp_path / "page.md")
    assert main(["--check"]) == 1
    assert "page.md is stale: run" in capsys.readouterr().out
    assert main([]) == 0
    assert main(["--check"]) == 0
