"""The model of a command: one of the user's, or the demo model that comes along."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from . import demo

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        help="a folder in diffusers' form or a .safetensors checkpoint; default the demo model",
    )
    add(
        "--config",
        type=Path,
        help="with a checkpoint: a folder in diffusers' form of its family, which says how it is "
        "built; without it, what diffusers has kept of that family is taken",
    )


def opener(given: argparse.Namespace) -> Callable[[], PipelineParts]:
    """How a worker opens the same model, wherever it began."""
    paths = given.model, given.config
    return partial(loaded, *(None if one is None else one.absolute() for one in paths))


def loaded(model: Path | None, config: Path | None = None) -> PipelineParts:
    """Where it runs fastest; without a path it is the demo model."""
    try:
        from ..adapters.diffusers import PipelineParts, load_checkpoint, load_pipeline
    except ImportError as error:
        raise ValueError(
            f"The package {error.name} is missing, but models are run with diffusers and "
            f"transformers: install s2st with its extra, s2st[diffusers]."
        ) from error
    if model is None:
        pipeline = demo.pipeline()
    elif model.is_file():
        pipeline = load_checkpoint(model, config)
    else:
        pipeline = load_pipeline(model)
    return PipelineParts.of(pipeline.to("cuda" if torch.cuda.is_available() else "cpu"))
