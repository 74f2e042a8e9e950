"""A labelled contact sheet: one row per scene, one column per stage, references below."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK = (250, 250, 250), (40, 40, 40)
GAP, LABEL = 6, 22
CELL = 192


def contact_sheet(
    columns: Mapping[str, Sequence[np.ndarray]], references: Sequence[np.ndarray], caption: str
) -> Image.Image:
    """Pictures are float [H,W,3] in 0..1; `references` fill the last row."""
    rows = max(len(pictures) for pictures in columns.values())
    step = CELL + GAP
    width, height = GAP + step * len(columns), 2 * LABEL + step * (rows + 1) + GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, (name, pictures) in enumerate(columns.items()):
        draw.text((GAP + step * place, 3), name, INK, font)
        for row, picture in enumerate(pictures):
            sheet.paste(cell(picture), (GAP + step * place, LABEL + step * row))
    below = LABEL + step * rows
    draw.text((GAP, below + 2), caption, INK, font)
    for place, picture in enumerate(references[: len(columns)]):
        sheet.paste(cell(picture), (GAP + step * place, below + LABEL))
    return sheet


def cell(picture: np.ndarray) -> Image.Image:
    """One picture at the sheet's size."""
    whole = Image.fromarray(np.rint(picture[..., :3].clip(0, 1) * 255).astype(np.uint8))
    return whole.resize((CELL, CELL), Image.LANCZOS)
