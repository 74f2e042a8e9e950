"""The work of `calibrate`: a grid of cells, each run, measured and drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from torch import Tensor

from ..adapters.diffusers import PipelineParts
from ..batch.translator import model_mark
from ..explore.choice import Cell, Choice
from ..explore.grid import label, varied
from ..explore.measures import Judge
from ..explore.preset import Preset
from ..explore.run import Finished, Folder, explore, key_of, mark_of
from ..explore.sheet import Tile, cell_tiles, draw
from ..kit.storage import write_whole
from ..model.contract import StepRecord
from ..path.settings import PathSettings
from .asked import Asked, decoded
from .bar import Bar

SHEET, CELLS = "sheet.png", "cells"


class Calibration:
    """A grid on one model and some pictures; the sheet grows with every cell."""

    def __init__(
        self,
        parts: PipelineParts,
        asked: Asked,
        cells: Sequence[PathSettings],
        choice: Choice,
        out: Path,
    ) -> None:
        self._parts, self._asked, self._cells = parts, asked, cells
        self._choice, self._out, self._names = choice, out, varied(cells)
        self._shelf = Folder(out / CELLS)
        self._model = model_mark(parts)
        texts = asked.prompt, asked.target, asked.negative
        self._mark = mark_of(self._model, *texts, asked.source, asked.references)
        self._done: list[tuple[Cell, Tensor]] = []

    def judged(self) -> list[Cell]:
        """Every cell with its measures; Ctrl-C leaves those that are done."""
        judge = Judge(self._asked.source, self._asked.references)
        try:
            for settings, finished in zip(self._cells, self._finished(), strict=True):
                pictures = decoded(self._parts, finished.latent)
                cell = Cell(settings, judge(pictures), finished.evaluations, finished.seconds)
                self._done.append((cell, pictures))
                self._draw()
        except KeyboardInterrupt:
            sys.stderr.write(
                f"\n{len(self._done)} of {len(self._cells)} cells are done and kept in "
                f"{self._out}: the same command goes on from there."
            )
            raise
        return [cell for cell, _ in self._done]

    def best(self) -> int:
        """The number of the chosen one among the cells that are done."""
        return self._choice.of([cell for cell, _ in self._done])

    def preset(self, cell: Cell) -> Preset:
        """A cell's settings, with what they came to and where."""
        measures = {**asdict(cell.measured), "evaluations": cell.evaluations}
        made = {"model": self._model, "pictures": self._mark, "cells": len(self._cells)}
        return Preset(settings=cell.settings, measures=measures, made=made)

    def _finished(self) -> Iterator[Finished]:
        """The cells' runs, moving the bar; the models' work is what it counts."""
        missing = [self._missing(one) for one in self._cells]
        bar, task = Bar(sum(missing)), self._asked.task(self._parts)
        before = 0

        def told(number: int) -> str:
            return f"{number + 1}/{len(self._cells)} {label(self._cells[number], self._names)}"

        def on_step(record: StepRecord) -> None:
            bar.show(before + record.evaluations, told(len(self._done)))

        run = explore(
            self._parts.denoiser,
            self._parts.sigma_table,
            task,
            self._cells,
            self._shelf,
            self._mark,
            on_step=on_step,
        )
        for number, finished in enumerate(run):
            before += missing[number]
            bar.part(before, told(number) + ("" if missing[number] else ", kept from before"))
            yield finished

    def _missing(self, settings: PathSettings) -> int:
        """Evaluations that a cell still takes."""
        found = self._shelf.find(key_of(settings, self._mark))
        return settings.evaluations if found is None else 0

    def _draw(self) -> None:
        asked = self._asked
        tiles = [
            Tile(asked.source, ["source", asked.prompt]),
            Tile(asked.references, ["references", asked.target]),
            *cell_tiles(self._done, self._names, self.best()),
        ]
        title = f"{len(self._done)} of {len(self._cells)} cells: {self._choice.title}"
        contents = BytesIO()
        draw(title, tiles).save(contents, "PNG")
        write_whole(self._out / SHEET, contents.getvalue())
