import json

import pytest
import torch

from bench import cost_page, null_text
from bench.null_text import YARDSTICK

FAST = "fast null-text"
MARKERS = "# Costs\n\n<!-- null text: begin -->\n<!-- null text: end -->\n"

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The quick study on the demo model, with the published way and the fast one."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / cost_page.PAGE).write_text(MARKERS, encoding="utf-8")
    ways = [way for way in null_text.WAYS if way.name in (YARDSTICK, FAST)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(null_text, "WAYS", ways)
        assert null_text.main(["--quick", "--threads", "1", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def outcomes(written):
    numbers = json.loads((written / cost_page.NUMBERS).read_text(encoding="utf-8"))
    found = [null_text.as_outcome(one) for one in numbers["null text"]["4"]["outcomes"]]
    return {one.way: one for one in found}


def test_the_fast_null_text_costs_a_fifth_at_no_more_error(outcomes):
    assert outcomes[FAST].error <= outcomes[YARDSTICK].error
    assert 5 * outcomes[FAST].cost <= outcomes[YARDSTICK].cost


def test_the_yardstick_costs_what_the_paper_describes(outcomes):
    """Four steps of inversion; in each step 1 + 10 evaluations and 2 to go on."""
    assert outcomes[YARDSTICK].evaluations == 4 + 4 * 13
    assert outcomes[YARDSTICK].gradients == 4 * 10


def test_the_page_shows_both_and_how_they_edit(written, outcomes):
    page = (written / cost_page.PAGE).read_text(encoding="utf-8")
    cost = outcomes[YARDSTICK].cost / outcomes[FAST].cost
    assert f"| {FAST} | {outcomes[FAST].error:.1e} |" in page
    assert f"| {cost:.1f}x |" in page
    assert "| night, w = 7.5 | snow, w = 7.5 |" in page


def test_studies_are_kept_beside_each_other(outcomes):
    """A study run alone adds its section to the ones already known."""
    values = [null_text.asdict(one) for one in outcomes.values()]
    longer = [{**one, "steps": 50, "edits": ()} for one in values]
    facts = {"device": "cpu"}
    numbers = {
        "50": {"machine": facts, "outcomes": longer},
        "4": {"machine": facts, "outcomes": values},
    }
    text = null_text.body(numbers)
    assert text.index("**4 steps") < text.index("**50 steps")
    assert text.count("Edited with") == 1


def test_an_unknown_study_is_refused():
    with pytest.raises(ValueError, match="no study with 7 steps; there are: 20, 50"):
        null_text.main(["--steps", "7"])
