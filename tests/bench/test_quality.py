"""The quality bench, for real and small: one pair, few scenes, cheap methods."""

import json
import shutil

import pytest
import torch
from PIL import Image

from bench.__main__ import SUBCOMMANDS
from bench.__main__ import main as bench_main
from bench.axes import ALL_AXES, COLOUR, EDGES, FRECHET, PSNR
from bench.judging import pooled_distance, score, set_frechet
from bench.lab import PAIRS, SOURCE_REFERENCES, TARGET_REFERENCES
from bench.metrics import colour_distribution, distribution_distance, frechet_distance
from bench.plan import evaluated, steps_nearest, tuned
from bench.quality import DOCS, ELSEWHERE, folder_of, main, parsed, plan_of
from bench.rows import Variant
from bench.store import BULB, POOL_SEEDS, label_maps, rendered
from demo_world import EVALUATION_SEEDS, TUNING_SEEDS

METHODS = ["Identity", "Autoencoder, truth", "DDIM inversion", "Reinhard colour transfer", "S2ST"]
DRAWING = ("DDIM inversion", "S2ST")


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


def rows_of(numbers, method):
    return {one["variant"]: one for one in numbers["results"] if one["method"] == method}


def axes_of(numbers, method):
    found = rows_of(numbers, method)[""]
    return {axis.key: found[axis.key][0] for axis in ALL_AXES}


def test_every_method_is_reported_on_every_axis(numbers):
    assert list(dict.fromkeys(one["method"] for one in numbers["results"])) == METHODS
    assert numbers["missing"] == []
    assert numbers["facts"]["scenes"] == 3
    for one in numbers["results"]:
        for value, low, high in (one[axis.key] for axis in ALL_AXES):
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


def test_what_draws_is_judged_again_with_the_detail_restored_in_the_same_pictures(numbers):
    for method in METHODS:
        found = rows_of(numbers, method)
        assert (Variant.RESTORED.value in found) is (method in DRAWING)
    for method in DRAWING:
        plain, restored = (rows_of(numbers, method)[one] for one in ("", Variant.RESTORED.value))
        assert restored[EDGES.key][0] > plain[EDGES.key][0] + 0.01
        assert (restored["evaluations"], restored["code"]) == (plain["evaluations"], plain["code"])


def test_the_rival_runs_at_our_cost_too(numbers):
    ours = rows_of(numbers, "S2ST")[""]["evaluations"]
    at_cost = rows_of(numbers, "DDIM inversion")[Variant.AT_OUR_COST.value]
    assert at_cost["setting"]["steps"] >= 2
    assert abs(at_cost["evaluations"] - ours) <= 1.5  # half of the three that a step takes


def test_the_chosen_setting_is_the_best_of_all_and_then_of_fewer_steps(run, numbers):
    asked = []
    plan = plan_of(parsed(arguments(*run)))
    (line,) = [
        line for (_, one), line in tuned(plan, asked.append).items() if one.name == "DDIM inversion"
    ]
    first, fewer = ([one for one in some if one[0].method.name in DRAWING] for some in asked)
    assert len(first) == 4 and [one[0].setting["steps"] for one in fewer] == [2]
    tried = [*first, *fewer]
    scores = [score(plan.scores(one, Variant.RESTORED)) for one in tried]
    assert line == tried[scores.index(max(scores))]
    assert rows_of(numbers, "DDIM inversion")[""]["setting"] == line[0].setting


def test_a_choice_that_is_not_made_yet_is_not_run(tmp_path):
    plan = plan_of(parsed(arguments(tmp_path, tmp_path)))
    names = [line[0].method.name for line in evaluated(plan, tuned(plan, lambda lines: None))]
    assert names == ["Identity", "Autoencoder, truth", "S2ST"]


@pytest.mark.parametrize(
    ("prices", "goal", "steps"),
    [({20: 60.0}, 20, 7), ({20: 92.0, 10: 62.0, 7: 53.0}, 62, 10), ({20: 60.0, 7: 21.0}, 2, 2)],
)
def test_the_steps_of_a_price_lie_on_a_straight_line(prices, goal, steps):
    assert steps_nearest(prices, goal) == steps


def test_the_page_can_be_printed_again_without_a_picture(run, tmp_path):
    line = [*arguments(tmp_path / "nothing", run[1]), "--stages", "report"]
    before = {name: (run[1] / name).read_bytes() for name in ("quality.json", "quality.md")}
    assert main(line) == 0
    assert {name: (run[1] / name).read_bytes() for name in before} == before


def test_a_translation_that_has_not_run_is_named_once(run, tmp_path):
    pairs = ["--pairs", "day to night", "day to fog", "--stages", "report"]
    assert main([*arguments(run[0], tmp_path), *pairs]) == 0
    found = json.loads((tmp_path / "quality.json").read_text(encoding="utf-8"))
    assert found["missing"] == ["day to fog"]


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
    assert [one["method"] for one in again] == [one["method"] for one in known["results"]]
    assert [one["method"] for one in again if one["code"] != "older"] == ["Identity"]
    page = (docs / "quality.md").read_text(encoding="utf-8")
    assert f"- code older: {', '.join(METHODS[1:])}" in page


def test_the_page_shows_tables_pictures_and_the_rule(run):
    page = (run[1] / "quality.md").read_text(encoding="utf-8")
    assert page.count("| *Identity* |") == 2
    assert page.count("| Identity |") == 1 and "A car is a connected patch" in page
    assert "## The strongest rivals at our cost" in page
    assert "| DDIM inversion (2010.02502) |" in page
    assert "PSNR to truth / 1 dB" in page
    assert "The claim is reached if all three are." in page
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
    bulbs = label_maps(seeds) == BULB
    night, day = (rendered(seeds, one).mean(dim=1) for one in ("night", "day"))
    assert bulbs.any() and night[bulbs].mean() > 2 * night[~bulbs].mean()
    assert day[bulbs].mean() < 2 * day[~bulbs].mean()


def scored(psnr, edges, colour):
    values = {PSNR: [psnr] * 2, EDGES: edges, COLOUR: [colour, 9.0, 9.0]}
    return score({axis.key: torch.tensor(of).double() for axis, of in values.items()})


def test_the_rule_weighs_all_three_axes():
    plain = scored(20.0, (0.5, 0.7), 0.05)
    assert plain == pytest.approx(20 + 6 - 2)
    better = [scored(20.1, (0.6,), 0.05), scored(20.0, (0.61,), 0.05), scored(20.0, (0.6,), 0.049)]
    assert min(better) > plain


def test_the_command_line_asks_for_what_it_says():
    plan = plan_of(parsed(["--pairs", "day to fog", "--steps", "7", "--methods", "Identity"]))
    assert (plan.pairs, plan.steps, plan.scenes) == ((PAIRS[2],), 7, 64)
    assert plan_of(parsed(["--quick", "--steps", "5"])).steps == 5
    whole = plan_of(parsed([]))
    assert len(whole.evaluation(PAIRS[0], whole.methods[0], {})) == 8
    assert whole.fewer_steps == [10, 7]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--methods", "Nonsense"], "There is no method 'Nonsense': choose from"),
        (["--scenes", "1"], "an interval needs at least 2: ask for more"),
        (["--model", "nowhere"], "The model's folder is nowhere, but it must hold demo_world"),
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
    plan = plan_of(parsed(["--tuning-scenes", "0", "--methods", "DDIM inversion"]))
    chosen = tuned(plan, lambda lines: None)
    assert chosen == {}
    assert {line[0].setting["guidance"] for line in evaluated(plan, chosen)} == {1.0}


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
