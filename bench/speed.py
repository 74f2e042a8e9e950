"""What every stage costs, as a ratio to one plain guided sampling run (`bench speed`).

Plain sampling is timed before and after each stage, so that a machine that slows down or has other
work slows both; the table shows the median of these ratios, and evaluations of the model, which
do not depend on the machine. On a CPU it is the processor's time that counts, all threads together.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from demo_world import TUNING_SEEDS
from s2st import (
    DifferenceConfig,
    Gradient,
    NullTextMethod,
    Prompt,
    domain_statistics,
    references_of,
)

from .cost_page import FOLDER, machine, machine_line, markdown_table, write_part
from .lab import Lab, Pair, make_case, open_lab
from .stages import (
    Bench,
    Stage,
    difference,
    inversion,
    null_text,
    published,
    sampled,
    seed_translation,
    trajectory_optimisation,
)

PART = "speed"
PAIR = Pair("day", "night")
GUIDANCE = 7.5
PLAIN = "plain guided sampling"


@dataclass(frozen=True)
class Timed:
    """A stage's costs over all rounds."""

    name: str
    ratios: tuple[float, ...]
    seconds: tuple[float, ...]
    evaluations: float
    gradients: float


STAGES = (
    Stage("this project's default: difference path, no inversion", difference(DifferenceConfig())),
    Stage("DDIM inversion", inversion(0)),
    Stage("DDIM inversion, refine 1", inversion(1)),
    Stage("DDIM inversion, refine 3", inversion(3)),
    Stage("null text as published", published),
    *(Stage(f"null text: {method.value}", null_text(method)) for method in NullTextMethod),
    Stage("difference path without its terms", difference(DifferenceConfig(iterations=0))),
    Stage("seed translation", seed_translation()),
    Stage("trajectory optimisation, frozen", trajectory_optimisation(Gradient.FROZEN)),
    Stage("trajectory optimisation, exact", trajectory_optimisation(Gradient.EXACT)),
)


def prepared(lab: Lab, scene_seed: int) -> Bench:
    """The bench with one picture, inverted plainly as the published null text assumes."""
    case = make_case(lab, PAIR, [scene_seed])
    empty = lab.prompt("")
    return Bench(
        model=lab.parts.denoiser,
        trajectory=case.inverted()[0],
        source=Prompt(lab.prompt(PAIR.source), empty, GUIDANCE),
        target=Prompt(lab.prompt(PAIR.target), empty, GUIDANCE),
        domain=domain_statistics(case.reference_latents),
        references=references_of(case.reference_latents),
    )


def seconds_of(run: Callable[[Bench], Tensor], bench: Bench) -> float:
    """How long a run takes until its result is there."""
    began = _now(bench)
    run(bench)
    return _now(bench) - began


def _now(bench: Bench) -> float:
    """Time on the wall once a CUDA device has finished; on a CPU, time of the processor."""
    if not bench.trajectory.states.is_cuda:
        return time.process_time()
    torch.cuda.synchronize(bench.trajectory.states.device)
    return time.perf_counter()


def timed(stage: Stage, bench: Bench, lab: Lab) -> Timed:
    """One round of one stage, between two runs of plain sampling."""
    before = seconds_of(sampled, bench)
    with lab.metered(1) as meter:
        taken = seconds_of(stage.run, bench)
    after = seconds_of(sampled, bench)
    ratio = 2 * taken / (before + after)
    return Timed(stage.name, (ratio,), (taken,), meter.evaluations, meter.gradients)


def measured(bench: Bench, lab: Lab, stages: Sequence[Stage], rounds: int) -> list[Timed]:
    """All stages, `rounds` times in turn."""
    seconds_of(sampled, bench)  # the first run of all pays for what is made once
    found = [[timed(stage, bench, lab) for stage in stages] for _ in range(rounds)]
    return [_joined(of_stage) for of_stage in zip(*found, strict=True)]


def _joined(rounds: Sequence[Timed]) -> Timed:
    ratios = tuple(ratio for one in rounds for ratio in one.ratios)
    seconds = tuple(taken for one in rounds for taken in one.seconds)
    return replace(rounds[0], ratios=ratios, seconds=seconds)


def plain_row(bench: Bench, lab: Lab) -> Timed:
    """Plain guided sampling itself, whose ratio is 1."""
    with lab.metered(1) as meter:
        taken = seconds_of(sampled, bench)
    return Timed(PLAIN, (1.0,), (taken,), meter.evaluations, meter.gradients)


def table(rows: Sequence[Timed]) -> str:
    heads = ("stage", "times plain sampling", "from", "to", "evaluations", "backward passes")
    return markdown_table(heads, [_line(one) for one in rows])


def _line(one: Timed) -> list[str]:
    times = [f"{value:.2f}" for value in (median(one.ratios), min(one.ratios), max(one.ratios))]
    return [one.name, *times, f"{one.evaluations:g}", f"{one.gradients:g}"]


def body(steps: int, rows: Sequence[Timed], rounds: int, facts: dict[str, str]) -> str:
    """The part of the page, in words and a table."""
    plain = median(rows[0].seconds)
    return (
        f"One picture of the demo model, {steps} steps, guidance {GUIDANCE:g}, every stage at its "
        f"default settings, {rounds} round(s): their median, lowest and highest ratio. One plain "
        f"guided sampling run took {plain:.2f} s. {machine_line(facts)}\n\n{table(rows)}"
    )


def as_numbers(row: Timed) -> dict[str, object]:
    return {
        "times plain sampling": median(row.ratios),
        "ratios": row.ratios,
        "seconds": row.seconds,
        "evaluations": row.evaluations,
        "backward passes": row.gradients,
    }


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python dev.py bench speed", description=__doc__)
    options.add_argument("--steps", type=int, default=20, help="sampling steps")
    options.add_argument("--rounds", type=int, default=3, help="how often each stage is timed")
    options.add_argument("--threads", type=int, help="threads of the CPU; all by default")
    options.add_argument("--quick", action="store_true", help="4 steps, 1 round")
    options.add_argument("--out", type=Path, default=FOLDER, help="folder of cost.md, cost.json")
    return options


def chosen_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main(arguments: Sequence[str] | None = None) -> int:
    """Time all stages and write their part of the page."""
    options = parser().parse_args(arguments)
    steps, rounds = (4, 1) if options.quick else (options.steps, options.rounds)
    if options.threads:
        torch.set_num_threads(options.threads)
    lab = open_lab(steps)
    lab.parts.pipeline.to(chosen_device())
    bench = prepared(lab, TUNING_SEEDS[0])
    rows = [plain_row(bench, lab), *measured(bench, lab, STAGES, rounds)]
    facts = machine(bench.trajectory.states.device)
    numbers = {one.name: as_numbers(one) for one in rows}
    text = body(steps, rows, rounds, facts)
    write_part(options.out, PART, text, {"machine": facts, "steps": steps, "stages": numbers})
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
