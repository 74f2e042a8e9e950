import pytest
import torch

from bench.exemplar import main
from bench.trained_exemplar import (
    ARMS,
    HEADS,
    Street,
    at_cells,
    moments,
    moves,
    rightly,
    streets,
)
from demo_world import TUNING_SEEDS
from s2st.exemplar.design import Design
from s2st.exemplar.networks import Networks, Plan
from s2st.exemplar.scene_network import SUFFIX, SceneNetwork
from translators.scenes import LABEL_MAP


@pytest.fixture
def weights(tmp_path):
    """Untrained: what is shown here is that everything is measured."""
    design = Design(size=32, width=8, features=12, blocks=1, prior_width=8)
    plan = Plan(legend=LABEL_MAP.legend, design=design)
    path = tmp_path / f"tiny{SUFFIX}"
    SceneNetwork(plan, Networks(plan, torch.Generator().manual_seed(0)), {"steps": 0}).save(path)
    return path


def test_streets_have_looks_by_turns_and_exemplars_of_other_scenes():
    some = streets(TUNING_SEEDS[:2])
    assert [one.look for one in some] == ["day", "night"]
    assert some[1].truth.mean() < some[0].truth.mean()
    assert not torch.equal(some[0].classes, some[0].exemplar_classes)
    assert some[0].labels.shape == some[0].truth.shape


def test_matches_are_right_where_the_class_is():
    classes = torch.zeros(1, 8, 8, dtype=torch.long)
    classes[:, 4:] = 1
    street = Street("day", classes, torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8), classes)
    assert at_cells(classes, (2, 2)).tolist() == [[0, 0], [1, 1]]
    own = torch.nn.functional.one_hot(torch.arange(4)).float().view(2, 2, 4)
    assert rightly(own, own[None], street) == 1
    assert rightly(own, own.flip(0)[None], street) == 0


def test_moments_are_means_and_spreads():
    maps = torch.tensor([[1.0, 3.0], [1.0, 3.0]])[None, None]
    assert moments(maps)[0].tolist() == pytest.approx([2, (4 / 3) ** 0.5])


def test_a_small_run_measures_every_arm(weights, tmp_path):
    line = ["--quick", "--parts", "trained", "--weights", str(weights), "--out", str(tmp_path)]
    assert main(line) == 0
    page = (tmp_path / "exemplar.md").read_text(encoding="utf-8")
    table = page.split("### The trained variant")[1].split("###")[0]
    assert table.strip().startswith("Trained: steps 0. Interleaving, beside")
    rows = [one for one in table.splitlines() if one.startswith("| ")]
    assert len(rows) == 2 + 3 + len(ARMS)
    assert all(len(one.split("|")) == len(HEADS) + 2 for one in rows)
    assert "nan" not in table


def test_moves_are_told_with_their_doubts():
    before, after = (["made", one, "0.100", *["1.0", "0.1"] * 4] for one in ("2.000", "1.000"))
    told = moves(before, after).split(", ")
    assert told[0] == "Frechet 2.000 to 1.000" and len(told) == 5
    assert all(one.endswith("1.0 to 1.0 (intervals overlap)") for one in told[1:])
