"""Renders that judging needs again and again, kept on disk as 8-bit pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from demo_world import REFERENCE_SEEDS, labels, scene

from .hashes import KEPT, ROOT, files_hash, short_hash
from .lab import pictures
from .store import eight_bits, kept

POOL_SEEDS = REFERENCE_SEEDS[1000:1256]  # of a domain's own look; no method is ever given these


def rendered(seeds: Sequence[int], domain: str) -> Tensor:
    """The scenes of these seeds, [B, 3, 128, 128] in 0..1, rounded to 8 bits."""
    return _kept(domain, seeds, lambda: eight_bits(pictures(seeds, domain))).float() / 255


def label_maps(seeds: Sequence[int]) -> Tensor:
    """The true class of every pixel, [B, 128, 128]."""

    def make() -> Tensor:
        return torch.stack([torch.from_numpy(labels(scene(seed))) for seed in seeds])

    return _kept("labels", seeds, make).long()


def _kept(kind: str, seeds: Sequence[int], make: Callable[[], Tensor]) -> Tensor:
    key = short_hash([list(seeds), files_hash(ROOT / "demo_world")])
    path = KEPT / "scenes" / f"{kind}-{key}.safetensors"
    return kept(path, lambda: {"values": make()})["values"]
