"""`paint`: every picture of coarse strokes becomes what a prompt says (GradOP+)."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

from ..kit.version import VERSION
from ..look.kept import LookConfig, at_most
from ..look.task import Task
from ..model.autoencoder import padded
from ..model.guidance import DEFAULT_GUIDANCE, Prompt
from ..model.schedule import Spacing, make_schedule
from ..strokes.gradop_plus import GradopPlusConfig, gradop_plus
from ..strokes.strokes import Strokes
from . import models
from .each import add_options as add_pictures
from .each import items_for, run_each, write_picture
from .options import add_settings, chosen

if TYPE_CHECKING:
    from ..batch.items import Item

HELP = "Paint pictures over a folder of coarse strokes; what is painted is not painted again."
SETTINGS = tuple(one.name for one in fields(GradopPlusConfig) if one.metadata)
SIZES = ("megapixels",)
STEPS = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    add_pictures(parser, "a folder of strokes, with folders, or one picture of strokes")
    add, shown = parser.add_argument, "default %(default)s"
    add("--prompt", required=True, help="what the pictures shall show")
    add("--negative", default="", help="what to stay away from; default nothing")
    add("--guidance", type=float, default=DEFAULT_GUIDANCE, help=f"of the prompt; {shown}")
    add("--steps", type=int, default=STEPS, help=f"of sampling; {shown}")
    models.add_options(parser)
    group = parser.add_argument_group("settings")
    add_settings(group, GradopPlusConfig, SETTINGS)
    add_settings(group, LookConfig, SIZES)


def run(given: argparse.Namespace) -> int:
    config = GradopPlusConfig(**chosen(given, SETTINGS))
    sizes = LookConfig(**chosen(given, SIZES))
    items = items_for(given, ".png")
    parts = models.loaded(given.model, given.config)
    schedule = make_schedule(parts.sigma_table, given.steps, Spacing.TRAILING)
    from ..batch.pictures import read
    from ..batch.translator import model_mark
    from .translate import told

    facts = {
        "s2st": VERSION,
        "command": "paint",
        "model": model_mark(parts),
        "prompt": given.prompt,
        "negative": given.negative,
        "guidance": given.guidance,
        "sampled": given.steps,
        "megapixels": sizes.megapixels,
        **{name: str(value) for name, value in asdict(config).items()},
    }

    def write(item: Item) -> None:
        strokes = at_most(read(item.source).pixels, sizes.megapixels)
        whole = padded(strokes, parts.autoencoder.stride).to(parts.device)
        height, width = whole.shape[-2:]
        texts = [parts.encode_prompt(one, height, width) for one in (given.prompt, given.negative)]
        task = Task(
            latent=parts.encode_image(whole), target=Prompt(texts[0], texts[1], given.guidance)
        )
        own = replace(config, noise_seed=(config.noise_seed + item.drawn) % 2**53)
        latent = gradop_plus(parts.denoiser, parts.autoencoder, task, Strokes(whole), schedule, own)
        painted = parts.decode_latent(latent)[..., : strokes.shape[-2], : strokes.shape[-1]]
        write_picture(item, painted, facts)

    return told(run_each(items, given, facts, write), given.out)
