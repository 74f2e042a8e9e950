"""What tells two checkpoints, sets of patches or prompts of one family apart, small enough to be
kept in a trajectory's facts.

Weights and prompts are known by a few of their numbers, compared within the rounding of the dtype
they are kept in, for another device or dtype is no other checkpoint. Patches such as LoRAs are
known by a hash of what they patch, how strongly, and a few of their own numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain

import comfy.model_patcher
import torch
from torch import Tensor

TENSORS = 6  # weights that are looked at, evenly spread over the network
VALUES = 8  # of each
PROMPT_VALUES = 64
PROMPT_ROUNDING = 0.02  # of the largest: text encoders run in half precision, and on any device
NO_WEIGHT = 1e-7  # smaller ones are taken for zero


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A few numbers of something, and how far rounding may move them."""

    shapes: list[list[int]]
    values: list[float]
    relative: float
    absolute: float

    def differs_from(self, kept: object) -> bool:
        """Whether a sample kept in facts is of something else; False where none can be read."""
        if not isinstance(kept, dict):
            return False
        try:
            other = Sample(**kept)
            return self.shapes != other.shapes or not self._is_near(other)
        except (TypeError, ValueError):
            return False

    def _is_near(self, other: Sample) -> bool:
        relative = max(self.relative, other.relative)
        absolute = max(self.absolute, other.absolute)
        return all(
            math.isclose(one, two, rel_tol=relative, abs_tol=absolute)
            for one, two in zip(self.values, other.values, strict=True)
        )


def fingerprint(patcher: comfy.model_patcher.ModelPatcher, source: list) -> dict[str, object]:
    """Of a model and of the CONDITIONING that describes the source."""
    return {
        "weights": asdict(_weights(patcher)),
        "patches": _patches(patcher),
        "source_prompt": asdict(_prompt(source)),
    }


def weights_of(patcher: comfy.model_patcher.ModelPatcher) -> dict[str, object]:
    """A few of the model's own numbers, for facts that are kept."""
    return asdict(_weights(patcher))


def has_other_weights(patcher: comfy.model_patcher.ModelPatcher, kept: object) -> bool:
    """Whether `weights_of` another checkpoint were kept; False where none can be read."""
    return _weights(patcher).differs_from(kept)


def told_apart(
    facts: Mapping[str, object],
    patcher: comfy.model_patcher.ModelPatcher,
    source: list | None = None,
) -> list[str]:
    """A line for each thing of a trajectory's facts that is otherwise here; none if unknown."""
    notes = {
        "weights of another checkpoint": _weights(patcher).differs_from(facts.get("weights")),
        "other patches, such as LoRAs, or at other strengths": (
            facts.get("patches") not in (None, _patches(patcher))
        ),
        "another source prompt": (
            source is not None and _prompt(source).differs_from(facts.get("source_prompt"))
        ),
    }
    return [
        f"note: the trajectory was made with {what}; sampling returns to its source less exactly"
        for what, differs in notes.items()
        if differs
    ]


def _weights(patcher: comfy.model_patcher.ModelPatcher) -> Sample:
    """A few of the network's own numbers, as they are without any patch."""
    network = patcher.model.diffusion_model
    tensors = {name: one for name, one in network.named_parameters() if _is_readable(one)}
    chosen = _spread(sorted(tensors), TENSORS)
    originals = [_unpatched(patcher, f"diffusion_model.{name}", tensors[name]) for name in chosen]
    return Sample(
        shapes=[list(one.shape) for one in originals],
        values=[value for one in originals for value in _values(one, VALUES)],
        relative=max((torch.finfo(one.dtype).eps for one in originals), default=0.0),
        absolute=NO_WEIGHT,
    )


def _is_readable(weight: Tensor) -> bool:
    """Quantised weights have no numbers that two machines would agree on; others are not there."""
    return weight.is_floating_point() and not weight.is_meta and weight.ndim > 1


def _unpatched(patcher: comfy.model_patcher.ModelPatcher, key: str, weight: Tensor) -> Tensor:
    kept = patcher.backup.get(key)  # where the core puts a weight that it patches in place
    return weight if kept is None else getattr(kept, "weight", weight)


def _patches(patcher: comfy.model_patcher.ModelPatcher) -> str:
    """A hash of what is added to the weights, the same in every session."""
    patches = patcher.patches
    strengths = [(key, [[one[0], one[2]] for one in patches[key]]) for key in sorted(patches)]
    looked_at = [
        _tensors(one[1]) for key in _spread(sorted(patches), TENSORS) for one in patches[key]
    ]
    values = [f"{value:.2e}" for one in chain(*looked_at) for value in _values(one, VALUES)]
    return _hash([strengths, values])


def _tensors(patch: object) -> Iterator[Tensor]:
    """The tensors of a patch, which is a tensor, an adapter with weights, or a tuple of such."""
    if isinstance(patch, Tensor):
        yield patch
    elif isinstance(patch, (tuple, list)):
        yield from chain.from_iterable(_tensors(one) for one in patch)
    elif hasattr(patch, "weights"):
        yield from _tensors(patch.weights)


def _prompt(conditioning: list) -> Sample:
    tokens = [tokens for tokens, _ in conditioning]
    values = [value for one in tokens for value in _values(one, PROMPT_VALUES)]
    return Sample(
        shapes=[list(one.shape) for one in tokens],
        values=values,
        relative=0.0,
        absolute=PROMPT_ROUNDING * max(map(abs, values), default=0.0),
    )


def _values(tensor: Tensor, count: int) -> list[float]:
    """Numbers evenly spread over a tensor."""
    flat = tensor.detach().reshape(-1)
    return [float(flat[place]) for place in _spread(range(len(flat)), count)]


def _spread(items: Sequence, count: int) -> list:
    """At most `count` of them, from the first to the last."""
    places = torch.linspace(0, len(items) - 1, min(count, len(items)), dtype=torch.float64)
    return [items[place] for place in places.round().long().tolist()]


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()
