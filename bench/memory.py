"""Seconds and peak memory of every stage on a CUDA device (`bench memory`).

The UNets of Stable Diffusion 1.5, 2.1 and XL by the numbers of their public configs, filled with
random weights in half precision: time and memory depend on nothing else, and no weights are read.
What the nodes need on a CPU is measured by `bench nodes`.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

import s2st
from s2st.adapters.diffusers import DiffusersDenoiser, Parameterization

from .cost_page import machine, machine_line, markdown_table, options_of, write_part
from .speed import PLAIN, Bench, Stage, bench_of, checkpointed, sampled, stages

SIZES = (512, 768, 1024)  # pixels
DTYPE = torch.float16
OUT_OF_MEMORY = "out of memory"
EXACT = "trajectory optimisation, exact"
MIB = 2**20
HEADS = ("model", "pixels", "stage", "seconds", "seconds / plain")
HEADS += ("peak MiB", "of it the stage's", "stage's / plain")
TOKENS, POOLED_WIDTH, LATENT_CHANNELS, STRIDE = 77, 1280, 4, 8
GUIDANCE = 7.5
WEIGHTS_SEED, LATENTS_SEED = 0, 1
REFERENCES = 2
CROSS, SIMPLE = "CrossAttn", ""


def block_types(*kinds: str) -> dict[str, tuple[str, ...]]:
    """Down blocks of these kinds, and the same upwards."""
    return {
        "down_block_types": tuple(f"{kind}DownBlock2D" for kind in kinds),
        "up_block_types": tuple(f"{kind}UpBlock2D" for kind in reversed(kinds)),
    }


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A UNet's architecture."""

    name: str
    config: dict[str, Any]
    prediction: str = "epsilon"

    @property
    def pooled(self) -> bool:
        """Whether it also reads the prompt as one vector, and the picture's size."""
        return self.config.get("addition_embed_type") == "text_time"


STABLE = {
    **block_types(CROSS, CROSS, CROSS, SIMPLE),
    "block_out_channels": (320, 640, 1280, 1280),
}
SDXL = {
    **block_types(SIMPLE, CROSS, CROSS),
    "block_out_channels": (320, 640, 1280),
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "transformer_layers_per_block": (1, 2, 10),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
SD_15 = {**STABLE, "cross_attention_dim": 768, "attention_head_dim": 8}
SD_21 = {
    **STABLE,
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
SHAPES = (
    Shape(name="SD 1.5", config=SD_15),
    Shape(name="SD 2.1", config=SD_21, prediction="v_prediction"),
    Shape(name="SDXL", config=SDXL),
)


def random_unet(shape: Shape, device: torch.device, dtype: torch.dtype) -> UNet2DConditionModel:
    """The UNet with random weights, made where and as it will run."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.random.fork_rng(), device:
            torch.manual_seed(WEIGHTS_SEED)
            return UNet2DConditionModel(**shape.config).requires_grad_(False).eval()
    finally:
        torch.set_default_dtype(before)


def denoiser_of(shape: Shape, unet: UNet2DConditionModel) -> DiffusersDenoiser:
    """The UNet on Stable Diffusion's noise levels."""
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=shape.prediction,
    )
    return DiffusersDenoiser(unet, Parameterization.of(scheduler))


def random_bench(shape: Shape, denoiser: DiffusersDenoiser, pixels: int, steps: int) -> Bench:
    """A square picture and prompts of noise for a model of this shape, ready for every stage."""
    device, draw = denoiser.unet.device, torch.Generator().manual_seed(LATENTS_SEED)
    side = pixels // STRIDE
    size = (1 + REFERENCES, LATENT_CHANNELS, side, side)
    latents = torch.randn(size, generator=draw).to(device)
    source, positive, empty = (random_prompt(shape, pixels, draw, device) for _ in range(3))
    task = s2st.Task(
        latent=latents[:1],
        source=source,
        target=s2st.Prompt(positive, empty, GUIDANCE),
        look=s2st.look_of(latents[1:]),
    )
    config = s2st.InversionConfig(steps=steps, spacing=s2st.Spacing.TRAILING)
    return bench_of(denoiser, denoiser.sigma_table, config, task)


def random_prompt(
    shape: Shape, pixels: int, draw: torch.Generator, device: torch.device
) -> s2st.Conditioning:
    width = shape.config["cross_attention_dim"]
    embedding = torch.randn(1, TOKENS, width, generator=draw).to(device)
    if not shape.pooled:
        return s2st.Conditioning(embedding)
    sizes = torch.tensor([[pixels, pixels, 0, 0, pixels, pixels]], device=device)
    pooled = torch.randn(1, POOLED_WIDTH, generator=draw).to(device)
    return s2st.Conditioning(embedding, {"text_embeds": pooled, "time_ids": sizes})


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
