"""`calibrate`: a small grid of settings on a model and pictures of one's own, and a choice."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ..explore.choice import Choice, ChoiceConfig
from ..explore.grid import AXES, MOST_CELLS, UNVARIED, VARIED, grid_of, varied
from ..explore.preset import SUFFIX, Preset
from ..explore.table import table
from ..path.settings import PathSettings
from . import demo, models
from .asked import Asked
from .options import add_settings, chosen

HELP = "Find the settings that suit a model and pictures of your own; no truth is needed."
SETTINGS = (*VARIED, UNVARIED)
CHOICE = ("structure_slack", "look_slack")
DEMO = ("day", "night")
DEMO_REFERENCES, MOST_REFERENCES = 16, 32
PRESET = f"preset{SUFFIX}"


def add_options(parser: argparse.ArgumentParser) -> None:
    add, shown = parser.add_argument, "default %(default)s"
    add("--source", type=Path, help="a picture or a folder of pictures to translate")
    add("--references", type=Path, help="a folder of pictures that look as they shall look")
    add("--prompt", help="what the source pictures show")
    add("--target", help="what they shall show")
    add("--negative", default="", help="what to stay away from; default nothing")
    add("--demo", nargs=2, metavar="DOMAIN", help="drawn scenes instead; default day night")
    add("--model", type=Path, help="a folder in diffusers' form; default the demo model")
    add("--out", type=Path, default=Path("out/calibrate"), help=f"where all goes; {shown}")
    add("--pictures", type=int, default=2, help=f"source pictures at most; {shown}")
    add("--megapixels", type=float, default=0.25, help=f"larger pictures are shrunk; {shown}")
    add("--cells", type=int, default=MOST_CELLS, help=f"about so many are run; {shown}")
    varied_by = "; ".join(f"{name} {' '.join(map(str, AXES[name]))}" for name in AXES)
    text = f"One value fixes a setting, several vary it. Where none is varied: {varied_by}."
    group = parser.add_argument_group("settings", text)
    group.add_argument("--preset", type=Path, help="a preset to start from, not the defaults")
    add_settings(group, PathSettings, SETTINGS, several=True)
    group = parser.add_argument_group("choice", f"Without --choose it is {ChoiceConfig().rule}.")
    group.add_argument("--choose", type=int, default=0, help="number of the cell on the sheet")
    add_settings(group, ChoiceConfig, CHOICE)


def run(given: argparse.Namespace) -> int:
    cells, choice = cells_of(given), choice_of(given)
    check_request(given)
    choice.check(len(cells))
    parts = models.loaded(given.model)
    from .calibration import SHEET, Calibration  # with Pillow, which comes along with diffusers

    asked = asked_of(given, parts.pipeline.vae_scale_factor)
    calibration = Calibration(parts, asked, cells, choice, given.out)
    judged = calibration.judged()
    best = calibration.best()
    calibration.preset(judged[best]).save(given.out / PRESET)
    sys.stdout.write(f"{table(judged, varied(cells), best)}\n\n{choice.title}\n")
    sys.stdout.write(f"{given.out / SHEET}\n{given.out / PRESET}\n")
    return 0


def cells_of(given: argparse.Namespace) -> list[PathSettings]:
    """The grid: a setting with one value is fixed, those with several are varied."""
    base = PathSettings() if given.preset is None else Preset.load(given.preset).settings
    return grid_of(chosen(given, SETTINGS), given.cells, base)


def choice_of(given: argparse.Namespace) -> Choice:
    """Whose choice it is: the rule's, or that of a person who has looked at the sheet."""
    return Choice(ChoiceConfig(**chosen(given, CHOICE)), given.choose)


def check_request(given: argparse.Namespace) -> None:
    """What is missing is said before the model is loaded."""
    own = {name: getattr(given, name) for name in ("source", "references", "prompt", "target")}
    missing = [f"--{name}" for name, value in own.items() if value is None]
    if given.demo and len(missing) < len(own):
        raise ValueError("--demo brings its own pictures and prompts: leave it or the others out.")
    if missing and len(missing) < len(own):
        raise ValueError(
            f"{', '.join(missing)} is missing, but pictures of your own need all of --source, "
            f"--references, --prompt and --target."
        )
    if given.pictures < 1:
        raise ValueError(f"--pictures is {given.pictures}, but at least 1 is needed.")
    if not given.megapixels > 0:
        raise ValueError(f"--megapixels is {given.megapixels:g}, but must be above 0.")


def asked_of(given: argparse.Namespace, stride: int) -> Asked:
    """Pictures from files, or the demo's."""
    if given.source is None:
        source, target = given.demo or DEMO
        wanted = demo.asked(source, target, given.pictures, DEMO_REFERENCES)
        return replace(wanted, negative=given.negative)
    from .pictures import opened, pictures_at, read, working_size

    sources = pictures_at(given.source, given.pictures)
    references = pictures_at(given.references, MOST_REFERENCES)
    size = working_size(opened(sources[0]).size, given.megapixels, stride)
    texts = given.prompt, given.target, given.negative
    return Asked(read(sources, size), read(references, size), *texts)
