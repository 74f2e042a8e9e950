"""Seconds and peak memory of every stage (`bench memory`).

On a CUDA device: Stable Diffusion 1.5, 2.1 and XL shapes with random weights in half precision.
Without one: the demo model at a larger size, each stage in a process of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from demo_world import TUNING_SEEDS
from s2st import DifferenceConfig, Gradient

from .cost_page import FOLDER, ROOT, machine, machine_line, markdown_table, write_part
from .lab import PAIRS, open_lab, pictures
from .shapes import SHAPES, Shape, bench_of, denoiser_of, random_bench, random_unet
from .stages import (
    Bench,
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
NO_CUDA = (
    "This machine has no CUDA device, and the memory of a CUDA device can only be measured on one: "
    "run `python dev.py bench memory` there. Below is what this machine's own memory shows."
)
# Memory kept by the allocator would hide what a stage needs: give it back at once.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
UNIT = 2**20
SLASH_PROC = Path("/proc/self")


@dataclass(frozen=True)
class Used:
    """One stage of one model at one size; nothing is known of a stage that ran out of memory."""

    model: str
    pixels: int
    stage: str
    seconds: float | None
    before: float | None  # MiB, the model and what the stage starts from
    peak: float | None  # MiB, all in all

    @property
    def own(self) -> float | None:
        """MiB that the stage itself needs."""
        return None if self.peak is None or self.before is None else self.peak - self.before


def stages_of(iterations: int) -> dict[str, Callable[[Bench], Tensor]]:
    """Plain sampling and the stages beside it."""
    exact = trajectory_optimisation(Gradient.EXACT, iterations)
    return {
        PLAIN: sampled,
        "DDIM inversion": inversion(),
        "difference path": difference(DifferenceConfig(iterations=iterations)),
        "seed translation": seed_translation(iterations),
        "trajectory optimisation, frozen": trajectory_optimisation(Gradient.FROZEN, iterations),
        "trajectory optimisation, exact": exact,
        "trajectory optimisation, exact, recomputed": checkpointed(exact),
    }


# On a CUDA device.


def measured_on_cuda(
    shapes: Sequence[Shape], sizes: Sequence[int], steps: int, iterations: int
) -> Iterator[Used]:
    """Every stage of every shape at every size."""
    device = torch.device("cuda")
    for shape in shapes:
        denoiser = denoiser_of(shape, random_unet(shape, device, DTYPE))
        for pixels in sizes:
            bench = random_bench(shape, denoiser, pixels, steps)
            sampled(bench)  # the first run of a size pays for choosing its kernels
            for name, run in stages_of(iterations).items():
                yield used_on_cuda(shape.name, pixels, name, lambda run=run, at=bench: run(at))
        del denoiser, bench
        gc.collect()


def used_on_cuda(model: str, pixels: int, stage: str, run: Callable[[], Tensor]) -> Used:
    """Seconds and peak of one stage; a device that is too small is an answer, too."""
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before, began = torch.cuda.memory_allocated(), time.perf_counter()
    try:
        run()
        torch.cuda.synchronize()
    except torch.cuda.OutOfMemoryError:
        return Used(model, pixels, stage, None, None, None)
    seconds, peak = time.perf_counter() - began, torch.cuda.max_memory_allocated()
    return Used(model, pixels, stage, seconds, before / UNIT, peak / UNIT)


# Without one: a process for each stage, asked for the most memory it ever held.


def measured_on_cpu(pixels: int, steps: int, iterations: int, threads: int) -> Iterator[Used]:
    for stage in stages_of(iterations):
        yield used_in_a_process(stage, pixels, steps, iterations, threads)


def used_in_a_process(stage: str, pixels: int, steps: int, iterations: int, threads: int) -> Used:
    """Run one stage alone and read what it says."""
    options = {"--stage": stage, "--pixels": pixels, "--steps": steps, "--iterations": iterations}
    options["--threads"] = threads
    line = [sys.executable, "-m", "bench.memory"]
    line += [str(part) for option in options.items() for part in option]
    done = subprocess.run(
        line, cwd=ROOT, env={**os.environ, **ALLOCATOR}, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"The stage {stage!r} failed in its process:\n{done.stderr}")
    return Used(**json.loads(done.stdout.splitlines()[-1]))


def used_here(stage: str, pixels: int, steps: int, iterations: int) -> Used:
    """One stage of the demo model in this process."""
    stages = stages_of(iterations)
    if stage not in stages:
        raise ValueError(f"The stage is {stage!r}, but must be one of: {', '.join(stages)}.")
    bench = demo_bench(pixels, steps)
    forget_the_peak()
    before, began = held_now() / UNIT, time.process_time()
    stages[stage](bench)
    seconds = time.process_time() - began
    return Used("demo model", pixels, stage, seconds, before, held_at_most() / UNIT)


@torch.no_grad()
def demo_bench(pixels: int, steps: int) -> Bench:
    """The demo model with one scene, its latent enlarged to a picture of this size."""
    lab = open_lab(steps)
    lab.parts.pipeline.unet.requires_grad_(False)
    pair = PAIRS[0]
    side = pixels // lab.parts.pipeline.vae_scale_factor
    latents = [
        torch.nn.functional.interpolate(lab.parts.encode_image(picture), (side, side))
        for picture in (pictures(TUNING_SEEDS[:1], name) for name in (pair.source, pair.target))
    ]
    prompts = [lab.prompt(name) for name in (pair.source, pair.target, "")]
    return bench_of(lab.parts.denoiser, *latents, prompts, lab.schedule)


def held_now(process: Path = SLASH_PROC) -> int:
    """Bytes of real memory that a process holds: this one, or any that Linux tells of."""
    status = _status(process)
    return status["VmRSS"] if status else _most_by_resource()


def held_at_most(process: Path = SLASH_PROC) -> int:
    """Bytes of real memory that it has held at most."""
    status = _status(process)
    return status["VmHWM"] if status else _most_by_resource()


def forget_the_peak(process: Path = SLASH_PROC) -> None:
    """Let the peak count from now on, where the system can: loading has one of its own."""
    file = process / "clear_refs"
    if file.exists():
        file.write_text("5")


def _status(process: Path) -> dict[str, int]:
    """Linux's own account of a process, in bytes; empty elsewhere."""
    file = process / "status"
    if not file.exists():
        return {}
    lines = (line.split() for line in file.read_text().splitlines())
    return {words[0][:-1]: int(words[1]) * 1024 for words in lines if words[-1] == "kB"}


def _most_by_resource() -> int:
    try:
        import resource
    except ImportError:
        raise RuntimeError(
            f"The platform {sys.platform!r} does not tell a process how much memory it has held, "
            f"but this measurement needs it: run it on Linux or macOS, or with a CUDA device."
        ) from None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


# The page.


HEADS = (
    "model",
    "pixels",
    "stage",
    "seconds",
    "seconds / plain",
    "peak MiB",
    "of it the stage's",
    "stage's / plain",
)


def table(rows: Sequence[Used]) -> str:
    return markdown_table(HEADS, [_line(one, _plain_of(one, rows)) for one in rows])


def _plain_of(row: Used, rows: Sequence[Used]) -> Used:
    """Plain sampling with the same model at the same size."""
    same = (one for one in rows if (one.model, one.pixels) == (row.model, row.pixels))
    return next(one for one in same if one.stage == PLAIN)


def _line(one: Used, plain: Used) -> list[str]:
    head = [one.model, str(one.pixels), one.stage]
    if one.seconds is None:
        return [*head, OUT_OF_MEMORY, "", "", "", ""]
    return [
        *head,
        f"{one.seconds:.2f}",
        _ratio(one.seconds, plain.seconds),
        f"{one.peak:.0f}",
        f"{one.own:.0f}",
        _ratio(one.own, plain.own),
    ]


def _ratio(value: float, plain: float | None) -> str:
    return f"{value / plain:.1f}" if plain else ""


def body(rows: Sequence[Used], steps: int, iterations: int, facts: dict[str, str]) -> str:
    """The part of the page, in words and a table."""
    on_cuda = facts["device"].startswith("cuda")
    what = (
        f"Random weights in {str(DTYPE).removeprefix('torch.')}"
        if on_cuda
        else f"{NO_CUDA}\n\nThe demo model in float32 at {rows[0].pixels} pixels, a process for "
        f"each stage"
    )
    return (
        f"{what}; one picture, {steps} steps, {iterations} iteration(s) of each optimisation: "
        f"seconds grow with both, the peak does not. *Recomputed* keeps no graph of the model "
        f"but computes it again in the backward pass. {machine_line(facts)}\n\n{table(rows)}"
    )


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python dev.py bench memory", description=__doc__)
    options.add_argument("--steps", type=int, default=4, help="sampling steps")
    options.add_argument("--iterations", type=int, default=1, help="updates of each optimisation")
    options.add_argument("--pixels", type=int, default=512, help="the picture's side on a CPU")
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    options.add_argument("--quick", action="store_true", help="2 steps, 128 pixels")
    options.add_argument("--stage", help="measure this stage here, on the CPU, and print it")
    options.add_argument("--out", type=Path, default=FOLDER, help="folder of cost.md, cost.json")
    return options


def measured(options: argparse.Namespace) -> list[Used]:
    """All stages on the best device there is."""
    if torch.cuda.is_available():
        sizes = SIZES[:1] if options.quick else SIZES
        return list(measured_on_cuda(SHAPES, sizes, options.steps, options.iterations))
    sizes = options.pixels, options.steps, options.iterations, options.threads
    return list(measured_on_cpu(*sizes))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all stages and write their part of the page."""
    options = parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.stage:
        used = used_here(options.stage, options.pixels, options.steps, options.iterations)
        print(json.dumps(asdict(used)))
        return 0
    if options.quick:
        options.steps, options.pixels = 2, 128
    rows = measured(options)
    facts = machine(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    text = body(rows, options.steps, options.iterations, facts)
    numbers = {"machine": facts, "steps": options.steps, "stages": [asdict(one) for one in rows]}
    write_part(options.out, PART, text, numbers)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
