"""What every stage costs on the CPU, as a ratio to one plain guided sampling run (`bench speed`).

Plain sampling is timed before and after each stage, so that a machine that slows down or has other
work slows both; the table shows the median of these ratios, and evaluations of the model, which
do not depend on the machine. It is the processor's time that counts, all threads together. The
stages stand here as a user would run them; `bench memory` measures the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median

import torch
from torch import Tensor

import s2st
from demo_world import TUNING_SEEDS
from s2st.model.gradients import Checkpointed
from s2st.path.difference_path import DEFAULT_STEPS

from .cost_page import machine, machine_line, markdown_table, options_of, write_part
from .lab import Lab, Pair, make_case, open_lab

PAIR = Pair("day", "night")
GUIDANCE = 7.5
NULL_TEXT = "null text: "
PLAIN = "plain guided sampling"
HEADS = ("stage", "times plain sampling", "from", "to", "evaluations", "backward passes")


@dataclass(frozen=True)
class Bench:
    """One picture and everything the stages start from."""

    model: s2st.Denoiser
    sigma_table: Tensor
    inversion: s2st.InversionConfig
    task: s2st.Task
    trajectory: s2st.Trajectory


Stage = Callable[[Bench], Tensor]


def bench_of(
    model: s2st.Denoiser, sigma_table: Tensor, inversion: s2st.InversionConfig, task: s2st.Task
) -> Bench:
    """A bench whose picture has been inverted plainly."""
    trajectory = s2st.invert(model, task.latent, task.described, sigma_table, inversion)
    return Bench(model, sigma_table, inversion, task, trajectory)


def sampled(bench: Bench) -> Tensor:
    """Plain guided sampling, the measure of all stages."""
    path = bench.trajectory
    return s2st.sample(bench.model, path.seed, bench.task.target, path.schedule)


def inversion(refine: int = 0) -> Stage:
    def run(bench: Bench) -> Tensor:
        config, task = replace(bench.inversion, refine=refine), bench.task
        return s2st.invert(bench.model, task.latent, task.described, bench.sigma_table, config).seed

    return run


def null_text(method: s2st.NullTextMethod) -> Stage:
    def run(bench: Bench) -> Tensor:
        target, config = bench.task.target, s2st.NullTextConfig(method=method)
        source = s2st.Prompt(bench.task.described, target.negative, target.scale)
        return s2st.null_text_inversion(
            bench.model, bench.trajectory, source, config
        ).reconstruction

    return run


def seed_translation(**changes: int) -> Stage:
    config = s2st.SeedConfig(**changes)
    return lambda bench: s2st.translate_seed(bench.model, bench.trajectory, bench.task, config)


def trajectory_optimisation(gradient: s2st.Gradient, **changes: int) -> Stage:
    def run(bench: Bench) -> Tensor:
        config, path = s2st.TrajectoryConfig(gradient=gradient, **changes), bench.trajectory
        return s2st.optimize_trajectory(bench.model, path, path.seed, bench.task, config)

    return run


def difference(**changes: int) -> Stage:
    """At the default, which needs no inversion, this is all that is done for a picture."""
    config = s2st.DifferenceConfig(**changes)

    def run(bench: Bench) -> Tensor:
        steps = min(DEFAULT_STEPS, bench.inversion.steps)
        schedule = s2st.make_schedule(bench.sigma_table, steps, bench.inversion.spacing)
        return s2st.difference_path(bench.model, bench.task, schedule, config)

    return run


def checkpointed(run: Stage) -> Stage:
    """The same stage, recomputing the model in its backward pass instead of keeping its graph."""
    return lambda bench: run(replace(bench, model=Checkpointed(bench.model)))


def stages(**changes: int) -> dict[str, Stage]:
    """Plain sampling and the stages whose memory counts, with a change to all that optimise."""
    return {
        PLAIN: sampled,
        "DDIM inversion": inversion(),
        "difference path": difference(**changes),
        "seed translation": seed_translation(**changes),
        **{
            f"trajectory optimisation, {one.value}": trajectory_optimisation(one, **changes)
            for one in (s2st.Gradient.FROZEN, s2st.Gradient.EXACT)
        },
    }


STAGES: dict[str, Stage] = {
    **stages(),
    "DDIM inversion, refine 1": inversion(1),
    "DDIM inversion, refine 3": inversion(3),
    **{NULL_TEXT + method.value: null_text(method) for method in s2st.NullTextMethod},
    "difference path without its terms": difference(iterations=0),
}


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
