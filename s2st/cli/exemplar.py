"""`exemplar`: every picture out of the pixels of another one, place by place (MIDMs)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..exemplar.interleaved import InterleavedConfig, interleaved
from ..look.exemplars import Exemplars, exemplars_of
from ..look.kept import SHOWN
from ..look.task import Task
from ..model.autoencoder import padded
from ..model.schedule import Schedule
from . import prompted
from .each import add_options as add_pictures

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts

HELP = "Make pictures out of an exemplar's pixels, matched place by place; none is made twice."
GUIDANCE = 1.0  # the paper has none


def add_options(parser: argparse.ArgumentParser) -> None:
    add_pictures(parser, "a folder with folders, or one picture")
    exemplar = "a picture whose look is taken, or a folder of some; each place takes what fits"
    parser.add_argument("--exemplar", type=Path, required=True, help=exemplar)
    prompted.add_options(parser, InterleavedConfig, "what the exemplar shows", GUIDANCE)


def run(given: argparse.Namespace) -> int:
    from ..batch.job import mark_of_file  # with Pillow, which comes along with diffusers
    from .pictures import pictures_at

    paths = pictures_at(given.exemplar, SHOWN)

    def opened(parts: PipelineParts, megapixels: float) -> prompted.Draw[InterleavedConfig]:
        exemplars = _read(paths, parts, given.prompt, megapixels)

        def draw(task: Task, _: Tensor, schedule: Schedule, config: InterleavedConfig) -> Tensor:
            return interleaved(parts.denoiser, replace(task, exemplars=exemplars), schedule, config)

        return draw

    marks = [mark_of_file(path) for path in paths]
    return prompted.drawn(given, InterleavedConfig, opened, exemplars=marks)


def _read(paths: Sequence[Path], parts: PipelineParts, prompt: str, megapixels: float) -> Exemplars:
    """Exemplars in the size of the first, with their features."""
    from ..batch.pictures import opened
    from .pictures import read, working_size

    stride = parts.autoencoder.stride
    width, height = working_size(opened(paths[0]).size, megapixels, stride)
    pictures = padded(read(paths, (width, height)), stride).split(1)
    latents = [parts.encode_image(one.to(parts.device)) for one in pictures]
    words = parts.encode_prompt(prompt, height, width)
    return exemplars_of(parts.denoiser, torch.cat(latents), words)
