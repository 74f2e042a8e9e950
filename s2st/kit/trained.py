"""Networks that learn no more, their plan and how they were trained, in one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from .storage import damage_told, read_file, write_file

Plan = TypeVar("Plan")
Networks = TypeVar("Networks", bound=nn.Module)
_MADE = "made"


def write_trained(
    path: Path,
    kind: str,
    networks: nn.Module,
    plan: Mapping[str, object],
    made: Mapping[str, Any],
    half: bool,
) -> None:
    """Everything in one safetensors file, never half written; `half` is half precision."""
    weights = networks.state_dict()
    kept = {name: one.half() if half else one for name, one in weights.items()}
    write_file(path, kind, kept, {**plan, _MADE: dict(made)})


def read_trained(
    path: Path,
    kind: str,
    plan_of: Callable[[Mapping[str, Any]], Plan],
    built: Callable[[Plan, torch.Generator], Networks],
) -> tuple[Plan, Networks, dict[str, Any]]:
    """What `write_trained` wrote; a sentence says why another file cannot be taken."""
    tensors, facts = read_file(path, kind)
    with damage_told(path, kind):
        plan = plan_of(facts)
        build = partial(built, plan, torch.Generator().manual_seed(0))
        _check_weights(build, tensors)
        networks = build()
        networks.load_state_dict(tensors)
        made = facts[_MADE]
        if not isinstance(made, dict):
            raise ValueError("what it says of its training is no list of facts")
        return plan, networks, made


def _check_weights(build: Callable[[], nn.Module], found: Mapping[str, Tensor]) -> None:
    """A file's weights are those of the networks it names, by name and shape.

    They are built without memory for it, which a few words in a file could ask for without end.
    """
    with torch.device("meta"):
        wanted = build().state_dict()
    shapes = ({name: one.shape for name, one in some.items()} for some in (wanted, found))
    wrong = sorted(dict(next(shapes).items() ^ next(shapes).items()))
    if wrong:
        raise ValueError(f"its weights are not those of the networks it names, as {wrong[0]} shows")
