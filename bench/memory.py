"""Seconds and peak memory of every stage on a CUDA device (`bench memory`).

Stable Diffusion 1.5, 2.1 and XL shapes with random weights in half precision. What the nodes need
on a CPU is measured by `bench nodes`.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import torch

from .cost_page import machine, machine_line, markdown_table, options_of, write_part
from .shapes import SHAPES, denoiser_of, random_bench, random_unet
from .stages import PLAIN, Bench, Stage, checkpointed, sampled, stages

SIZES = (512, 768, 1024)  # pixels
DTYPE = torch.float16
OUT_OF_MEMORY = "out of memory"
EXACT = "trajectory optimisation, exact"
MIB = 2**20
HEADS = ("model", "pixels", "stage", "seconds", "seconds / plain")
HEADS += ("peak MiB", "of it the stage's", "stage's / plain")


@dataclass(frozen=True)
class Used:
    """One stage of one model at one size; nothing is known of a stage that ran out of memory."""

    model: str
    pixels: int
    stage: str
    seconds: float | None = None
    own: float | None = None  # MiB that the stage itself needs
    peak: float | None = None  # MiB, all in all


def measured(sizes: Sequence[int], steps: int, iterations: int) -> Iterator[Used]:
    """Every stage of every shape at every size."""
    every = stages(iterations=iterations)
    every[f"{EXACT}, recomputed"] = checkpointed(every[EXACT])
    for shape in SHAPES:
        denoiser = denoiser_of(shape, random_unet(shape, torch.device("cuda"), DTYPE))
        for pixels in sizes:
            bench = random_bench(shape, denoiser, pixels, steps)
            sampled(bench)  # the first run of a size pays for choosing its kernels
            for name, stage in every.items():
                yield Used(shape.name, pixels, name, *used(stage, bench))
        del denoiser, bench


def used(stage: Stage, bench: Bench) -> tuple[float, ...]:
    """Seconds, own MiB and peak of one stage; a device that is too small is an answer, too."""
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before, began = torch.cuda.memory_allocated(), time.perf_counter()
    try:
        stage(bench)
        torch.cuda.synchronize()
    except torch.cuda.OutOfMemoryError:
        return ()
    seconds, peak = time.perf_counter() - began, torch.cuda.max_memory_allocated()
    return seconds, (peak - before) / MIB, peak / MIB


def table(rows: Sequence[Used]) -> str:
    plain = {(one.model, one.pixels): one for one in rows if one.stage == PLAIN}
    return markdown_table(HEADS, [_line(one, plain[one.model, one.pixels]) for one in rows])


def _line(one: Used, plain: Used) -> list[str]:
    head = [one.model, str(one.pixels), one.stage]
    if one.seconds is None:
        return [*head, OUT_OF_MEMORY, "", "", "", ""]
    times, own = (
        f"{value / least:.1f}" if least else ""
        for value, least in ((one.seconds, plain.seconds), (one.own, plain.own))
    )
    return [*head, f"{one.seconds:.2f}", times, f"{one.peak:.0f}", f"{one.own:.0f}", own]


def body(rows: Sequence[Used], steps: int, iterations: int, facts: Mapping[str, str]) -> str:
    """The part of the page, in words and a table."""
    return (
        f"Random weights in {str(DTYPE).removeprefix('torch.')}; one picture, {steps} steps, "
        f"{iterations} iteration(s) of each optimisation: seconds grow with both, the peak does "
        f"not. *Recomputed* keeps no graph of the model but computes it again in the backward "
        f"pass. {machine_line(facts)}\n\n{table(rows)}"
    )


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    options = options_of("memory", __doc__)
    options.add_argument("--steps", type=int, default=4, help="sampling steps")
    options.add_argument("--iterations", type=int, default=1, help="updates of each optimisation")
    options.add_argument("--quick", action="store_true", help="2 steps, 512 pixels")
    return options.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all stages and write their part of the page."""
    options = parsed(arguments)
    if not torch.cuda.is_available():
        print(
            "bench memory: there is no CUDA device, but the memory of one is what is measured: "
            "run it on a machine that has one, or `bench nodes` for a CPU's.",
            file=sys.stderr,
        )
        return 2
    steps, sizes = (2, SIZES[:1]) if options.quick else (options.steps, SIZES)
    rows, facts = list(measured(sizes, steps, options.iterations)), machine(torch.device("cuda"))
    numbers = {"machine": facts, "steps": steps, "stages": [asdict(one) for one in rows]}
    write_part(options.out, "memory", body(rows, steps, options.iterations, facts), numbers)
    return 0
