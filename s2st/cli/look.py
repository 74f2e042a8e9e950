"""`look`: pictures of a target domain into one file that commands and nodes share."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ..explore.preset import Preset, plain_settings
from ..look.correlation import CorrelationConfig, correlation_factor
from ..look.kept import MOST_REFERENCES, SUFFIX, LookConfig
from . import models
from .options import add_settings, chosen

HELP = "Keep the look of a folder of pictures in a file; commands and nodes read it."
SETTINGS = ("megapixels", "features")
CORRELATION = ("distance", "sharpness")


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("pictures", type=Path, help="a folder of pictures that look as results shall look")
    add("--out", type=Path, required=True, help=f"the file, such as night{SUFFIX}")
    add("--prompt", default="", help="what the pictures show; `translate` takes it as its target")
    add("--preset", type=Path, help="settings to keep along, found by `s2st calibrate`")
    add("--own", type=Path, help="a folder of pictures like the sources: weighs the channels")
    models.add_options(parser)
    add_settings(parser, LookConfig, SETTINGS)
    group = parser.add_argument_group("channel weights", "Read with --own only.")
    add_settings(group, CorrelationConfig, CORRELATION)


def run(given: argparse.Namespace) -> int:
    if not given.out.name.endswith(SUFFIX):
        raise ValueError(f"--out is {given.out}, but a look's file ends in {SUFFIX}: add that.")
    config = LookConfig(**chosen(given, SETTINGS))
    settings = {} if given.preset is None else plain_settings(Preset.load(given.preset).settings)
    from .looks import made_of
    from .pictures import pictures_at  # with Pillow, which comes along with diffusers

    paths = pictures_at(given.pictures, MOST_REFERENCES)
    own = None if given.own is None else pictures_at(given.own, MOST_REFERENCES)
    parts = models.loaded(given.model, given.config)
    kept = replace(made_of(paths, parts, config), prompt=given.prompt, settings=settings)
    if own is not None:
        source = made_of(own, parts, replace(config, features=False))
        weights = CorrelationConfig(**chosen(given, CORRELATION))
        factor = correlation_factor(source.look(), kept.look(), weights)
        kept = replace(kept, correlation=factor)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    kept.save(given.out)
    sys.stdout.write(f"{len(kept)} pictures; {given.out}\n")
    return 0
