"""A trained translator as one value: pictures of one domain into another, and one file on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kit.storage import check_weights, damage_told, read_file, write_file
from .domains import COLOURS, number_of
from .networks import Networks, Plan

KIND = "translator"
SUFFIX = ".translator.safetensors"


@dataclass(frozen=True)
class Translator:
    """Networks that learn no more; pictures are [B, 3, H, W] in 0..1, of any device."""

    plan: Plan
    networks: Networks
    made: Mapping[str, Any] = field(default_factory=dict)  # how it was trained, in plain values

    def __post_init__(self) -> None:
        self.networks.requires_grad_(False).train(False)

    @property
    def names(self) -> list[str]:
        """Of its domains."""
        return [one.name for one in self.plan.domains]

    def takes_style(self, target: str) -> bool:
        """Whether a style has any say in what a translation to this domain becomes."""
        return self.plan.takes_style(self._number(target))

    @torch.no_grad()
    def style_of_seed(self, target: str, seed: int, count: int = 1) -> Tensor:
        """Styles [count, style] of a domain; each is what a seed of its own would give first."""
        latent = self.plan.design.latent
        noise = [
            torch.randn(1, latent, generator=torch.Generator().manual_seed(seed + place))
            for place in range(count)
        ]
        styles = torch.cat(noise).to(self._device)
        return self.networks.drawn(styles, self._filled(self._number(target), count))

    @torch.no_grad()
    def style_of_pictures(self, target: str, pictures: Tensor) -> Tensor:
        """The styles [B, style] of pictures of a domain, which may have any size."""
        check_pictures("The reference", pictures)
        number, size = self._number(target), self.plan.design.size
        seen = pictures.to(self._device)
        if seen.shape[-2:] != (size, size):
            seen = F.interpolate(seen, size=(size, size), mode="bilinear", antialias=True)
        return self.networks.read(self.plan.into(number, seen), self._filled(number, len(seen)))

    @torch.no_grad()
    def translate(
        self, pictures: Tensor, source: str, target: str, styles: Tensor | None = None
    ) -> Tensor:
        """Pictures of `source` as pictures of `target`, under one style or one for each."""
        maps = self.maps(pictures, source, target, styles)
        return self.plan.out(self._number(target), maps).to(pictures.device)

    @torch.no_grad()
    def maps(
        self, pictures: Tensor, source: str, target: str, styles: Tensor | None = None
    ) -> Tensor:
        """The same as the generator gives it, before it is made a picture of."""
        check_pictures("The source", pictures)
        self._check_size(pictures)
        number, wanted, count = self._number(source), self._number(target), len(pictures)
        seen = self.plan.into(number, pictures.to(self._device))
        given = self._checked(target, styles, count)
        made: Tensor = self.networks(
            seen, self._filled(number, count), self._filled(wanted, count), given
        )
        return made

    def save(self, path: Path, half: bool = False) -> None:
        """Everything in one safetensors file, never half written; `half` is half precision."""
        facts = {**self.plan.facts, "made": dict(self.made)}
        weights = self.networks.state_dict()
        kept = {name: one.half() if half else one for name, one in weights.items()}
        write_file(path, KIND, kept, facts)

    @classmethod
    def load(cls, path: Path) -> Translator:
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

    def to(self, device: torch.device) -> Translator:
        """The same on a device; the networks themselves move."""
        self.networks.to(device)
        return self

    @property
    def _device(self) -> torch.device:
        return next(self.networks.parameters()).device

    def _number(self, name: str) -> int:
        return number_of(self.plan.domains, name)

    def _filled(self, number: int, count: int) -> Tensor:
        return torch.full((count,), number, device=self._device)

    def _checked(self, target: str, styles: Tensor | None, count: int) -> Tensor:
        width = self.plan.design.style
        if not self.takes_style(target):
            if styles is not None and bool(styles.any()):
                raise ValueError(
                    f"A style is given, but {target!r} has one answer for each picture and takes "
                    f"none: leave it out."
                )
            return torch.zeros(count, width, device=self._device)
        if styles is None:
            raise ValueError(
                f"No style is given, but {target!r} has many answers for each picture: take one "
                f"of a seed or of a reference picture."
            )
        if styles.shape not in ((1, width), (count, width)):
            raise ValueError(
                f"The styles have shape {tuple(styles.shape)}, but {count} pictures need "
                f"[1 or {count}, {width}]: make them with this translator."
            )
        return styles.to(self._device).expand(count, -1)

    def _check_size(self, pictures: Tensor) -> None:
        stride, (height, width) = self.plan.design.stride, pictures.shape[-2:]
        if min(height, width) < 2 * stride or height % stride or width % stride:
            raise ValueError(
                f"The source is {width} x {height} pixels, but its sides must be multiples of "
                f"{stride} from {2 * stride}; it was trained at {self.plan.design.size}: scale it."
            )


def check_pictures(name: str, pictures: Tensor) -> None:
    """Finite pictures [B, 3, H, W] in 0..1."""
    if pictures.ndim != 4 or pictures.shape[1] != COLOURS or not pictures.numel():
        raise ValueError(
            f"{name} has shape {tuple(pictures.shape)}, but must be [pictures, {COLOURS}, height, "
            f"width]: drop an alpha channel, repeat a grey one."
        )
    low, high = float(pictures.min()), float(pictures.max())
    if not (low >= -1e-4 and high <= 1 + 1e-4):
        raise ValueError(
            f"{name} has values from {low:g} to {high:g}, but they must lie within 0 to 1: "
            f"scale it."
        )
