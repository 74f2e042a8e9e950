"""The demo world in its autoencoder's latents: scenes in six looks, and what is where in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from demo_world import load
from demo_world.model import CHECKPOINT, WEIGHTS, as_pipeline
from s2st.adapters.diffusers import PipelineParts

from ..scenes import FOLDER, label_maps, renders

AT_ONCE = 12


@dataclass(frozen=True)
class World:
    """Latents [n, looks, C, h, w] of scenes, and the class of every pixel [n, H, W]."""

    latents: Tensor
    classes: Tensor

    @property
    def count(self) -> int:
        return len(self.classes)

    @property
    def looks(self) -> int:
        return self.latents.shape[1]


@cache
def autoencoder() -> PipelineParts:
    """The demo model, for its autoencoder."""
    return PipelineParts.of(as_pipeline(load()))


def world(seeds: Sequence[int], size: int, workers: int, folder: Path = FOLDER) -> World:
    """These scenes, rendered and encoded once and kept."""
    mark = hashlib.sha256((WEIGHTS / CHECKPOINT).read_bytes()).hexdigest()[:8]
    path = folder / f"latents-{seeds[0]}-{len(seeds)}-{size}-{mark}.npy"
    if not path.exists():
        made = encoded(renders(seeds, size, workers, folder))
        np.save(path, made.numpy(), allow_pickle=False)
    latents = torch.from_numpy(np.load(path, allow_pickle=False))
    return World(latents, label_maps(seeds, size))


def encoded(pictures: Tensor) -> Tensor:
    """Bytes [n, looks, 3, H, W] as latents [n, looks, C, h, w] in half precision."""
    parts = pictures.flatten(0, 1).split(AT_ONCE)
    encode = autoencoder().encode_image
    made = [encode(one.float() / 255).half() for one in tqdm(parts, desc="encoding")]
    return torch.cat(made).unflatten(0, tuple(pictures.shape[:2]))
