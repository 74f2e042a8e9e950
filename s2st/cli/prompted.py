"""What commands have in common that draw every picture of a folder anew, under one prompt."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from torch import Tensor

from ..kit.settings import Settings
from ..kit.version import VERSION
from ..look.kept import LookConfig, at_most
from ..look.task import Task
from ..model.autoencoder import padded
from ..model.guidance import Prompt
from ..model.schedule import Schedule, Spacing, make_schedule
from . import models
from .each import items_for, run_each, write_picture
from .options import add_settings, chosen

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts
    from ..batch.items import Item

SIZES = ("megapixels",)
STEPS = 20
Config = TypeVar("Config", bound=Settings)
# The new latent of a task, of the padded picture that its latent is of, under these settings.
Draw = Callable[[Task, Tensor, Schedule, Config], Tensor]


def names_of(config: type[Settings]) -> tuple[str, ...]:
    """All settings of a method."""
    return tuple(one.name for one in fields(config) if one.metadata)


def add_options(
    parser: argparse.ArgumentParser, config: type[Settings], shows: str, guidance: float
) -> None:
    """The prompt, which says what something `shows`, the sampling, the model and the settings."""
    add, shown = parser.add_argument, "default %(default)s"
    add("--prompt", required=True, help=shows)
    add("--negative", default="", help="what to stay away from; default nothing")
    add("--guidance", type=float, default=guidance, help=f"of the prompt, 1 is none; {shown}")
    add("--steps", type=int, default=STEPS, help=f"of sampling, the whole schedule; {shown}")
    models.add_options(parser)
    group = parser.add_argument_group("settings")
    add_settings(group, config, names_of(config))
    add_settings(group, LookConfig, SIZES)


def drawn(
    given: argparse.Namespace,
    kind: type[Config],
    opened: Callable[[PipelineParts, float], Draw[Config]],
    **own: Any,
) -> int:
    """Draw every picture; `opened` is given the model and the megapixels worked at, once.

    What else decides the results is told in `own`.
    """
    config = kind(**chosen(given, names_of(kind)))
    sizes = LookConfig(**chosen(given, SIZES))
    items = items_for(given, ".png")
    parts = models.loaded(given.model, given.config)
    schedule = make_schedule(parts.sigma_table, given.steps, Spacing.TRAILING)
    from ..batch.pictures import read
    from ..batch.translator import model_mark
    from .translate import told

    facts = {
        "s2st": VERSION,
        "command": given.command,
        "model": model_mark(parts),
        "prompt": given.prompt,
        "negative": given.negative,
        "guidance": given.guidance,
        "sampled": given.steps,
        "megapixels": sizes.megapixels,
        **{name: str(value) for name, value in asdict(config).items()},
        **own,
    }
    draw = opened(parts, sizes.megapixels)

    def write(item: Item) -> None:
        picture = at_most(read(item.source).pixels, sizes.megapixels)
        height, width = picture.shape[-2:]
        whole = padded(picture, parts.autoencoder.stride).to(parts.device)
        size = whole.shape[-2], whole.shape[-1]
        texts = [parts.encode_prompt(one, *size) for one in (given.prompt, given.negative)]
        prompt = Prompt(texts[0], texts[1], given.guidance)
        task = Task(latent=parts.encode_image(whole), target=prompt)
        own_noise = {"noise_seed": (vars(config)["noise_seed"] + item.drawn) % 2**53}
        latent = draw(task, whole, schedule, replace(config, **own_noise))
        write_picture(item, parts.decode_latent(latent)[..., :height, :width], facts)

    return told(run_each(items, given, facts, write), given.out)
