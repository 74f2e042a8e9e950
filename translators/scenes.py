"""The demo world's scenes as lessons: photo and label map, or the six domains.

A photo shows a scene in any of the six domains, and so a label map has many photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demo_world import DOMAINS, LEGEND, labels, scene
from demo_world.training.data import rendered
from s2st.many_to_one.domains import Domain, Kind
from tools.environment import ROOT

FOLDER = ROOT / ".cache" / "translators"
PHOTO = Domain(name="photo")
LABEL_MAP = Domain(name="labels", kind=Kind.LABELS, many=False, legend=LEGEND)
PHOTO_PLACE, LABELS_PLACE = 0, 1
SCENES = (PHOTO, LABEL_MAP)
LOOKS = tuple(Domain(name=name) for name in DOMAINS)


@dataclass(frozen=True)
class Scenes:
    """Renders [n, 6, 3, H, W] in bytes and label maps [n, H, W]; every second item is mirrored."""

    renders: Tensor
    classes: Tensor

    @property
    def domains(self) -> tuple[Domain, ...]:
        return SCENES

    @property
    def count(self) -> int:
        return 2 * len(self.renders)

    def drawn(self, domain: int, items: Tensor, generator: torch.Generator) -> Tensor:
        """These scenes as label maps, or as photos of random looks."""
        if domain == LABELS_PLACE:
            return mirrored(LABEL_MAP.painted(self.classes[items // 2].long()), items)
        looks = torch.randint(len(LOOKS), (len(items),), generator=generator)
        return shown(self.renders, items, looks)


@dataclass(frozen=True)
class Looks:
    """Renders [n, 6, 3, H, W] in bytes: the six domains; every second item is mirrored."""

    renders: Tensor

    @property
    def domains(self) -> tuple[Domain, ...]:
        return LOOKS

    @property
    def count(self) -> int:
        return 2 * len(self.renders)

    def drawn(self, domain: int, items: Tensor, generator: torch.Generator) -> Tensor:
        """These scenes in one of the domains."""
        return shown(self.renders, items, torch.full_like(items, domain))


def shown(renders: Tensor, items: Tensor, looks: Tensor) -> Tensor:
    """Each item under its look, in 0..1."""
    return mirrored(renders[items // 2, looks].float() / 255, items)


def mirrored(pictures: Tensor, items: Tensor) -> Tensor:
    """Pictures of items, those with an odd number left to right."""
    odd = (items % 2 == 1)[:, None, None, None]
    return torch.where(odd, pictures.flip(-1), pictures)


def renders(seeds: Sequence[int], size: int, workers: int, folder: Path = FOLDER) -> Tensor:
    """Every domain of these scenes in bytes, rendered once and kept."""
    name = f"renders-{seeds[0]}-{len(seeds)}-{size}.npy"
    return rendered(folder / name, seeds, size, workers)


def label_maps(seeds: Sequence[int], size: int) -> Tensor:
    """The class of every pixel, [n, size, size]."""
    return torch.from_numpy(np.stack([labels(scene(seed), size) for seed in seeds]))


def scenes(seeds: Sequence[int], size: int, workers: int, folder: Path = FOLDER) -> Scenes:
    return Scenes(renders(seeds, size, workers, folder), label_maps(seeds, size))


def looks(seeds: Sequence[int], size: int, workers: int, folder: Path = FOLDER) -> Looks:
    return Looks(renders(seeds, size, workers, folder))
