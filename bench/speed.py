"""What every stage costs on the CPU, as a ratio to one plain guided sampling run (`bench speed`).

Plain sampling is timed before and after each stage, so that a machine that slows down or has other
work slows both; the table shows the median of these ratios, and evaluations of the model, which
do not depend on the machine. It is the processor's time that counts, all threads together.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

import torch
from torch import Tensor

from demo_world import TUNING_SEEDS
from s2st import NullTextMethod

from .cost_page import machine, machine_line, markdown_table, options_of, write_part
from .lab import Lab, Pair, make_case, open_lab
from .stages import Bench, Stage, bench_of, difference, inversion, null_text, sampled, stages

PAIR = Pair("day", "night")
GUIDANCE = 7.5
NULL_TEXT = "null text: "
STAGES: dict[str, Stage] = {
    **stages(),
    "DDIM inversion, refine 1": inversion(1),
    "DDIM inversion, refine 3": inversion(3),
    **{NULL_TEXT + method.value: null_text(method) for method in NullTextMethod},
    "difference path without its terms": difference(iterations=0),
}
HEADS = ("stage", "times plain sampling", "from", "to", "evaluations", "backward passes")


@dataclass(frozen=True)
class Timed:
    """A stage's costs over all rounds; `error` is of the source, where a stage returns it."""

    stage: str
    ratios: tuple[float, ...]
    seconds: tuple[float, ...]
    evaluations: float
    gradients: float
    error: float | None


def prepared(lab: Lab, scene_seed: int) -> Bench:
    """The bench with one picture."""
    task = make_case(lab, PAIR, [scene_seed]).task(GUIDANCE)
    return bench_of(lab.parts.denoiser, lab.parts.sigma_table, lab.inversion(), task)


def run_timed(stage: Stage, bench: Bench) -> tuple[Tensor, float]:
    """What a stage gives, and how long the processor has worked on it."""
    began = time.process_time()
    return stage(bench), time.process_time() - began


def timed(name: str, stage: Stage, bench: Bench, lab: Lab, rounds: int) -> Timed:
    """Each round between two runs of plain sampling."""
    ratios, seconds = [], []
    for _ in range(rounds):
        _, before = run_timed(sampled, bench)
        with lab.metered(1) as meter:
            made, taken = run_timed(stage, bench)
        _, after = run_timed(sampled, bench)
        seconds.append(taken)
        ratios.append(2 * taken / (before + after))
    missed = (made - bench.task.latent).square().mean().item()
    error = missed if name.startswith(NULL_TEXT) else None
    return Timed(name, tuple(ratios), tuple(seconds), meter.evaluations, meter.gradients, error)


def table(rows: Sequence[Timed]) -> str:
    return markdown_table((*HEADS, "error of the returned source"), [_line(one) for one in rows])


def _line(one: Timed) -> list[str]:
    times = [f"{value:.2f}" for value in (median(one.ratios), min(one.ratios), max(one.ratios))]
    error = "" if one.error is None else f"{one.error:.1e}"
    return [one.stage, *times, f"{one.evaluations:g}", f"{one.gradients:g}", error]


def body(steps: int, rows: Sequence[Timed], facts: Mapping[str, str]) -> str:
    """The part of the page, in words and a table."""
    ordered = sorted(rows, key=lambda one: -median(one.ratios))
    dearest = ", ".join(f"{one.stage} ({median(one.ratios):.1f})" for one in ordered[:3])
    return (
        f"One picture of the demo model, {steps} steps, guidance {GUIDANCE:g}, every stage at its "
        f"default settings, {len(rows[0].ratios)} round(s): their median, lowest and highest "
        f"ratio. One plain guided sampling run took {median(rows[0].seconds):.2f} s. The dearest "
        f"stages are {dearest}. {machine_line(facts)}\n\n{table(rows)}"
    )


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    options = options_of("speed", __doc__)
    options.add_argument("--steps", type=int, default=20, help="sampling steps")
    options.add_argument("--rounds", type=int, default=3, help="how often each stage is timed")
    options.add_argument("--threads", type=int, help="threads of the CPU; all by default")
    options.add_argument("--quick", action="store_true", help="4 steps, 1 round")
    return options.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Time all stages and write their part of the page."""
    options = parsed(arguments)
    steps, rounds = (4, 1) if options.quick else (options.steps, options.rounds)
    if options.threads:
        torch.set_num_threads(options.threads)
    lab = open_lab(steps)
    bench = prepared(lab, TUNING_SEEDS[0])
    run_timed(sampled, bench)  # the first run of all pays for what is made once
    rows = [timed(name, stage, bench, lab, rounds) for name, stage in STAGES.items()]
    facts = machine(torch.device("cpu"))
    numbers = {"machine": facts, "steps": steps, "stages": [asdict(one) for one in rows]}
    write_part(options.out, "speed", body(steps, rows, facts), numbers)
    return 0
