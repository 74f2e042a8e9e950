"""What matching takes in memory at 1024 pixels of SDXL: its network at full size, random weights.

The features of a picture are read once; then places are compared within a budget. Linux tells the
peak of the process.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from s2st import MatchConfig
from s2st.look.matching import BYTES, domain_directions, matches, warped
from s2st.model.features import read_features

from .cost_page import markdown_table
from .lab import Lab
from .memory import (
    LATENT_CHANNELS,
    MIB,
    SDXL,
    SHAPES,
    STRIDE,
    Shape,
    denoiser_of,
    random_prompt,
    random_unet,
)
from .nodes import held

PIXELS = 1024
BUDGETS = (64, 256)  # MiB
SMALL = Shape(name="SDXL", config={**SDXL, "block_out_channels": (32, 64, 128)})  # for --quick
PROCESS = Path("/proc/self")
HEADS = ("what", "MiB asked", "MiB at its peak", "MiB of all places at once", "held before")


@torch.no_grad()
def memory(_: Lab, __: Sequence[int], options: argparse.Namespace) -> str:
    """A line for reading features, and for both ways to compare, by exemplars and budget."""
    if not PROCESS.exists():
        return "Only Linux tells what a process has held at most: run this part there."
    shape = SMALL if options.quick else SHAPES[-1]
    side, kind = PIXELS // STRIDE // (4 if options.quick else 1), torch.bfloat16
    denoiser = denoiser_of(shape, random_unet(shape, torch.device("cpu"), kind))
    draw = torch.Generator().manual_seed(0)
    latents = torch.randn(1, LATENT_CHANNELS, side, side, generator=draw)
    prompt = random_prompt(shape, PIXELS, draw, torch.device("cpu"))
    features: list[Tensor] = []
    peak, before = at_peak(lambda: features.append(read_features(denoiser, latents, prompt)))
    lines = [["reading a picture's features", "", peak, "", before]]
    temperature = MatchConfig().temperature
    own = domain_directions(features[0], (side, side))
    for count in (1, 4):
        others = own.roll(1, dims=1).repeat(count, 1, 1, 1)
        values = latents.repeat(count, 1, 1, 1)
        whole = f"{own[..., 0].numel() * others[..., 0].numel() * BYTES / MIB:.0f}"
        for asked in BUDGETS:
            compared = {
                "warped": partial(warped, own, others, values, temperature, asked * MIB),
                "there and back": partial(matches, own[0], others, asked * MIB),
            }
            for name, work in compared.items():
                peak, before = at_peak(work)
                what = f"{name}, {count} exemplar{'s' if count > 1 else ''}"
                lines.append([what, str(asked), peak, whole, before])
    return markdown_table(HEADS, lines)


def at_peak(work: Callable[[], object]) -> tuple[str, str]:
    """(MiB that work takes at its peak beyond what was held before it, MiB held before)."""
    (PROCESS / "clear_refs").write_text("5")  # the peak counts from now on
    before = held(PROCESS, "VmRSS")
    work()
    return f"{held(PROCESS, 'VmHWM') - before:.0f}", f"{before:.0f}"
