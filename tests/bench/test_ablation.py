"""The ablation: its studies, its shared stages, and its quick run on the real model."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.ablation.axes import AXES
from bench.ablation.cells import (
    Bench,
    Cabinet,
    Made,
    Place,
    Result,
    finished_places,
    present_place,
)
from bench.ablation.command import main
from bench.ablation.options import (
    HISTOGRAM,
    PUBLISHED_NULL_TEXT,
    SEED,
    Options,
    Stock,
    Weights,
    random_weights,
    target_prompt,
    translated,
    weights,
)
from bench.ablation.rows import loss_in_percent, mean_results, rows_of
from bench.ablation.studies import QUICK, Cell, Study, Values, studies
from bench.lab import PAIRS, Meter, make_case, open_lab
from bench.statistics import Interval
from demo_world import TUNING_SEEDS
from s2st import Gradient, Stages, correlation_factor, domain_statistics, translate_seed

NIGHT = PAIRS[0]
FEW = Options(
    steps=3,
    references=4,
    seed=replace(SEED, iterations=0, lookahead=1),
    trajectory=replace(HISTOGRAM, iterations=1),
)


@pytest.fixture(scope="module")
def case():
    return make_case(open_lab(steps=3, references=4), NIGHT, TUNING_SEEDS[:1])


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folders of a finished quick run: (cells, page)."""
    cells, page = tmp_path_factory.mktemp("cells"), tmp_path_factory.mktemp("page")
    assert main(["--quick", "--cells", str(cells), "--out", str(page)]) == 0
    return cells, page


def test_the_quick_run_writes_a_page_a_table_of_numbers_and_a_plot_for_every_study(quick):
    page = quick[1]
    facts = json.loads((page / "ablation.json").read_text(encoding="utf-8"))["studies"]
    text = (page / "ablation.md").read_text(encoding="utf-8")
    assert list(facts) == list(studies(QUICK))
    for name, study in studies(QUICK).items():
        assert f"## {study.title}\n" in text
        assert len(facts[name]["rows"]) == len({cell.labels for cell in study.cells})
        plot = page / "bench" / f"ablation-{name}.png"
        assert f"(bench/{plot.name})" in text
        assert plot.read_bytes().startswith(b"\x89PNG") and plot.stat().st_size < 100_000


def test_every_row_holds_a_number_for_each_scene_on_every_axis(quick):
    facts = json.loads((quick[1] / "ablation.json").read_text(encoding="utf-8"))
    for study in facts["studies"].values():
        for row in study["rows"]:
            assert row["evaluations"] > 0
            for axis in AXES:
                assert len(row[axis.name]["scenes"]) == study["scenes"] == 2
                assert np.isfinite(row[axis.name]["scenes"]).all()


def test_costs_are_those_of_the_stages_that_ran(quick):
    facts = json.loads((quick[1] / "ablation.json").read_text(encoding="utf-8"))["studies"]
    cost = {tuple(row["labels"]): row for row in facts["iterations"]["rows"]}
    inverted_and_sampled = QUICK.steps + 2 * QUICK.steps
    for trajectory_iterations in ("0", "2"):  # frozen: no evaluation more
        assert cost["0", trajectory_iterations]["evaluations"] == inverted_and_sampled
        assert cost["0", trajectory_iterations]["backward_passes"] == 0
        assert cost["2", trajectory_iterations]["backward_passes"] == 2 * 2
    exact = {row["labels"][-1]: row for row in facts["gradient"]["rows"]}["exact"]
    assert exact["backward_passes"] == 2 * QUICK.steps * QUICK.exact


def test_a_second_run_makes_no_cell_again_and_the_same_page(quick):
    cells, page = quick
    before = {path: path.stat().st_mtime_ns for path in cells.iterdir()}
    text = (page / "ablation.json").read_text(encoding="utf-8")
    assert main(["--quick", "--cells", str(cells), "--out", str(page)]) == 0
    assert {path: path.stat().st_mtime_ns for path in cells.iterdir()} == before
    assert (page / "ablation.json").read_text(encoding="utf-8") == text


def test_a_kept_cell_costs_no_evaluation(case, tmp_path):
    place = present_place(NIGHT, Cell(("1",), FEW), case.seeds)
    first, again = (Bench(case.lab, Cabinet(tmp_path)) for _ in range(2))
    with case.lab.metered(case.batch) as meter:
        made = first.result(place)
    assert meter.evaluations == made.spent.evaluations == 3 + 2 * 3
    with case.lab.metered(case.batch) as meter:
        kept = again.result(place)
    assert meter.evaluations == 0
    assert kept.values == made.values and kept.spent == made.spent


def blank(spent):
    return Made(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), Meter(spent))


def test_cells_differ_by_scenes_options_pair_and_code(tmp_path):
    cabinet, seeds = Cabinet(tmp_path), tuple(TUNING_SEEDS[:1])
    place = present_place(NIGHT, Cell(("1",), FEW), seeds)
    cabinet.keep(place, blank(1.0))
    assert cabinet.made(place).spent == Meter(1.0)
    others = {
        "scenes": replace(place, seeds=tuple(TUNING_SEEDS[:2])),
        "options": replace(place, cell=Cell(("1",), replace(FEW, weights=Weights.UNIFORM))),
        "pair": replace(place, pair=PAIRS[1]),
        "code": replace(place, code="older"),
    }
    assert [name for name, other in others.items() if cabinet.made(other) is not None] == []


def test_cells_of_different_code_are_never_laid_beside_each_other(tmp_path):
    cabinet, seeds = Cabinet(tmp_path), tuple(TUNING_SEEDS[:1])
    cells = (Cell(("1",), FEW), Cell(("2",), replace(FEW, draw=1)))
    now = [present_place(NIGHT, cell, seeds) for cell in cells]
    before = [replace(place, code="older") for place in now]
    assert finished_places(cabinet, now) == []
    cabinet.keep(now[0], blank(1.0))
    cabinet.keep(before[1], blank(2.0))
    assert finished_places(cabinet, now) == []
    cabinet.keep(before[0], blank(2.0))
    assert finished_places(cabinet, now) == before
    cabinet.keep(now[1], blank(1.0))
    assert finished_places(cabinet, now) == now


def test_older_code_cannot_be_run(case, tmp_path):
    place = Place(NIGHT, Cell(("1",), FEW), case.seeds, "older")
    with pytest.raises(ValueError, match="present"):
        Bench(case.lab, Cabinet(tmp_path)).result(place)


def test_one_seed_run_gives_the_seeds_of_separate_runs(case):
    stock = Stock(case)
    trajectory, _ = case.inverted()
    for iterations in (2, 1):
        options = replace(FEW, seed=replace(FEW.seed, iterations=iterations))
        seed, spent = stock.seed(options)
        alone = translate_seed(
            case.lab.parts.denoiser,
            trajectory,
            target_prompt(case, options),
            domain_statistics(case.reference_latents),
            options.seed,
            weights(case, options),
        )
        torch.testing.assert_close(seed, alone, rtol=1e-5, atol=1e-5)
        assert not torch.allclose(seed, trajectory.seed, atol=1e-3)
        assert spent.gradients == iterations * 2  # guided


def test_shared_stages_are_charged_to_every_cell(case):
    stock, options = Stock(case), replace(FEW, seed=replace(FEW.seed, iterations=1))
    options = replace(options, null_text=replace(PUBLISHED_NULL_TEXT, inner_steps=1))
    spent = [Meter(), Meter()]
    pictures = [translated(stock, options, meter) for meter in spent]
    assert torch.equal(*pictures)
    assert spent[0].evaluations == spent[1].evaluations > 3 + 2 * 3 + 4
    assert spent[0].gradients == spent[1].gradients > 0


def test_random_weights_have_mean_one_and_differ_by_draw():
    draws = [random_weights(4, draw) for draw in range(5)]
    for draw in draws:
        assert draw.mean().item() == pytest.approx(1) and (draw > 0).all()
    assert len({tuple(draw.tolist()) for draw in draws}) == 5
    assert torch.equal(random_weights(4, 2), draws[2])


def test_weights_are_estimated_inverted_random_or_none(case):
    latents = case.source_reference_latents, case.reference_latents
    estimated = correlation_factor(*latents).eta
    assert torch.equal(weights(case, FEW), estimated)
    inverted = weights(case, replace(FEW, weights=Weights.INVERTED))
    torch.testing.assert_close(inverted * estimated, (inverted * estimated)[:1].expand(4))
    assert inverted.mean().item() == pytest.approx(1)
    assert weights(case, replace(FEW, weights=Weights.UNIFORM)) is None
    drawn = weights(case, replace(FEW, weights=Weights.RANDOM, draw=3))
    assert torch.equal(drawn, random_weights(4, 3))


@pytest.mark.parametrize("values", [Values(), QUICK], ids=["full", "quick"])
def test_every_study_has_its_base_among_its_cells(values):
    for study in studies(values).values():
        labels = {cell.labels for cell in study.cells}
        for cell in study.cells:
            assert len(cell.labels) == len(study.columns)
            assert study.base_of(cell) in labels
        settings = {(cell.procedure, cell.options) for cell in study.cells}
        assert len(settings) == len(study.cells) == len(set(study.cells))


def test_the_studies_hold_what_was_asked_for():
    full = studies(Values())
    grid = {cell.labels for cell in full["iterations"].cells}
    assert grid == {
        (a, b) for a in ["0", "1", "3", "10", "30"] for b in ["0", "1", "3", "10", "30"]
    }
    assert {cell.options.steps for cell in full["steps"].cells} == {10, 20, 50, 100}
    assert {cell.options.refine for cell in full["refine"].cells} == {0, 1, 3}
    assert {cell.options.references for cell in full["references"].cells} == {1, 4, 16, 64}
    assert {cell.options.trajectory.gradient for cell in full["gradient"].cells} == set(Gradient)
    for name in ("eta", "eta-seed"):
        assert {cell.options.weights for cell in full[name].cells} == set(Weights)
        assert {cell.options.draw for cell in full[name].cells} >= set(range(5))


def test_the_default_of_the_table_is_the_default_of_the_library():
    first = studies(Values())["defaults"].cells[0]
    assert first.labels == ("the default",)
    assert first.options.stages == Stages()


def results_of(study, values):
    """Invented results: every axis of every cell has these values."""
    return [
        Result(NIGHT, cell, {axis.name: scenes for axis in AXES}, Meter(2.0))
        for cell, scenes in zip(study.cells, values, strict=True)
    ]


def two_settings(*labels):
    cells = tuple(Cell((label,), replace(FEW, draw=index)) for index, label in enumerate(labels))
    return Study(name="x", title="X", columns=("which",), base=(labels[0],), cells=cells)


def test_differences_are_paired_and_signed_so_that_better_is_positive():
    study = two_settings("base", "other")
    base, other = rows_of(study, results_of(study, [[1.0, 2.0, 6.0], [2.0, 3.5, 6.5]]))
    gain = other.differences["truth"]
    assert gain.value == pytest.approx(1.0)
    assert gain.half_width == pytest.approx(4.303 * 0.5 / 3**0.5)
    assert other.differences["colour"].value == pytest.approx(-1.0)
    assert base.differences["truth"] == Interval(0.0, 0.0, 0.0)
    assert loss_in_percent(other, base, "truth").value == pytest.approx(-100 / 3)
    assert loss_in_percent(other, base, "colour").value == pytest.approx(100 / 3)


def test_draws_of_one_setting_are_averaged_scene_by_scene():
    study = two_settings("base", "draw", "draw")
    rows = rows_of(study, results_of(study, [[1.0, 1.0], [2.0, 4.0], [4.0, 8.0]]))
    assert [(row.labels, row.draws) for row in rows] == [(("base",), 1), (("draw",), 2)]
    assert rows[1].values["truth"].tolist() == [3.0, 6.0]


def test_the_mean_over_translations_is_taken_scene_by_scene():
    study = two_settings("base", "other")
    night = results_of(study, [[1.0, 2.0], [2.0, 4.0]])
    snow = [replace(one, pair=PAIRS[4], spent=Meter(4.0)) for one in reversed(night)]
    means = mean_results([*night, *snow])
    assert [one.pair.name for one in means] == ["mean of all"] * 2
    assert [one.values["truth"] for one in means] == [[1.0, 2.0], [2.0, 4.0]]
    assert means[0].spent.evaluations == 3.0
    gain = rows_of(study, means)[1].differences["truth"]
    assert gain.value == pytest.approx(1.5)


def test_unknown_studies_and_pairs_are_refused(capsys):
    for arguments in (["--studies", "nonsense"], ["--pairs", "day to mars"]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert "invalid choice" in capsys.readouterr().err


def test_one_scene_is_too_few_for_an_interval(capsys):
    with pytest.raises(SystemExit):
        main(["--scenes", "1"])
    assert "at least 2" in capsys.readouterr().err
