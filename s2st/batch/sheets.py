"""Sheets on which sources and their results stand beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..explore.sheet import HEIGHT, Tile, draw
from ..kit.storage import write_whole
from .items import Item
from .pictures import Unreadable, read

FOLDER = "compare"
EACH = 24  # pictures of a sheet
QUALITY = 90
LONGEST = 40  # letters of a name


def draw_sheets(items: Sequence[Item], out: Path) -> list[Path]:
    """The sheets' files, for the items that have a result."""
    there = [one for one in items if one.target.is_file()]
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number in range(-(-len(there) // EACH)):
        some = there[number * EACH : (number + 1) * EACH]
        path = folder / f"{number + 1:04}.jpg"
        contents = BytesIO()
        draw(f"sources and results, sheet {number + 1}", [*_tiles(some)]).save(
            contents, "JPEG", quality=QUALITY
        )
        write_whole(path, contents.getvalue())
        written.append(path)
    return written


def _tiles(items: Sequence[Item]) -> Iterator[Tile]:
    for item in items:
        try:
            pair = [_small(read(path).pixels) for path in (item.source, item.target)]
        except Unreadable:
            continue  # its row tells why
        yield Tile(torch.cat([_as(pair[1], pair[0]), pair[1]]), [item.id[-LONGEST:]])


def _small(picture: Tensor) -> Tensor:
    """At a sheet's height."""
    height, width = picture.shape[-2:]
    size = (HEIGHT, max(1, round(width * HEIGHT / height)))
    return F.interpolate(picture, size=size, mode="bilinear", antialias=True)


def _as(like: Tensor, picture: Tensor) -> Tensor:
    """A picture at the size of another, so that they can stand in one tile."""
    if picture.shape == like.shape:
        return picture
    return F.interpolate(picture, size=like.shape[-2:], mode="bilinear", antialias=True)
