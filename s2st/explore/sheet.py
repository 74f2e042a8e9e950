"""A labelled sheet of a grid's cells. The only file of this room that needs Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .choice import Cell, frontier
from .grid import label

PAPER, INK, FAINT = (250, 250, 250), (40, 40, 40), (190, 190, 190)
CHOSEN, FRONTIER = "CHOSEN", "on the frontier"
FRAMES = {CHOSEN: (34, 139, 84), FRONTIER: (31, 119, 180), "": FAINT}
HEIGHT = 192  # of a picture
NARROWEST, WIDEST = 224, 640  # of a tile: its words need room, its pictures must end
SHOWN = 2  # pictures beside each other in a tile
COLUMNS = 4
GAP, LINE, FRAME = 8, 17, 4

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True)
class Tile:
    """Pictures [B, 3, H, W] with the lines below them; a colour frames what stands out."""

    pictures: Tensor
    lines: Sequence[str]
    frame: tuple[int, int, int] = FAINT


def cell_tiles(done: Sequence[tuple[Cell, Tensor]], names: Sequence[str], best: int) -> list[Tile]:
    """Cells with their pictures, settings, measures and marks; `best` is the chosen one."""
    edge = frontier([cell for cell, _ in done])
    return [
        _cell_tile(cell, pictures, names, at + 1, _mark(at == best, at in edge))
        for at, (cell, pictures) in enumerate(done)
    ]


def _cell_tile(cell: Cell, pictures: Tensor, names: Sequence[str], number: int, mark: str) -> Tile:
    measured = cell.measured
    lines = [
        f"{number}: {label(cell.settings, names)}",
        f"structure {measured.structure:.3f}   look {measured.look:.3f}",
        f"{cell.evaluations} evaluations   {mark}".rstrip(),
    ]
    return Tile(pictures, lines, FRAMES[mark])


def _mark(chosen: bool, on_frontier: bool) -> str:
    return CHOSEN if chosen else FRONTIER if on_frontier else ""


def draw(title: str, tiles: Sequence[Tile]) -> Image.Image:
    """The tiles in rows under a title."""
    drawn, large, small = [_row(tile.pictures) for tile in tiles], font(15), font(13)
    texts = [tile.lines for tile in tiles]
    words = max((_width(line, small) for lines in texts for line in lines), default=0)
    width = max(NARROWEST, words, *(one.width for one in drawn)) + 2 * FRAME
    height = HEIGHT + LINE * max(map(len, texts)) + 2 * FRAME + GAP
    columns = min(COLUMNS, len(tiles))
    whole = max(columns * (width + GAP), _width(title, large) + GAP) + GAP
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (whole, 2 * LINE + rows * (height + GAP)), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, GAP), title, INK, large)
    for number, (tile, picture) in enumerate(zip(tiles, drawn, strict=True)):
        left = GAP + number % columns * (width + GAP)
        top = 2 * LINE + number // columns * (height + GAP)
        pen.rectangle((left, top, left + width, top + height), outline=tile.frame, width=FRAME)
        sheet.paste(picture, (left + FRAME + (width - 2 * FRAME - picture.width) // 2, top + FRAME))
        for place, line in enumerate(tile.lines):
            below = top + FRAME + HEIGHT + LINE * place + 2
            pen.text((left + 2 * FRAME, below), line, INK, small)
    return sheet


def font(size: int) -> Font:
    """Pillow's own font, scalable where Pillow can."""
    try:
        return ImageFont.load_default(size)
    except (TypeError, OSError):
        return ImageFont.load_default()


def _width(text: str, written: Font) -> int:
    return int(written.getlength(text)) + 2 * FRAME


def _row(pictures: Tensor) -> Image.Image:
    """The first few pictures beside each other, at the sheet's height or narrower."""
    shown = pictures[:SHOWN]
    height, width = shown.shape[-2:]
    scale = min(HEIGHT / height, WIDEST / (width * len(shown)))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    sized = F.interpolate(shown, size=size, mode="bicubic", antialias=True).clamp(0, 1)
    beside = np.concatenate(list(sized.permute(0, 2, 3, 1).cpu().numpy()), axis=1)
    return Image.fromarray(np.rint(beside * 255).astype(np.uint8))
