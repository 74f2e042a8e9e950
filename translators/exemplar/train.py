"""Train the exemplar method's scene network: `python dev.py train-exemplar`.

The usual budget takes about an hour on two CPU cores, after some minutes in which scenes are
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

from ..scenes import FOLDER as CACHE
from ..scenes import LABEL_MAP
from .config import SMOKE, USUAL, Training, with_budget
from .runs import FOLDER, file_of, folder_of
from .training import train
from .world import world

OF_DESIGN = ("size", "width", "features", "blocks", "prior_width")


def made(
    seed: int,
    training: Training,
    root: Path = FOLDER,
    *,
    device: torch.device | None = None,
    workers: int = 2,
    resume: bool = False,
    half: bool = False,
    cache: Path = CACHE,
) -> SceneNetwork:
    """Train a run and keep its weights in its folder."""
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scenes = world(TRAIN_SEEDS[: training.items], training.design.size, workers, cache)
    plan = Plan(legend=LABEL_MAP.legend, design=training.design)
    folder = folder_of(seed, root)
    network = train(scenes, plan, training, {"seed": seed}, folder, device, resume)
    network.save(file_of(seed, root), half)
    return network


def training_of(options: argparse.Namespace) -> Training:
    """What the command line asks for."""
    cuda = options.device == "cuda" or (not options.device and torch.cuda.is_available())
    training = SMOKE if options.smoke else USUAL
    if not options.smoke or options.minutes is not None:
        training = with_budget(training, options.minutes, cuda)
    given = {name: getattr(options, name) for name in OF_DESIGN}
    design = {name: value for name, value in given.items() if value is not None}
    training = replace(training, design=replace(training.design, **design))
    if options.steps is not None:
        warm_up = min(training.warm_up, options.steps - 1)
        training = replace(training, steps=options.steps, warm_up=warm_up)
    for name in ("batch", "items"):
        if getattr(options, name) is not None:
            training = replace(training, **{name: getattr(options, name)})
    if options.rate is not None:
        training = replace(training, learning=replace(training.learning, rate=options.rate))
    return training


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py train-exemplar",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--seed", type=int, default=0, help="of weights and lessons (default: 0)")
    add("--minutes", type=float, help="length of the run, in minutes of two CPU cores")
    add("--steps", type=int, help="length of the run, in steps")
    add("--batch", type=int, help="scenes of a step")
    add("--items", type=int, help=f"scenes to learn from (default: {USUAL.items})")
    add("--size", type=int, help="pixels a side")
    add("--width", type=int, help="channels of the encoders")
    add("--features", type=int, help="channels of the matching space")
    add("--blocks", type=int, help="residual blocks before the matching space")
    add("--prior-width", type=int, help="channels of the prior's first level")
    add("--rate", type=float, help="learning rate")
    add("--smoke", action="store_true", help="a tiny run of seconds that shows losses fall")
    add("--half", action="store_true", help="keep weights in half precision, to ship them")
    add("--resume", action="store_true", help="go on from the last checkpoint")
    add("--device", help="cpu or cuda (default: cuda where it is found)")
    add("--workers", type=int, default=2, help="processes that render scenes (default: 2)")
    add("--out", type=Path, default=FOLDER, help="where runs lie (default: out/exemplar)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    options = parsed(arguments)
    device = torch.device(options.device) if options.device else None
    given = {"device": device, "workers": options.workers}
    given |= {"resume": options.resume, "half": options.half}
    try:
        made(options.seed, training_of(options), options.out, **given)
    except (ValueError, SetupError, FloatingPointError) as error:
        print(f"train-exemplar: {error}", file=sys.stderr)
        return 1
    print(f"The scene network is in {file_of(options.seed, options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
