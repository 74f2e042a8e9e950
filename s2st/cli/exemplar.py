"""`exemplar`: every picture out of the pixels of another one, place by place (MIDMs)."""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..exemplar.interleaved import InterleavedConfig, interleaved
from ..kit.version import VERSION
from ..look.exemplars import Exemplars, exemplars_of
from ..look.kept import SHOWN, LookConfig, at_most
from ..look.task import Task
from ..model.autoencoder import padded
from ..model.guidance import Prompt
from ..model.schedule import Spacing, make_schedule
from . import models
from .each import add_options as add_pictures
from .each import items_for, run_each, write_picture
from .options import add_settings, chosen

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts
    from ..batch.items import Item
    from ..model.contract import Conditioning

HELP = "Make pictures out of an exemplar's pixels, matched place by place; none is made twice."
SETTINGS = tuple(one.name for one in fields(InterleavedConfig) if one.metadata)
SIZES = ("megapixels",)
STEPS = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    add_pictures(parser, "a folder with folders, or one picture")
    add, shown = parser.add_argument, "default %(default)s"
    exemplar = "a picture whose look is taken, or a folder of some; each place takes what fits"
    add("--exemplar", type=Path, required=True, help=exemplar)
    add("--prompt", required=True, help="what the exemplar shows")
    add("--negative", default="", help="what to stay away from; default nothing")
    add("--guidance", type=float, default=1.0, help=f"of the prompt; {shown}: none")
    add("--steps", type=int, default=STEPS, help=f"of the whole schedule; {shown}")
    models.add_options(parser)
    group = parser.add_argument_group("settings")
    add_settings(group, InterleavedConfig, SETTINGS)
    add_settings(group, LookConfig, SIZES)


def run(given: argparse.Namespace) -> int:
    config = InterleavedConfig(**chosen(given, SETTINGS))
    sizes = LookConfig(**chosen(given, SIZES))
    items = items_for(given, ".png")
    from ..batch.job import mark_of_file
    from ..batch.pictures import read
    from ..batch.translator import model_mark
    from .pictures import pictures_at
    from .translate import told

    paths = pictures_at(given.exemplar, SHOWN)
    parts = models.loaded(given.model, given.config)
    schedule = make_schedule(parts.sigma_table, given.steps, Spacing.TRAILING)
    facts = {
        "s2st": VERSION,
        "command": "exemplar",
        "model": model_mark(parts),
        "exemplars": [mark_of_file(path) for path in paths],
        "prompt": given.prompt,
        "negative": given.negative,
        "guidance": given.guidance,
        "sampled": given.steps,
        "megapixels": sizes.megapixels,
        **{name: str(value) for name, value in asdict(config).items()},
    }
    exemplars = _read(paths, parts, given.prompt, sizes.megapixels)

    def write(item: Item) -> None:
        picture = at_most(read(item.source).pixels, sizes.megapixels)
        height, width = picture.shape[-2:]
        whole = padded(picture, parts.autoencoder.stride).to(parts.device)
        texts = [_encoded(parts, one, whole.shape) for one in (given.prompt, given.negative)]
        task = Task(
            latent=parts.encode_image(whole),
            target=Prompt(texts[0], texts[1], given.guidance),
            exemplars=exemplars,
        )
        own = replace(config, noise_seed=(config.noise_seed + item.drawn) % 2**53)
        latent = interleaved(parts.denoiser, task, schedule, own)
        write_picture(item, parts.decode_latent(latent)[..., :height, :width], facts)

    return told(run_each(items, given, facts, write), given.out)


def _read(paths: list[Path], parts: PipelineParts, prompt: str, megapixels: float) -> Exemplars:
    """Exemplars in the size of the first, with their features."""
    from ..batch.pictures import opened
    from .pictures import read, working_size

    size = working_size(opened(paths[0]).size, megapixels, parts.autoencoder.stride)
    pictures = padded(read(paths, size), parts.autoencoder.stride).split(1)
    latents = [parts.encode_image(one.to(parts.device)) for one in pictures]
    return exemplars_of(parts.denoiser, torch.cat(latents), _encoded(parts, prompt, size[::-1]))


def _encoded(parts: PipelineParts, text: str, shape: tuple[int, ...]) -> Conditioning:
    return parts.encode_prompt(text, shape[-2], shape[-1])
