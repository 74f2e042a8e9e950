"""Seconds and peak memory of every stage on a CUDA device (`bench memory`).

Stable Diffusion 1.5, 2.1 and XL shapes with random weights in half precision. What the nodes need
on a CPU is measured by `bench nodes`.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from s2st import Gradient

from .cost_page import FOLDER, machine, machine_line, markdown_table, write_part
from .shapes import SHAPES, Shape, denoiser_of, random_bench, random_unet
from .stages import (
    Bench,
    Stage,
    checkpointed,
    difference,
    inversion,
    sampled,
    seed_translation,
    trajectory_optimisation,
)

PART = "memory"
SIZES = (512, 768, 1024)  # pixels
DTYPE = torch.float16
PLAIN = "plain guided sampling"
OUT_OF_MEMORY = "out of memory"
UNIT = 2**20
HEADS = ("model", "pixels", "stage", "seconds", "seconds / plain")
HEADS += ("peak MiB", "of it the stage's", "stage's / plain")


@dataclass(frozen=True)
class Used:
    """One stage of one model at one size; nothing is known of a stage that ran out of memory."""

    model: str
    pixels: int
    stage: str
    seconds: float | None = None
    before: float | None = None  # MiB, the model and what the stage starts from
    peak: float | None = None  # MiB, all in all

    @property
    def own(self) -> float | None:
        """MiB that the stage itself needs."""
        return None if self.peak is None or self.before is None else self.peak - self.before


def stages_of(iterations: int) -> dict[str, Stage]:
    """Plain sampling and the stages beside it."""
    exact = trajectory_optimisation(Gradient.EXACT, iterations=iterations)
    frozen = trajectory_optimisation(Gradient.FROZEN, iterations=iterations)
    return {
        PLAIN: sampled,
        "DDIM inversion": inversion(),
        "difference path": difference(iterations=iterations),
        "seed translation": seed_translation(iterations=iterations),
        "trajectory optimisation, frozen": frozen,
        "trajectory optimisation, exact": exact,
        "trajectory optimisation, exact, recomputed": checkpointed(exact),
    }


def measured(
    shapes: Sequence[Shape], sizes: Sequence[int], steps: int, iterations: int
) -> Iterator[Used]:
    """Every stage of every shape at every size."""
    for shape in shapes:
        denoiser = denoiser_of(shape, random_unet(shape, torch.device("cuda"), DTYPE))
        for pixels in sizes:
            bench = random_bench(shape, denoiser, pixels, steps)
            sampled(bench)  # the first run of a size pays for choosing its kernels
            for name, stage in stages_of(iterations).items():
                yield used(shape.name, pixels, name, stage, bench)
        del denoiser, bench
        gc.collect()


def used(model: str, pixels: int, name: str, stage: Stage, bench: Bench) -> Used:
    """Seconds and peak of one stage; a device that is too small is an answer, too."""
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before, began = torch.cuda.memory_allocated(), time.perf_counter()
    try:
        stage(bench)
        torch.cuda.synchronize()
    except torch.cuda.OutOfMemoryError:
        return Used(model, pixels, name)
    seconds, peak = time.perf_counter() - began, torch.cuda.max_memory_allocated()
    return Used(model, pixels, name, seconds, before / UNIT, peak / UNIT)


def table(rows: Sequence[Used]) -> str:
    plain = {(one.model, one.pixels): one for one in rows if one.stage == PLAIN}
    return markdown_table(HEADS, [_line(one, plain[one.model, one.pixels]) for one in rows])


def _line(one: Used, plain: Used) -> list[str]:
    head = [one.model, str(one.pixels), one.stage]
    if one.seconds is None:
        return [*head, OUT_OF_MEMORY, "", "", "", ""]
    times, own = _ratio(one.seconds, plain.seconds), _ratio(one.own, plain.own)
    return [*head, f"{one.seconds:.2f}", times, f"{one.peak:.0f}", f"{one.own:.0f}", own]


def _ratio(value: float, plain: float | None) -> str:
    return f"{value / plain:.1f}" if plain else ""


def body(rows: Sequence[Used], steps: int, iterations: int, facts: dict[str, str]) -> str:
    """The part of the page, in words and a table."""
    return (
        f"Random weights in {str(DTYPE).removeprefix('torch.')}; one picture, {steps} steps, "
        f"{iterations} iteration(s) of each optimisation: seconds grow with both, the peak does "
        f"not. *Recomputed* keeps no graph of the model but computes it again in the backward "
        f"pass. {machine_line(facts)}\n\n{table(rows)}"
    )


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python dev.py bench memory", description=__doc__)
    options.add_argument("--steps", type=int, default=4, help="sampling steps")
    options.add_argument("--iterations", type=int, default=1, help="updates of each optimisation")
    options.add_argument("--quick", action="store_true", help="2 steps, 512 pixels")
    options.add_argument("--out", type=Path, default=FOLDER, help="folder of cost.md, cost.json")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all stages and write their part of the page."""
    options = parser().parse_args(arguments)
    if not torch.cuda.is_available():
        print(
            "bench memory: there is no CUDA device, but the memory of one is what is measured: "
            "run it on a machine that has one, or `bench nodes` for a CPU's.",
            file=sys.stderr,
        )
        return 2
    steps, sizes = (2, SIZES[:1]) if options.quick else (options.steps, SIZES)
    rows = list(measured(SHAPES, sizes, steps, options.iterations))
    facts = machine(torch.device("cuda"))
    text = body(rows, steps, options.iterations, facts)
    numbers = {"machine": facts, "steps": steps, "stages": [asdict(one) for one in rows]}
    write_part(options.out, PART, text, numbers)
    print(text)
    return 0
