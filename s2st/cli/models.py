"""The model of a command: a folder in diffusers' form, or the demo model that comes along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from . import demo

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts


def loaded(folder: Path | None) -> PipelineParts:
    """Where it runs fastest; without a folder it is the demo model."""
    try:
        from ..adapters.diffusers import PipelineParts, load_pipeline
    except ImportError as error:
        raise ValueError(
            f"The package {error.name} is missing, but models are run with diffusers and "
            f"transformers: install s2st with its extra, s2st[diffusers]."
        ) from error
    pipeline = demo.pipeline() if folder is None else load_pipeline(folder)
    return PipelineParts.of(pipeline.to("cuda" if torch.cuda.is_available() else "cpu"))
