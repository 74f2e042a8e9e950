"""The quality bench, for real and small: one pair, few scenes, cheap methods."""

import json
import shutil

import pytest
import torch
from PIL import Image

from bench.__main__ import SUBCOMMANDS
from bench.__main__ import main as bench_main
from bench.axes import AXES, COLOUR, EDGES, FRECHET, PSNR
from bench.judging import Trial, best, pooled_distance, set_frechet
from bench.lab import PAIRS, SOURCE_REFERENCES, TARGET_REFERENCES
from bench.metrics import colour_distribution, distribution_distance, frechet_distance
from bench.plan import Plan, choose
from bench.quality import DOCS, ELSEWHERE, folder_of, main, parsed, plan_of
from bench.scenes import POOL_SEEDS, label_maps, rendered
from demo_world import EVALUATION_SEEDS, TUNING_SEEDS

METHODS = ["Identity", "Autoencoder, truth", "DDIM inversion", "Reinhard colour transfer"]


def arguments(folder, out):
    small = ["--quick", "--scenes", "3", "--tuning-scenes", "2", "--methods", *METHODS]
    return [*small, "--folder", str(folder), "--out", str(out)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of pictures, folder of the report."""
    base = tmp_path_factory.mktemp("quality")
    assert main(arguments(base / "pictures", base / "docs")) == 0
    return base / "pictures", base / "docs"


@pytest.fixture(scope="module")
def numbers(run):
    return json.loads((run[1] / "quality.json").read_text(encoding="utf-8"))


def axes_of(numbers, method):
    (found,) = [one for one in numbers["results"] if one["method"] == method]
    return {axis.key: found[axis.key][0] for axis in AXES}


def test_every_method_is_reported_on_every_axis(numbers):
    assert [one["method"] for one in numbers["results"]] == METHODS
    assert numbers["missing"] == []
    assert numbers["facts"]["scenes"] == 3
    for one in numbers["results"]:
        for value, low, high in (one[axis.key] for axis in AXES):
            assert low <= value <= high


def test_the_numbers_are_those_of_the_pictures(run, numbers):
    seeds = EVALUATION_SEEDS[:3]
    source, truth = rendered(seeds, "day"), rendered(seeds, "night")
    error = (source - truth).square().mean(dim=(1, 2, 3))
    identity = axes_of(numbers, "Identity")
    assert identity[PSNR.key] == pytest.approx((-10 * error.log10()).mean().item(), abs=1e-4)
    assert identity[EDGES.key] == pytest.approx(1.0)


def test_bounds_frame_the_methods(numbers):
    identity, best_case = (axes_of(numbers, name) for name in METHODS[:2])
    edited = axes_of(numbers, "DDIM inversion")
    assert identity[PSNR.key] < edited[PSNR.key] < best_case[PSNR.key]
    assert identity[FRECHET.key] > edited[FRECHET.key] > best_case[FRECHET.key]


def test_the_chosen_setting_is_the_best_trial(run, numbers):
    plan = plan_of(parsed(arguments(*run)))
    (trials,) = [
        one for (_, method), one in choose(plan).items() if method.name == "DDIM inversion"
    ]
    assert len(trials) == 4
    (used,) = [one for one in numbers["results"] if one["method"] == "DDIM inversion"]
    assert used["setting"] == best(trials).setting


def test_the_page_can_be_printed_again_without_a_picture(run, tmp_path):
    line = [*arguments(tmp_path / "nothing", run[1]), "--stages", "report"]
    before = {name: (run[1] / name).read_bytes() for name in ("quality.json", "quality.md")}
    assert main(line) == 0
    assert {name: (run[1] / name).read_bytes() for name in before} == before


def test_a_run_of_one_method_replaces_its_row_alone(run, numbers, tmp_path):
    docs = tmp_path / "docs"
    shutil.copytree(run[1], docs)
    known = json.loads((docs / "quality.json").read_text(encoding="utf-8"))
    for one in known["results"]:
        one["code"] = "older"
    (docs / "quality.json").write_text(json.dumps(known), encoding="utf-8")
    line = [*arguments(run[0], docs), "--methods", "Identity"]
    assert main(line) == 0
    again = json.loads((docs / "quality.json").read_text(encoding="utf-8"))["results"]
    assert [one["method"] for one in again] == METHODS
    assert [one["code"] == "older" for one in again] == [False, True, True, True]
    page = (docs / "quality.md").read_text(encoding="utf-8")
    assert f"- code older: {', '.join(METHODS[1:])}" in page


def test_the_page_shows_tables_pictures_and_the_rule(run):
    page = (run[1] / "quality.md").read_text(encoding="utf-8")
    assert page.count("| *Identity* |") == 2
    assert "| DDIM inversion (2010.02502) |" in page
    assert "PSNR to truth / 1 dB" in page
    assert "Claim 1" in page and "Claim 2" in page
    for name in ("quality-colour.png", "quality-frechet.png", "quality-day-to-night.jpg"):
        picture = run[1] / "bench" / name
        assert f"bench/{name}" in page
        assert picture.stat().st_size < 400e3
        assert Image.open(picture).size > (300, 300)


def test_a_second_run_makes_no_picture_again(run, capsys):
    pictures, docs = run
    before = {path: path.stat().st_mtime_ns for path in pictures.rglob("*.safetensors")}
    page = (docs / "quality.md").read_text(encoding="utf-8")
    assert main(arguments(pictures, docs)) == 0
    assert {path: path.stat().st_mtime_ns for path in pictures.rglob("*.safetensors")} == before
    assert (docs / "quality.md").read_text(encoding="utf-8") == page
    assert "evaluation" not in capsys.readouterr().err  # no progress bar, since nothing to do


def test_a_report_of_more_scenes_than_there_are_says_so(run, capsys, tmp_path):
    line = [*arguments(run[0], tmp_path), "--scenes", "5", "--stages", "report"]
    assert main(line) == 0
    assert "Nothing can be judged yet" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_set_numbers_start_with_the_set_itself():
    pictures = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    distributions = colour_distribution(pictures)
    look = colour_distribution(pictures.square()).mean(dim=0)
    expected = distribution_distance(distributions.mean(dim=0), look)
    assert pooled_distance(distributions, look)[0].item() == pytest.approx(expected.item())
    features = torch.rand(4, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert set_frechet(features, features + 1)[0].item() == pytest.approx(
        frechet_distance(features, features + 1).item()
    )


def test_no_picture_serves_two_purposes():
    groups = [TARGET_REFERENCES, SOURCE_REFERENCES, POOL_SEEDS, TUNING_SEEDS, EVALUATION_SEEDS]
    seen = [seed for group in groups for seed in group]
    assert len(seen) == len(set(seen))


def test_true_labels_belong_to_the_rendered_scenes():
    """Label 0 is the sky: it lies above and is bluest by day."""
    seeds = EVALUATION_SEEDS[:3]
    sky = label_maps(seeds) == 0
    blue = rendered(seeds, "day")[:, 2]
    assert sky[:, 0].float().mean() > 0.5 > sky[:, -1].float().mean()
    assert blue[sky].mean() > blue[~sky].mean()


def trial(psnr, edges, colour):
    values = {PSNR: [psnr] * 2, EDGES: edges, COLOUR: [colour, 9.0, 9.0]}
    return Trial({}, {axis.key: torch.tensor(of).double() for axis, of in values.items()})


def test_the_rule_weighs_all_three_axes():
    plain = trial(20.0, (0.5, 0.7), 0.05)
    assert plain.score == pytest.approx(20 + 6 - 2)
    better = [trial(20.1, (0.6,), 0.05), trial(20.0, (0.61,), 0.05), trial(20.0, (0.6,), 0.049)]
    assert all(best([plain, one]) is one for one in better)
    assert plain.on(COLOUR) == pytest.approx(0.05)


def test_the_command_line_asks_for_what_it_says():
    plan = plan_of(parsed(["--pairs", "day to fog", "--steps", "7", "--methods", "Identity"]))
    assert (plan.pairs, plan.steps, plan.scenes) == ((PAIRS[2],), 7, 64)
    assert plan_of(parsed(["--quick", "--steps", "5"])).steps == 5
    assert len(plan_of(parsed([])).evaluation_batches) == 8


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--methods", "Nonsense"], "There is no method 'Nonsense': choose from"),
        (["--scenes", "1"], "an interval needs at least 2: ask for more"),
    ],
)
def test_a_wrong_request_gets_a_sentence(line, said, capsys):
    assert main(line) == 2
    assert said in capsys.readouterr().err


def test_only_runs_of_the_published_size_are_published():
    assert folder_of(plan_of(parsed(["--methods", "Identity"]))) == DOCS
    assert folder_of(plan_of(parsed(["--scenes", "8"]))) == ELSEWHERE
    assert folder_of(plan_of(parsed(["--quick"]))) == ELSEWHERE


def test_a_plan_of_no_tuning_takes_first_settings():
    assert Plan(tuning_scenes=0).tuning_batches == []


@pytest.mark.parametrize("line", [[], ["nonsense"]])
def test_the_bench_names_its_parts(line, capsys):
    with pytest.raises(SystemExit):
        bench_main(line)
    assert "bench" in capsys.readouterr().err


def test_help_names_every_part(capsys):
    with pytest.raises(SystemExit):
        bench_main(["--help"])
    shown = capsys.readouterr().out
    assert all(name in shown for name in SUBCOMMANDS)
