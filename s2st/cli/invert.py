"""`invert`: every picture's inversion in a file, from which nodes and library translate it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..kit.version import VERSION
from ..look.kept import LookConfig, at_most
from ..model.autoencoder import padded
from ..seeds.inversion import InversionConfig, invert
from . import models
from .each import add_options as add_pictures
from .each import items_for, run_each
from .options import add_settings, chosen

if TYPE_CHECKING:
    from ..batch.items import Item

HELP = "Invert a folder of pictures; what is inverted is kept and read by Load Trajectory."
SETTINGS = ("steps", "spacing", "refine")
SIZES = ("megapixels",)
SUFFIX = ".s2st.safetensors"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_pictures(parser, "a folder with folders, or one picture")
    parser.add_argument("--prompt", required=True, help="what the pictures show")
    models.add_options(parser)
    group = parser.add_argument_group("settings")
    add_settings(group, InversionConfig, SETTINGS)
    add_settings(group, LookConfig, SIZES)


def run(given: argparse.Namespace) -> int:
    config = InversionConfig(**chosen(given, SETTINGS))
    sizes = LookConfig(**chosen(given, SIZES))
    items = items_for(given, SUFFIX)
    parts = models.loaded(given.model, given.config)
    from ..batch.pictures import read
    from ..batch.translator import model_mark
    from .translate import told

    facts = {
        "s2st": VERSION,
        "command": "invert",
        "model": model_mark(parts),
        "prompt": given.prompt,
        "megapixels": sizes.megapixels,
        **{name: str(value) for name, value in asdict(config).items()},
    }

    def write(item: Item) -> None:
        picture = at_most(read(item.source).pixels, sizes.megapixels)
        whole = padded(picture, parts.autoencoder.stride)
        prompt = parts.encode_prompt(given.prompt, whole.shape[-2], whole.shape[-1])
        latent = parts.encode_image(whole.to(parts.device))
        made = {"picture": item.id, "prompt": given.prompt}
        path = invert(parts.denoiser, latent, prompt, parts.sigma_table, config, made)
        path.to("cpu").save(item.target)

    return told(run_each(items, given, facts, write), given.out)
