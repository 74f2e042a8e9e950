"""`paint`: every picture of coarse strokes becomes what a prompt says in rounds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from torch import Tensor

from ..look.task import Task
from ..model.guidance import DEFAULT_GUIDANCE
from ..model.schedule import Schedule
from ..strokes.rounds import RoundsConfig, paint_in_rounds
from ..strokes.strokes import Strokes
from . import prompted
from .each import add_options as add_pictures

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts

HELP = "Paint pictures over a folder of coarse strokes; what is painted is not painted again."


def add_options(parser: argparse.ArgumentParser) -> None:
    add_pictures(parser, "a folder of strokes, with folders, or one picture of strokes")
    shows = "what the pictures shall show"
    prompted.add_options(parser, RoundsConfig, shows, DEFAULT_GUIDANCE)


def run(given: argparse.Namespace) -> int:
    return prompted.drawn(given, RoundsConfig, _painter)


def _painter(parts: PipelineParts, _: float) -> prompted.Draw[RoundsConfig]:
    def paint(task: Task, whole: Tensor, schedule: Schedule, config: RoundsConfig) -> Tensor:
        strokes = Strokes(whole)
        return paint_in_rounds(parts.denoiser, parts.autoencoder, task, strokes, schedule, config)

    return paint
