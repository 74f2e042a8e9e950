"""The features that regions are found by; those of references are kept for the next picture."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ...s2st import Schedule, read_features
from ...s2st.model.features import FEATURE_SIGMA
from .denoiser import Calls
from .run import Stage, run_stage

AT_ONCE = 4  # pictures of a call, so that the bar moves and Cancel need not wait
SCHEDULE = Schedule((FEATURE_SIGMA, 0.0))
# The last references' features for each MODEL, as long as there is one.
_KEPT: WeakKeyDictionary[Any, tuple[Hashable, Tensor]] = WeakKeyDictionary()


def features_of(
    model, prompt: list, source: Tensor, references: Tensor, known: Tensor | None = None
) -> tuple[Tensor, Tensor, Calls]:
    """(of the source, of the references, the calls it took), on the CPU.

    Those of the references may be `known` already.
    """
    key = _told_apart(model, prompt, references)
    if known is None:
        known = _known(model, key)
    parts = {"source": source.split(AT_ONCE)}
    if known is None:
        parts["references"] = references.split(AT_ONCE)

    def work(stage: Stage) -> Mapping[str, Tensor]:
        read = {name: [_read(stage, one) for one in some] for name, some in parts.items()}
        return {name: torch.cat(some) for name, some in read.items()}

    expected = {name: len(some) for name, some in parts.items()}
    shape = _largest(source, references)
    found, calls = run_stage(model, {"positive": prompt}, shape, SCHEDULE, expected, work)
    if known is None:
        known = found["references"]
        _KEPT[model] = key, known
    return found["source"], known, calls


def features_of_references(model, prompt: list, latents: Tensor) -> Tensor:
    """Of some latents, on the CPU."""

    def work(stage: Stage) -> Tensor:
        return torch.cat([_read(stage, one) for one in latents.split(AT_ONCE)])

    shape, expected = tuple(latents.shape), {"features": len(latents)}
    return run_stage(model, {"positive": prompt}, shape, SCHEDULE, expected, work)[0]


def _read(stage: Stage, latents: Tensor) -> Tensor:
    latents = latents.to(stage.device)
    found = read_features(stage.unwatched, latents, stage.prompts["positive"]).cpu()
    stage.progress.evaluated(1)
    return found


def _known(model, key: Hashable) -> Tensor | None:
    kept = _KEPT.get(model)
    return kept[1] if kept is not None and kept[0] == key else None


def _largest(*latents: Tensor) -> tuple[int, ...]:
    """What the session must have room for."""
    shapes = [(min(len(one), AT_ONCE), *one.shape[1:]) for one in latents]
    return tuple(max(sizes) for sizes in zip(*shapes, strict=True))


def _told_apart(model, prompt: list, references: Tensor) -> Hashable:
    """Of patches, prompt and references; where one changes, features are read anew."""
    tensors = [references, *(tokens for tokens, _ in prompt)]
    hashes = [hashlib.sha256(_bytes(one)).hexdigest() for one in tensors]
    return (model.patches_uuid, tuple(references.shape), *hashes)


def _bytes(values: Tensor) -> bytes:
    return values.detach().cpu().float().contiguous().numpy().tobytes()
