"""Pictures for people: tensors to bytes, contact sheets, files."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image


def contact_sheet(images, columns, gap=2):
    """Pictures [n, 3, h, w] in rows on a white ground, as uint8 [H, W, 3]."""
    count, _, height, width = images.shape
    rows = -(-count // columns)
    sheet = torch.ones(3, rows * (height + gap) - gap, columns * (width + gap) - gap)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return np.rint(sheet.clamp(0, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)


def write_picture(path, sheet):
    """Write a uint8 picture as JPEG or PNG, by its name."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path, quality=88, optimize=True)
