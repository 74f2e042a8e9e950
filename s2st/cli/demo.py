"""The demo model and its rendered scenes, where they are installed beside the library.

The only file of `s2st` that knows `demo_world`: a program may, a library does without.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .asked import Asked

MISSING = "The demo model is not installed beside s2st"
SIZE = 128


def pipeline() -> Any:
    """The demo model as a diffusers pipeline."""
    try:
        from demo_world.model import as_pipeline, load
    except ImportError as error:
        raise ValueError(f"{MISSING} ({error}): name a model's folder with --model.") from error
    return as_pipeline(load())


def asked(source: str, target: str, count: int, references: int) -> Asked:
    """Scenes of one domain, other scenes of another, and both in the model's words.

    They are tuning scenes, on which settings may be chosen: the bench judges on others.
    """
    try:
        from demo_world import REFERENCE_SEEDS, TUNING_SEEDS, prompt
    except ImportError as error:
        raise ValueError(f"{MISSING} ({error}): give --source and --references.") from error
    if source == target:
        raise ValueError(f"Both demo domains are {source!r}, but they must differ: name two.")
    texts = prompt(source), prompt(target)
    pictures = _rendered(TUNING_SEEDS[:count], source)
    return Asked(pictures, _rendered(REFERENCE_SEEDS[:references], target), *texts)


def _rendered(numbers: Any, domain: str) -> Tensor:
    from demo_world import render, scene

    pictures = [torch.from_numpy(render(scene(number), domain, SIZE)) for number in numbers]
    return torch.stack(pictures).permute(0, 3, 1, 2).float().contiguous()
