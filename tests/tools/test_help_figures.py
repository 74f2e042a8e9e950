import json

import pytest

from bench.studies import STUDIES
from tools import help_figures

OPTIONS = {(one.name, option) for one in STUDIES for option in one.options}


@pytest.mark.parametrize("node", help_figures.MEASURED)
def test_every_figure_is_of_an_option_that_the_ablation_has(node, repository):
    numbers = json.loads((repository / "docs" / "ablation.json").read_text(encoding="utf-8"))
    ran = {one["method"] for one in numbers["results"]}
    for study, option in help_figures.MEASURED[node].values():
        assert (study, option) in OPTIONS and f"{study}: {option}" in ran
    assert len(help_figures.rows(node)) == len(help_figures.MEASURED[node])


def test_a_figure_is_the_mean_difference_to_the_default():
    def row(method, pair, psnr):
        values = {"psnr": [psnr], "edges": [0.5], "colour": [0.02], "evaluations": 20.0}
        return (f"path: {method}", pair), values

    known = dict(
        row(method, pair, psnr)
        for method, pair, psnr in [
            ("the default", "night", 17.0),
            ("the default", "snow", 20.0),
            ("other", "night", 17.5),
            ("other", "snow", 20.1),
        ]
    )
    assert help_figures.moved(known, "path", "other") == ["+0.30", "+0.000", "+0.0000", "20"]
