"""A labelled contact sheet: one row per scene, one column per stage, references below."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK = (250, 250, 250), (40, 40, 40)
GAP, LABEL = 6, 22
CELL = 192
STEP = CELL + GAP
FONT = ImageFont.load_default(14)


def contact_sheet(
    columns: Mapping[str, Sequence[np.ndarray]], references: Sequence[np.ndarray], caption: str
) -> Image.Image:
    """Pictures are float [H,W,3] in 0..1; `references` fill the last row."""
    above = labelled(columns)
    below = Image.new("RGB", (above.width, LABEL + STEP), PAPER)
    ImageDraw.Draw(below).text((GAP, 2), caption, INK, FONT)
    for place, picture in enumerate(references[: len(columns)]):
        below.paste(cell(picture), (GAP + STEP * place, LABEL))
    sheet = Image.new("RGB", (above.width, above.height + below.height), PAPER)
    sheet.paste(above, (0, 0))
    sheet.paste(below, (0, above.height))
    return sheet


def labelled(columns: Mapping[str, Sequence[np.ndarray]]) -> Image.Image:
    """Pictures below the names of their columns."""
    rows = max(len(pictures) for pictures in columns.values())
    sheet = Image.new("RGB", (GAP + STEP * len(columns), LABEL + STEP * rows), PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, (name, pictures) in enumerate(columns.items()):
        draw.text((GAP + STEP * place, 3), name, INK, FONT)
        for row, picture in enumerate(pictures):
            sheet.paste(cell(picture), (GAP + STEP * place, LABEL + STEP * row))
    return sheet


def cell(picture: np.ndarray) -> Image.Image:
    """One picture at the sheet's size."""
    whole = Image.fromarray(np.rint(picture[..., :3].clip(0, 1) * 255).astype(np.uint8))
    return whole.resize((CELL, CELL), Image.LANCZOS)
