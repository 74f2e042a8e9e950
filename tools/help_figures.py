"""What a setting of a node brings, for its help page: the ablation's numbers."""

import json
from statistics import mean

from tools.environment import ROOT

HEADING = "What the ablation measured"
HEADS = ("turn", "truth, dB", "edges kept", "colour distance", "evaluations")
AXES = {"psnr": 2, "edges": 3, "colour": 4}  # digits that are shown
MEASURED = {  # node -> what to turn -> (study, option)
    "S2ST_DifferencePath": {
        "`structure_weight` to 1": ("path", "a firmer structure term"),
        "`learning_rate` to 0.01": ("path", "longer updates"),
        "`tolerance` to 1": ("path", "more tolerance"),
        "`matching` to 0": ("matched", "nothing matched"),
        "`matching` to 0.5": ("matched", "more of it"),
        "`first_draws` to 1": ("steps", "one noise in the first step"),
        "`steps` to 4": ("steps", "4 steps, a draft"),
        "`steps` to 10": ("steps", "10 steps"),
    },
    "S2ST_Translate": {
        "`cfg` to 7.5": ("defaults", "guidance 7.5"),
        '`null_text` to "fast null-text"': ("defaults", "fast null text"),
        "`seed_iterations` to 0": ("defaults", "no seed translation"),
        "`guided_seed` to true": ("defaults", "guided seed translation"),
        "`structure_weight` to 1": ("defaults", "weight 1"),
        "`trajectory_start` to 0": ("defaults", "from the first step"),
        "`trajectory_learning_rate` to 0.003": ("defaults", "rate 0.003"),
        "`trajectory_learning_rate` to 0.03": ("defaults", "rate 0.03"),
        "`trajectory_iterations` to 0": ("defaults", "no trajectory optimisation"),
    },
}


def rows(node: str) -> list[list[str]]:
    """How far each setting moves the means over all translations of its study."""
    numbers = json.loads((ROOT / "docs" / "ablation.json").read_text(encoding="utf-8"))
    known = {(one["method"], one["pair"]): one for one in numbers["results"]}
    return [
        [turned, *moved(known, study, option)]
        for turned, (study, option) in MEASURED.get(node, {}).items()
    ]


def moved(known: dict, study: str, option: str) -> list[str]:
    first, chosen = f"{study}: the default", f"{study}: {option}"
    pairs = [pair for method, pair in known if method == chosen]
    both = [(known[first, pair], known[chosen, pair]) for pair in pairs]
    shown = [
        f"{mean(after[axis][0] - before[axis][0] for before, after in both):+.{digits}f}"
        for axis, digits in AXES.items()
    ]
    return [*shown, f"{mean(after['evaluations'] for _, after in both):.0f}"]
