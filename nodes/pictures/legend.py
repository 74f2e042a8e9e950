"""The legend of a label map as a picture: each class's name beside its colour."""

from __future__ import annotations

from PIL import Image, ImageDraw
from torch import Tensor

from ...s2st.kit.legend import Legend
from .charts import INK, PAPER, as_image, font

LINE, SWATCH, WIDTH = 28, 20, 240


def legend_picture(legend: Legend, nothing: str = "no classes") -> Tensor:
    """IMAGE; `nothing` is said where there is no class."""
    names = legend or {nothing: PAPER}
    picture = Image.new("RGB", (WIDTH, LINE * len(names) + LINE - SWATCH), PAPER)
    draw = ImageDraw.Draw(picture)
    for place, (name, colour) in enumerate(names.items()):
        top = LINE * place + LINE - SWATCH
        draw.rectangle((8, top, 8 + SWATCH, top + SWATCH), fill=tuple(colour))
        draw.text((16 + SWATCH, top + 2), name, INK, font(14))
    return as_image(picture)
