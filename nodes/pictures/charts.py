"""Charts as pictures: a loss over steps, a weight per channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ...s2st.explore.sheet import font

SIZE = (640, 360)
MARGIN = 56
PAPER, INK, GRID = (250, 250, 250), (40, 40, 40), (215, 215, 215)
COLOURS = ((31, 119, 180), (214, 96, 39), (44, 140, 90), (140, 80, 160))


def as_image(picture: Image.Image) -> Tensor:
    """A Pillow picture as IMAGE [1,H,W,3]."""
    return torch.from_numpy(np.asarray(picture.convert("RGB"), dtype=np.float32) / 255.0)[None]


def line_chart(title: str, curves: dict[str, Sequence[float]], across: str) -> Tensor:
    """One line per curve over its index; IMAGE."""
    picture, draw = _frame(title)
    drawn = {name: values for name, values in curves.items() if len(values) > 0}
    if not drawn:
        draw.text((MARGIN, SIZE[1] // 2), "nothing was optimised", INK, font(16))
        return as_image(picture)
    highest = max(max(values) for values in drawn.values())
    lowest = min(0.0, min(min(values) for values in drawn.values()))
    _axis(draw, lowest, highest, across)
    for number, (name, values) in enumerate(drawn.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [_place(i, len(values), one, lowest, highest) for i, one in enumerate(values)]
        draw.line(points, fill=colour, width=2)
        for x, y in points:
            draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
        draw.text((SIZE[0] - 200, 30 + 18 * number), name, colour, font(13))
    return as_image(picture)


def bar_chart(title: str, values: Sequence[float], across: str) -> Tensor:
    """One bar per value with its number on top; IMAGE."""
    picture, draw = _frame(title)
    highest = max(max(values), 1e-12)
    _axis(draw, 0.0, highest, across)
    room = (SIZE[0] - 2 * MARGIN) / len(values)
    for number, value in enumerate(values):
        left, right = MARGIN + room * (number + 0.15), MARGIN + room * (number + 0.85)
        top = _height(value, 0.0, highest)
        draw.rectangle((left, top, right, SIZE[1] - MARGIN), fill=COLOURS[0])
        draw.text((left, top - 18), f"{value:.2f}", INK, font(13))
        draw.text((left, SIZE[1] - MARGIN + 4), str(number), INK, font(13))
    return as_image(picture)


def _frame(title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, 8), title, INK, font(16))
    return picture, draw


def _axis(draw: ImageDraw.ImageDraw, lowest: float, highest: float, across: str) -> None:
    for part in range(5):
        value = lowest + (highest - lowest) * part / 4
        y = _height(value, lowest, highest)
        draw.line((MARGIN, y, SIZE[0] - MARGIN, y), fill=GRID)
        draw.text((4, y - 8), f"{value:.3g}", INK, font(12))
    draw.text((SIZE[0] // 2 - 40, SIZE[1] - 24), across, INK, font(13))


def _height(value: float, lowest: float, highest: float) -> float:
    room = SIZE[1] - 2 * MARGIN
    return SIZE[1] - MARGIN - room * (value - lowest) / max(highest - lowest, 1e-12)


def _place(index: int, count: int, value: float, lowest: float, highest: float):
    x = MARGIN + (SIZE[0] - 2 * MARGIN) * index / max(count - 1, 1)
    return x, _height(value, lowest, highest)
