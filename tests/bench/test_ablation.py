"""The ablation: its studies, its rows, and its quick run on the real model."""

import json

import numpy as np
import pytest
import torch
from invented import row

from bench.ablation import beside_first, main, page
from bench.axes import AXES
from bench.duels import duels_of
from bench.lab import PAIRS, Family, make_case, open_lab
from bench.rows import Findings, Variant, merged
from bench.studies import STUDIES, Eta, Paper, Path, Study, changed, eta_of
from demo_world import TUNING_SEEDS
from s2st import DifferenceConfig, Stages, correlation_factor
from s2st.path.difference_path import DEFAULT_STEPS

NIGHT = PAIRS[0]
FEW = ["path", "eta-histogram", "gradient", "parts"]
NAMED = {study.name: study for study in STUDIES}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folders of a finished quick run of few studies: (cells, page)."""
    cells, folder = tmp_path_factory.mktemp("cells"), tmp_path_factory.mktemp("page")
    assert main(line(cells, folder)) == 0
    return cells, folder


def line(cells, folder, *more):
    return ["--quick", "--studies", *FEW, "--cells", str(cells), "--out", str(folder), *more]


def rows_in(folder):
    return json.loads((folder / "ablation.json").read_text(encoding="utf-8"))["results"]


def test_the_quick_run_writes_a_table_for_every_study(quick):
    text = (quick[1] / "ablation.md").read_text(encoding="utf-8")
    for name in FEW:
        assert f"## {NAMED[name].title}\n" in text
        wanted = len(NAMED[name].thinned.options)
        assert len([one for one in rows_in(quick[1]) if one["source"] == name]) == wanted
    assert f"Not run yet: {STUDIES[1].title}" in text


def test_every_row_holds_an_interval_on_every_axis(quick):
    for one in rows_in(quick[1]):
        assert np.isfinite([one[axis.key] for axis in AXES]).all()


def test_costs_are_those_of_the_stages_that_ran(quick):
    costs = {one["method"]: one for one in rows_in(quick[1])}
    assert costs["gradient: exact"]["gradients"] == 2 * 2 * 5  # prompts, steps, iterations
    assert costs["gradient: frozen"]["gradients"] == 0
    assert costs["gradient: frozen"]["evaluations"] == 2 + 2 * 2  # up, guided down


def test_a_second_run_makes_nothing_again_and_the_page_needs_no_pictures(quick, tmp_path):
    cells, folder = quick
    before = {path: path.stat().st_mtime_ns for path in cells.rglob("*.safetensors")}
    text = (folder / "ablation.md").read_text(encoding="utf-8")
    assert main(line(cells, folder)) == 0
    assert {path: path.stat().st_mtime_ns for path in cells.rglob("*.safetensors")} == before
    assert main(line(tmp_path, folder, "--report-only")) == 0
    assert (folder / "ablation.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_option_of_a_study_is_another_choice(study):
    choices = list(study.choices.values())
    assert len(choices) > 1
    assert all(one != other for place, one in enumerate(choices) for other in choices[:place])
    assert [*study.thinned.options] == [study.first, [*study.options][-1]]


def test_the_default_of_the_table_is_the_default_of_the_library():
    study = NAMED["defaults"]
    assert study.choices[study.first] == Paper(stages=Stages())
    path = NAMED["path"]
    assert path.choices[path.first] == Path(config=DifferenceConfig(), steps=DEFAULT_STEPS)


def test_a_dict_changes_the_config_that_it_stands_for():
    paper = changed(Paper(), {"guidance": 2.0, "stages": {"trajectory": {"start": 0.2}}})
    assert (paper.guidance, paper.stages.trajectory.start) == (2.0, 0.2)
    weights = (one.stages.trajectory.structure_weight for one in (paper, Paper()))
    assert len(set(weights)) == 1


def test_factors_are_estimated_inverted_random_or_none():
    case = make_case(open_lab(steps=2, references=4), NIGHT, TUNING_SEEDS[:1])
    estimated = correlation_factor(case.source_look(), case.task(1.0).wanted).eta
    assert torch.equal(eta_of(Paper(), case), estimated)
    inverted = eta_of(Paper(eta=Eta.INVERTED), case)
    torch.testing.assert_close(inverted * estimated, (inverted * estimated)[:1].expand(4))
    assert eta_of(Paper(eta=Eta.UNIFORM), case) is None
    drawn = [eta_of(Paper(eta=Eta.RANDOM, draw=draw), case) for draw in (0, 1, 0)]
    assert torch.equal(drawn[0], drawn[2]) and not torch.equal(drawn[0], drawn[1])
    assert drawn[0].mean().item() == pytest.approx(1) and (drawn[0] > 0).all()


STUDY = Study(name="x", title="X", base=Paper(), options={"base": {}, "other": {"guidance": 2.0}})
FACTS = {"steps": 20, "weights": "w"}


def invented(pair, option, **values):
    return row(f"x: {option}", Family.OURS, pair, source="x", variant=Variant.PLAIN, **values)


def told(rows):
    duels = duels_of(beside_first(rows), {})
    return Findings(facts=FACTS, judge={}, machine={}, rows=rows, duels=duels)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"psnr": 1.5}, "in 4 of 5 comparisons (a translation on an axis); ahead of it are: other"),
        ({"psnr": 1.0}, "in 5 of 5 comparisons (a translation on an axis); ahead of it are: none"),
        ({"colour": 0.9}, "ahead of it are: other (colour, p)"),
        ({"colour": 1.1}, "ahead of it are: none"),
    ],
)
def test_the_sentence_says_what_the_table_says(values, words):
    text = page([STUDY], told([invented("p", "base"), invented("p", "other", **values)]))
    assert "*base* is the best, or no further from the best than chance, in" in text
    assert words in text
    marked = "1.50 ± 0.00 ▲" if values.get("psnr") == 1.5 else "1.00 ± 0.00"
    assert f"| p | other | {marked} |" in text


def test_every_option_is_laid_beside_the_first_of_its_study_and_pair():
    rows = [invented(pair, option) for pair in ("p", "q") for option in ("base", "other")]
    met = [(one.key, base.key) for one, base in beside_first(rows)]
    assert met[1] == (("p", "x: other"), ("p", "x: base"))
    assert met[3] == (("q", "x: other"), ("q", "x: base"))


def test_an_option_that_is_gone_leaves_the_rows():
    old = [invented("p", "gone"), invented("p", "base")]
    assert merged(old, [], ["p", "x: base"]) == old[1:]


def test_a_page_of_nothing_is_not_written(tmp_path, capsys):
    assert main(line(tmp_path / "cells", tmp_path / "page", "--report-only")) == 0
    assert "no study has run to its end" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_unknown_studies_and_pairs_are_refused(capsys):
    for arguments in (["--studies", "nonsense"], ["--pairs", "day to mars"]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert "invalid choice" in capsys.readouterr().err


def test_one_scene_is_too_few_for_an_interval(capsys):
    with pytest.raises(SystemExit):
        main(["--scenes", "1"])
    assert "at least 2" in capsys.readouterr().err
