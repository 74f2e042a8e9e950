"""Train a translator between domains: `python dev.py train-many-to-one --data ... --preset ...`.

A usual run takes up to half an hour of one CPU core; where CUDA is found it is used, for ten times
as many steps. Checkpoint, log, pictures and the trained weights lie in a folder of the run's own
in out/many-to-one, so `--resume` goes on where a run was stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import torch

from demo_world import TRAIN_SEEDS
from s2st.many_to_one.networks import Plan
from s2st.many_to_one.switches import Preset, Switches
from s2st.many_to_one.translator import Translator
from tools.environment import SetupError

from .config import TOOK, Data, Training, switched, usual, with_budget
from .digits import digits
from .lessons import Pictures
from .options import add_shared_options, device_of, given, how
from .runs import FOLDER, Run
from .scenes import looks, scenes
from .training import train

SWITCHES = [one.name for one in fields(Switches)]
OF_DESIGN = ("size", "width", "most_width", "hidden")


def lessons(data: Data, training: Training, workers: int) -> Pictures:
    """What a run learns from."""
    seeds, size = TRAIN_SEEDS[: training.items], training.design.size
    match data:
        case Data.DIGITS:
            return digits(taught=True)
        case Data.SCENES:
            return scenes(seeds, size, workers)
        case Data.LOOKS:
            return looks(seeds, size, workers)
        case _:
            raise ValueError(f"The data is {data!r}, but must be a Data.")


def made(
    run: Run,
    training: Training,
    root: Path,
    device: torch.device,
    *,
    workers: int = 2,
    resume: bool = False,
    half: bool = False,
) -> Translator:
    """Train a run and keep its weights in its folder."""
    switches = switched(run.preset, run.off, run.on)
    data = lessons(run.data, training, workers)
    plan = Plan(domains=data.domains, design=training.design, switches=switches)
    asked = {"data": run.data.value, "arm": run.arm, "seed": run.seed}
    folder = run.folder(root)
    translator = train(data, plan, training, asked, folder, device, resume)
    translator.save(run.file(root), half)
    return translator


def training_of(options: argparse.Namespace) -> Training:
    """What the command line asks for."""
    data, cuda = Data(options.data), device_of(options).type == "cuda"
    training = usual(data, options.smoke)
    if not options.smoke or options.minutes is not None:
        training = with_budget(training, TOOK[data], options.minutes, cuda)
    training = replace(training, design=replace(training.design, **given(options, OF_DESIGN)))
    if options.rate is not None:
        # The network that draws styles learns a hundredth as fast.
        rates = {"rate": options.rate, "mapping_rate": options.rate / 100}
        training = replace(training, learning=replace(training.learning, **rates))
    return replace(training, **given(options, ("steps", "batch", "items")))


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py train-many-to-one",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name}: {Switches.limits(name).meaning}" for name in SWITCHES),
    )
    add = parser.add_argument
    add("--data", required=True, choices=[one.value for one in Data], help="what is learnt from")
    presets = [one.value for one in Preset]
    add("--preset", default=Preset.HMU.value, choices=presets, help="default: %(default)s")
    turned = "of the preset, told below"
    add("--off", nargs="+", default=[], choices=SWITCHES, help=f"switches to turn off, {turned}")
    add("--on", nargs="+", default=[], choices=SWITCHES, help=f"switches to turn on, {turned}")
    add_shared_options(parser, FOLDER)
    add("--width", type=int, help="channels of the first layer")
    add("--most-width", type=int, help="channels that no layer exceeds")
    add("--hidden", type=int, help="width of the network that draws styles")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    options = parsed(arguments)
    run = Run(
        data=Data(options.data),
        preset=Preset(options.preset),
        off=tuple(options.off),
        on=tuple(options.on),
        seed=options.seed,
    )
    try:
        made(run, training_of(options), options.out, device_of(options), **how(options))
    except (ValueError, SetupError, FloatingPointError) as error:
        print(f"train-many-to-one: {error}", file=sys.stderr)
        return 1
    print(f"The translator is in {run.file(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
