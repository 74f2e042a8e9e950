"""The comparison on several models; copies of the demo model stand in for its twins."""

import json
import shutil

import pytest
from invented import everywhere, found

from bench import backbones
from bench.rows import write
from demo_world.model import WEIGHTS

FEW = ["--quick", "--scenes", "2", "--tuning-scenes", "0", "--methods", "DDIM inversion", "S2ST"]


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    base = tmp_path_factory.mktemp("twins")
    for name in backbones.TWINS:
        shutil.copytree(WEIGHTS, base / name)
    return base


def test_every_model_gets_every_method_and_a_verdict(twins, tmp_path):
    folders = ["--folder", str(tmp_path / "cells"), "--out", str(tmp_path / "docs")]
    assert backbones.main([*FEW, "--twins", str(twins), *folders]) == 0
    page = (tmp_path / "docs" / backbones.PAGE).read_text(encoding="utf-8")
    for model in (backbones.SHIPPED, *backbones.TWINS):
        for method in ("DDIM inversion", "S2ST"):
            assert page.count(f"| {model} | {method} |") == 1
        assert f"**Predicting {model}.** Against the 1 rivals" in page
        file = tmp_path / "docs" / f"backbone-{model.split()[0]}.json"
        assert (
            len(json.loads(file.read_text(encoding="utf-8"))["results"]) == 4
        )  # plain and restored


def test_twins_that_are_not_there_are_named_with_the_way_to_make_them(tmp_path, capsys):
    assert backbones.main([*FEW, "--twins", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    for name in backbones.TWINS:
        assert f"train-demo --further --prediction {name} --out {tmp_path / name}`" in said


def test_the_strongest_rivals_of_the_page_are_compared(monkeypatch, tmp_path):
    monkeypatch.setattr(backbones, "DOCS", tmp_path)
    write(found(everywhere()), tmp_path / "quality.json")
    assert backbones.usual_methods() == ["Rival", "S2ST (paper)", "S2ST"]


def test_without_known_rivals_it_says_how_to_name_them(twins, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(backbones, "DOCS", tmp_path)
    assert backbones.main(["--quick", "--twins", str(twins)]) == 2
    assert "does not tell which rivals are the strongest" in capsys.readouterr().err
