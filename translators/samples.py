"""Pictures that show how far a run has come: a few items there, and back under several styles."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from demo_world.pictures import contact_sheet, write_picture
from s2st.many_to_one.translator import Translator

from .lessons import Pictures

ITEMS, STYLES = 6, 3


def sheet(translator: Translator, data: Pictures) -> tuple[Tensor, int]:
    """(pictures of a sheet, how many make a row): the first domain into every other and back.

    A row is an item: as it is and translated, then in the other domain and translated back.
    """
    generator = torch.Generator().manual_seed(0)
    items = torch.arange(min(ITEMS, data.count))
    names, columns = translator.names, []
    for number in range(1, len(names)):
        for source, target in ((0, number), (number, 0)):
            pictures = data.drawn(source, items, generator)
            columns.append(pictures)
            for style in styles(translator, names[target]):
                columns.append(translator.translate(pictures, names[source], names[target], style))
    rows = torch.stack(columns, dim=1)
    return rows.flatten(0, 1).cpu(), len(columns)


def styles(translator: Translator, target: str) -> list[Tensor | None]:
    """None where a domain takes none, else a few that look different."""
    if not translator.takes_style(target):
        return [None]
    return [translator.style_of_seed(target, seed) for seed in range(STYLES)]


def show(translator: Translator, data: Pictures, path: Path) -> None:
    """Write the sheet."""
    pictures, columns = sheet(translator, data)
    write_picture(path, contact_sheet(pictures, columns))
