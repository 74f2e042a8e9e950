"""Earlier weights of the demo model beside the present ones (`bench weights --before FOLDER`).

Samples, inversion, and how far plain DDIM inversion and the default come from the truth; every
method at one setting, on evaluation scenes. A commit's weights are had from history:
`git archive COMMIT demo_world/weights | tar -x -C out/before`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demo_world import DOMAINS, EVALUATION_SEEDS
from demo_world.evaluate import domain_classifier, inversion_figures, sample_figures, sampled
from demo_world.model import WEIGHTS

from .cost_page import markdown_table, with_part
from .judges import SMALL, Judge, open_judge
from .judging import features_of, look_of
from .lab import PAIRS, Case, Lab, Meter, Pair, make_case, open_lab
from .metrics import frechet_distance, psnr
from .rivals.inversion import run_plain
from .statistics import mean_interval
from .store import POOL_SEEDS, ROOT
from .studies import Path as DifferencePath
from .studies import along_the_path

PAGE, PART = "demo-model.md", "weights"
GUIDANCE = 2.0  # of DDIM inversion
HEADS = (
    "weights",
    "samples named right",
    "Frechet of samples ↓",
    "lost by inverting, dB ↓",
    "DDIM inversion to truth, dB ↑",
    "the default to truth, dB ↑",
)
METHODS: tuple[Callable[[Case], Tensor], ...] = (
    lambda case: run_plain(case, {"guidance": GUIDANCE}, Meter()),
    lambda case: along_the_path(DifferencePath(), case),
)


def sample_columns(lab: Lab, judge: Judge, classifier: Any, each: int, pool: int) -> list[str]:
    """What the model draws from noise alone."""
    drawn = {domain: sampled(lab.parts, domain, each) for domain in DOMAINS}
    apart = [
        frechet_distance(
            features_of(judge, pictures), look_of(judge, POOL_SEEDS[:pool], str(domain))[2]
        )
        for domain, pictures in drawn.items()
    ]
    right = sample_figures(classifier, drawn)["all"]
    return [f"{right:.0%}", f"{torch.stack(apart).mean():.3f}"]


def distance_columns(lab: Lab, seeds: Sequence[int], pairs: Sequence[Pair]) -> list[str]:
    """How near each method comes to the truth, over all translations."""
    found: list[list[Tensor]] = [[] for _ in METHODS]
    for pair in pairs:
        case = make_case(lab, pair, seeds)
        for values, method in zip(found, METHODS, strict=True):
            values.append(psnr(method(case), case.truth))
    return [mean_interval(torch.stack(values).mean(dim=0)).shown(2) for values in found]


def row(
    name: str, weights: Path, judge: Judge, classifier: Any, options: argparse.Namespace
) -> list[str]:
    """All columns of one model."""
    quick, seeds, lab = options.quick, EVALUATION_SEEDS[: options.scenes], open_lab(model=weights)
    each, pool, pictures = (4, 24, 2) if quick else (64, len(POOL_SEEDS), 32)
    return [
        name,
        *sample_columns(lab, judge, classifier, each, pool),
        f"{inversion_figures(lab.parts, pictures)['lost']:.2f}",
        *distance_columns(lab, seeds, PAIRS[:1] if quick else PAIRS),
    ]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench weights", description=__doc__)
    add = parser.add_argument
    add("--before", type=Path, required=True, help="folder of the earlier weights")
    add("--scenes", type=int, default=16, help="of every translation (default: 16)")
    add("--quick", action="store_true", help="few samples, one translation, a small judge")
    add("--out", type=Path, default=ROOT / "docs", help=f"folder of {PAGE}")
    options = parser.parse_args(arguments)
    models = {"before": options.before, "now": WEIGHTS}
    shared = open_judge(SMALL if options.quick else None).judge, domain_classifier()
    rows = [row(name, weights, *shared, options) for name, weights in models.items()]
    body = (
        f"`python dev.py bench weights`, {options.scenes} scenes of every translation, DDIM "
        f"inversion at guidance {GUIDANCE:g}, no detail restored.\n\n"
        f"{markdown_table(HEADS, rows)}"
    )
    print(body)
    page = options.out / PAGE
    page.write_text(with_part(page.read_text(encoding="utf-8"), PART, body), encoding="utf-8")
    return 0
