"""The trained variant as one value: label maps and exemplars into scenes, and one file on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..kit.legend import classes_of, one_hot
from ..kit.storage import check_weights, damage_told, read_file, write_file
from ..look.exemplars import AT_ONCE, Exemplars
from ..model.checks import check_latent
from ..model.contract import OnStep, ignore
from .networks import Networks, Plan
from .sampling import OnMatch, SceneConfig, sampled, unheard

KIND = "scene network"
SUFFIX = ".scene-network.safetensors"
COLOURS = 3


@dataclass(frozen=True)
class SceneNetwork:
    """Networks that learn no more; latents are those of the autoencoder they were trained with."""

    plan: Plan
    networks: Networks
    made: Mapping[str, Any] = field(default_factory=dict)  # how it was trained, in plain values

    def __post_init__(self) -> None:
        self.networks.requires_grad_(False).train(False)

    @torch.no_grad()
    def exemplars(self, latents: Tensor) -> Exemplars:
        """Latents [E, C, h, w] of pictures of one look, with their features."""
        check_latent("The exemplar", latents)
        wanted = self.plan.design.channels
        if latents.shape[1] != wanted:
            raise ValueError(
                f"The exemplar has {latents.shape[1]} channels, but this network was trained on "
                f"{wanted}: encode it with the autoencoder that it was trained with."
            )
        known = latents.to(self._device)
        parts = [self.networks.of_photo(one) for one in known.split(AT_ONCE)]
        return Exemplars(known, torch.cat(parts))

    def scenes(
        self,
        labels: Tensor,
        exemplars: Exemplars,
        config: SceneConfig | None = None,
        *,
        on_step: OnStep = ignore,
        on_match: OnMatch = unheard,
    ) -> Tensor:
        """Latents of label maps [B, 3, H, W] in the legend's colours, in the exemplars' look."""
        self._check_labels(labels)
        classes = classes_of(labels.to(self._device), self.plan.legend)
        shown = one_hot(classes, self.plan.classes)
        made = sampled(
            self.networks,
            shown,
            exemplars,
            config or SceneConfig(),
            on_step=on_step,
            on_match=on_match,
        )
        return made.to(labels.device)

    def save(self, path: Path, half: bool = False) -> None:
        """Everything in one safetensors file, never half written; `half` is half precision."""
        facts = {**self.plan.facts, "made": dict(self.made)}
        weights = self.networks.state_dict()
        kept = {name: one.half() if half else one for name, one in weights.items()}
        write_file(path, KIND, kept, facts)

    @classmethod
    def load(cls, path: Path) -> SceneNetwork:
        """What `save` wrote; a sentence says why another file cannot be taken."""
        tensors, facts = read_file(path, KIND)
        with damage_told(path, KIND):
            plan = Plan.of(facts)
            build = partial(Networks, plan, torch.Generator().manual_seed(0))
            check_weights(build, tensors)
            networks = build()
            networks.load_state_dict(tensors)
            made = facts["made"]
            if not isinstance(made, dict):
                raise ValueError("what it says of its training is no list of facts")
            return cls(plan, networks, made)

    @property
    def _device(self) -> torch.device:
        return next(self.networks.parameters()).device

    def _check_labels(self, labels: Tensor) -> None:
        if labels.ndim != 4 or labels.shape[1] != COLOURS or not labels.numel():
            raise ValueError(
                f"The label map has shape {tuple(labels.shape)}, but must be [maps, {COLOURS}, "
                f"height, width]: paint each class in the legend's colour."
            )
        step, (height, width) = self.plan.design.step, labels.shape[-2:]
        if height % step or width % step:
            raise ValueError(
                f"The label map is {width} x {height} pixels, but its sides must be multiples of "
                f"{step}; it was trained at {self.plan.design.size}: scale it."
            )
