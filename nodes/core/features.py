"""The features of a model that tell what is like what; those of references are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ...s2st import Conditioning, Exemplars, Schedule, read_features
from ...s2st.model.features import FEATURE_SIGMA
from .denoiser import Calls
from .run import Stage, run_stage

AT_ONCE = 4  # pictures of a call, so that the bar moves and Cancel need not wait
SCHEDULE = Schedule((FEATURE_SIGMA, 0.0))
# The last references' features for each MODEL, as long as there is one.
_KEPT: WeakKeyDictionary[Any, tuple[Hashable, Tensor]] = WeakKeyDictionary()


class References:
    """Latents of the target domain; for a MODEL and a prompt their features are read once, or not
    at all where they were kept with a look.
    """

    def __init__(self, model, prompt: list, latents: Tensor, kept: Tensor | None = None) -> None:
        self.latents, self._own = latents, kept
        self._model, self._key = model, _told_apart(model, prompt, latents)

    @property
    def evaluations(self) -> int:
        """What reading them asks, 0 where they are kept."""
        return len(self.latents.split(AT_ONCE)) if self._known() is None else 0

    def features(self, stage: Stage, under: Conditioning) -> Tensor:
        """On the CPU."""
        known = self._known()
        if known is None:
            known = _read_all(stage, self.latents, under)
            _KEPT[self._model] = self._key, known
        return known

    def exemplars(self, stage: Stage, under: Conditioning) -> Exemplars:
        """With their latents, on the device of a stage."""
        found = Exemplars.of(self.latents, self.features(stage, under))
        return found.to(self.latents.to(stage.device))

    def _known(self) -> Tensor | None:
        if self._own is not None:
            return self._own
        kept = _KEPT.get(self._model)
        return kept[1] if kept is not None and kept[0] == self._key else None


def features_of(
    model, prompt: list, source: Tensor, references: Tensor, kept: Tensor | None = None
) -> tuple[Tensor, Tensor, Calls]:
    """(of the source, of the references, the calls it took), on the CPU."""
    known = References(model, prompt, references, kept)

    def work(stage: Stage) -> Mapping[str, Tensor]:
        under = stage.prompts["positive"]
        own = _read_all(stage, source, under)
        return {"source": own, "references": known.features(stage, under)}

    expected = {"source": len(source.split(AT_ONCE)), "references": known.evaluations}
    shape = room_for_both(source, references)
    found, calls = run_stage(model, {"positive": prompt}, shape, SCHEDULE, expected, work)
    return found["source"], found["references"], calls


def features_of_references(model, prompt: list, latents: Tensor) -> Tensor:
    """Of some latents, on the CPU."""

    def work(stage: Stage) -> Tensor:
        return _read_all(stage, latents, stage.prompts["positive"])

    shape, expected = room_for_both(latents), {"features": len(latents.split(AT_ONCE))}
    return run_stage(model, {"positive": prompt}, shape, SCHEDULE, expected, work)[0]


def room_for_both(*latents: Tensor) -> tuple[int, ...]:
    """What a session must have room for that reads the features of them all."""
    shapes = [(min(len(one), AT_ONCE), *one.shape[1:]) for one in latents]
    return tuple(max(sizes) for sizes in zip(*shapes, strict=True))


def _read_all(stage: Stage, latents: Tensor, under: Conditioning) -> Tensor:
    parts = (one.to(stage.device) for one in latents.split(AT_ONCE))
    return torch.cat([read_features(stage.model, one, under).cpu() for one in parts])


def _told_apart(model, prompt: list, references: Tensor) -> Hashable:
    """Of patches, prompt and references; where one changes, features are read anew."""
    tensors = [references, *(tokens for tokens, _ in prompt)]
    hashes = [hashlib.sha256(_bytes(one)).hexdigest() for one in tensors]
    return (model.patches_uuid, tuple(references.shape), *hashes)


def _bytes(values: Tensor) -> bytes:
    return values.detach().cpu().float().contiguous().numpy().tobytes()
