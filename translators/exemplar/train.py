"""Train the exemplar method's scene network: `python dev.py train-exemplar`.

A usual run takes about half an hour of one CPU core, after some minutes in which scenes are
rendered and encoded once; where CUDA is found it is used, for ten times as many steps. Checkpoint,
log, pictures and the trained weights lie in a folder of the run's own in out/exemplar, so
`--resume` goes on where a run was stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from demo_world import TRAIN_SEEDS
from s2st.exemplar.networks import Plan
from s2st.exemplar.scene_network import SceneNetwork
from tools.environment import SetupError

from ..options import add_shared_options, device_of, given, how
from ..scenes import FOLDER as CACHE
from ..scenes import LABEL_MAP
from .config import SMOKE, USUAL, Training, lasting, with_budget
from .runs import FOLDER, file_of, folder_of
from .training import train
from .world import world

OF_DESIGN = ("size", "width", "features", "blocks", "prior_width")


def made(
    seed: int,
    training: Training,
    root: Path,
    device: torch.device,
    *,
    workers: int = 2,
    resume: bool = False,
    half: bool = False,
    cache: Path = CACHE,
) -> SceneNetwork:
    """Train a run and keep its weights in its folder."""
    scenes = world(TRAIN_SEEDS[: training.items], training.design.size, workers, cache)
    plan = Plan(legend=LABEL_MAP.legend, design=training.design)
    folder = folder_of(seed, root)
    network = train(scenes, plan, training, {"seed": seed}, folder, device, resume)
    network.save(file_of(seed, root), half)
    return network


def training_of(options: argparse.Namespace) -> Training:
    """What the command line asks for."""
    training = SMOKE if options.smoke else USUAL
    if not options.smoke or options.minutes is not None:
        training = with_budget(training, options.minutes, device_of(options).type == "cuda")
    training = replace(training, design=replace(training.design, **given(options, OF_DESIGN)))
    if options.steps is not None:
        training = lasting(training, options.steps)
    if options.rate is not None:
        training = replace(training, learning=replace(training.learning, rate=options.rate))
    return replace(training, **given(options, ("batch", "items")))


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py train-exemplar",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_shared_options(parser, FOLDER)
    add = parser.add_argument
    add("--width", type=int, help="channels of the encoders")
    add("--features", type=int, help="channels of the matching space")
    add("--blocks", type=int, help="residual blocks before the matching space")
    add("--prior-width", type=int, help="channels of the prior's first level")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    options = parsed(arguments)
    try:
        made(options.seed, training_of(options), options.out, device_of(options), **how(options))
    except (ValueError, SetupError, FloatingPointError) as error:
        print(f"train-exemplar: {error}", file=sys.stderr)
        return 1
    print(f"The scene network is in {file_of(options.seed, options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
