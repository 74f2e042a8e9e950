"""Renders that judging needs again and again, kept on disk as 8-bit pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from demo_world import REFERENCE_SEEDS, labels, render, scene

from .fingerprint import ROOT, fingerprint
from .lab import pictures
from .store import eight_bits, short_hash

FOLDER = ROOT / ".cache" / "bench" / "scenes"
POOL_SEEDS = REFERENCE_SEEDS[1000:1256]  # of a domain's own look; no method is ever given these


def rendered(seeds: Sequence[int], domain: str, folder: Path = FOLDER) -> Tensor:
    """The scenes of these seeds, [B, 3, 128, 128] in 0..1, rounded to 8 bits."""

    def make() -> Tensor:
        return eight_bits(pictures(seeds, domain))

    return _kept(folder, domain, seeds, make).float() / 255


def label_maps(seeds: Sequence[int], folder: Path = FOLDER) -> Tensor:
    """The true class of every pixel, [B, 128, 128]."""

    def make() -> Tensor:
        return torch.stack([torch.from_numpy(labels(scene(seed))) for seed in seeds])

    return _kept(folder, "labels", seeds, make).long()


def _kept(folder: Path, kind: str, seeds: Sequence[int], make) -> Tensor:
    key = short_hash([list(seeds), fingerprint(scene, render, labels)])
    path = folder / f"{kind}-{key}.safetensors"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        save_file({"values": make()}, partial)
        partial.replace(path)
    return load_file(path)["values"]
