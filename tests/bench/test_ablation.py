"""The ablation: its studies, its rows, and its quick run on the real model."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.ablation.choices import Eta, Paper, eta_of
from bench.ablation.command import main
from bench.ablation.page import best_of, page, rows_for
from bench.ablation.rows import AXES, COLOUR, EVERYWHERE, Row, replaced, with_means
from bench.ablation.studies import STUDIES, Study, thinned
from bench.axes import PSNR
from bench.lab import PAIRS, make_case, open_lab
from bench.statistics import Standing
from demo_world import TUNING_SEEDS
from s2st import Stages, correlation_factor

NIGHT = PAIRS[0]
FEW = ["ends", "refine", "gradient", "ideas"]
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
    return json.loads((folder / "ablation.json").read_text(encoding="utf-8"))["rows"]


def test_the_quick_run_writes_a_table_for_every_study(quick):
    text = (quick[1] / "ablation.md").read_text(encoding="utf-8")
    for name in FEW:
        assert f"## {NAMED[name].title}\n" in text
        wanted = len(thinned(NAMED[name]).cells)
        assert len([one for one in rows_in(quick[1]) if one["study"] == name]) == wanted
    assert f"Not run yet: {STUDIES[1].title}" in text


def test_every_row_holds_a_number_for_each_scene_on_every_axis(quick):
    for row in rows_in(quick[1]):
        for axis in AXES:
            assert len(row[axis.key]) == 2
            assert np.isfinite(row[axis.key]).all()


def test_costs_are_those_of_the_stages_that_ran(quick):
    costs = {(one["study"], one["labels"][-1]): one for one in rows_in(quick[1])}
    assert costs["gradient", "exact"]["gradients"] == 2 * 2 * 5  # prompts, steps, iterations
    assert costs["gradient", "frozen"]["gradients"] == 0
    assert costs["gradient", "frozen"]["evaluations"] == 2 + 2 * 2  # up, guided down
    assert costs["refine", "3"]["evaluations"] == 3 * 2 + 1 + 2 * 2


def test_a_second_run_makes_nothing_again_and_the_page_needs_no_pictures(quick, tmp_path):
    cells, folder = quick
    before = {path: path.stat().st_mtime_ns for path in cells.rglob("*.safetensors")}
    text = (folder / "ablation.md").read_text(encoding="utf-8")
    assert main(line(cells, folder)) == 0
    assert {path: path.stat().st_mtime_ns for path in cells.rglob("*.safetensors")} == before
    assert main(line(tmp_path, folder, "--report-only")) == 0
    assert (folder / "ablation.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_every_study_has_its_base_among_its_settings(study):
    for labels in study.cells:
        assert len(labels) == len(study.columns)
        assert study.base_of(labels) in study.cells
    assert len(set(study.cells.values())) == len(study.cells)
    assert set(thinned(study).cells) <= set(study.cells)


def test_the_default_of_the_table_is_the_default_of_the_library():
    (first, *_) = NAMED["defaults"].cells.values()
    assert replace(first.stages(20), correlation=Stages().correlation) == Stages()
    assert first.eta is Eta.ESTIMATED


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


STUDY = Study(
    name="x",
    title="X",
    columns=("which",),
    base=("base",),
    cells={("base",): Paper(), ("other",): Paper(refine=1)},
)


def invented(pair, label, *scenes, study="x"):
    return Row(study, pair, (label,), {axis.key: scenes for axis in AXES}, 2.0, 0.0, "now")


def test_gains_are_paired_and_signed_so_that_better_is_positive():
    base, other = invented("p", "base", 1.0, 2.0, 6.0), invented("p", "other", 2.0, 3.5, 6.5)
    gain = other.gain(base, PSNR)
    assert gain.value == pytest.approx(1.0)
    assert gain.half_width == pytest.approx(4.3027 * 0.5 / 3**0.5, rel=1e-4)
    assert other.gain(base, COLOUR).value == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("scenes", "standing", "words"),
    [
        ((2.0, 3.0, 4.1), Standing.BETTER, "PSNR best with other, ahead of base by 1.03"),
        ((2.0, 0.0, 9.0), Standing.EQUAL, "from which base differs by no more than chance"),
        ((0.0, 1.0, 2.0), Standing.EQUAL, "PSNR best with base, which is compared with"),
    ],
)
def test_the_sentences_say_what_the_table_says(scenes, standing, words):
    rows = [invented("p", "base", 1.0, 2.0, 3.0), invented("p", "other", *scenes)]
    assert best_of(STUDY, rows_for(STUDY, rows), "p", PSNR)[2] is standing
    rates = {"histogram": 0.03, "Wasserstein": 0.01}
    text = page([STUDY], rows, {"steps": 20, "rates": rates, "weights": "w"})
    assert words in text
    assert f"| p | other | {sum(scenes) / 3:.2f} ±" in text


def test_the_mean_over_translations_is_taken_scene_by_scene():
    rows = [invented(pair, "base", *scenes) for pair, scenes in (("p", (1, 2)), ("q", (3, 8)))]
    mean = with_means(rows)[0]
    assert (mean.pair, mean.values[PSNR.key]) == (EVERYWHERE, (2.0, 5.0))


def test_a_study_that_ran_again_replaces_all_its_rows_of_a_pair():
    old = [invented("p", "base", 1.0), invented("p", "gone", 1.0), invented("q", "base", 1.0)]
    old.append(invented("p", "base", 1.0, study="y"))
    new = [invented("p", "base", 2.0)]
    assert replaced(old, new) == [*old[2:], *new]


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
