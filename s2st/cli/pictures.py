"""Pictures from files: found, opened the right way up, and brought to one size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..batch.pictures import ENDINGS, opened


def pictures_at(path: Path, most: int) -> list[Path]:
    """A picture, or those of a folder: `most` at most, from the first to the last by name."""
    if not path.exists():
        raise ValueError(f"{path} does not exist: name a picture or a folder of pictures.")
    if path.is_file():
        return [path]
    found = sorted(one for one in path.iterdir() if one.suffix.lower() in ENDINGS)
    if not found:
        raise ValueError(
            f"{path} holds no picture, but at least 1 is needed: put some there that end in "
            f"{', '.join(sorted(ENDINGS))}."
        )
    places = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)
    return [found[place] for place in places]


def working_size(size: tuple[int, int], megapixels: float, stride: int) -> tuple[int, int]:
    """Width and height in whole latents, at most so many megapixels."""
    shrunk = min(1.0, (megapixels * 1e6 / (size[0] * size[1])) ** 0.5)
    width, height = (max(1, int(side * shrunk / stride)) * stride for side in size)
    return width, height


def read(paths: Sequence[Path], size: tuple[int, int]) -> Tensor:
    """[B, 3, H, W] in 0..1: scaled, and cropped around the middle where shapes differ."""
    fitted = [ImageOps.fit(opened(path), size, Image.Resampling.LANCZOS) for path in paths]
    values = np.stack([np.asarray(one, dtype=np.float32) / 255 for one in fitted])
    return torch.from_numpy(values).permute(0, 3, 1, 2).contiguous()
