"""Run the cells of a study, each only once: what it made and what was measured are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..fingerprint import fingerprint
from ..lab import Lab, Meter, Pair, make_case, open_lab
from ..store import eight_bits, short_hash, weights_hash
from . import axes
from .options import Procedure, Stock
from .studies import Cell, Study


@dataclass(frozen=True)
class Made:
    """The pictures of a cell, what an image has cost, and the state of the code that made them."""

    pictures: Tensor  # [B, 3, H, W], uint8
    spent: Meter
    code: str


@dataclass(frozen=True)
class Result:
    """One cell on one pair, every axis scene by scene."""

    pair: Pair
    cell: Cell
    values: dict[str, list[float]]
    spent: Meter


@dataclass(frozen=True)
class Cabinet:
    """The folder in which cells are kept; a cell made by other code counts as missing.

    `adopt` takes it all the same: only for a person who knows that the change changed no result.
    """

    folder: Path
    adopt: bool = False

    def made(self, pair: Pair, cell: Cell, seeds: Sequence[int]) -> Made | None:
        path = self._path(pair, cell, seeds, "safetensors")
        if not path.exists():
            return None
        with safe_open(path, "pt") as file:
            facts, pictures = file.metadata(), file.get_tensor("pictures")
        made = Made(pictures, Meter(**json.loads(facts["spent"])), facts["code"])
        return made if self.adopt or made.code == code_of(cell.procedure) else None

    def keep(self, made: Made, pair: Pair, cell: Cell, seeds: Sequence[int]) -> None:
        """Write whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(pair, cell, seeds, "safetensors")
        partial = path.with_suffix(".partial")
        facts = {"spent": json.dumps(asdict(made.spent)), "code": made.code}
        save_file({"pictures": made.pictures}, partial, facts)
        partial.replace(path)
        self._path(pair, cell, seeds, "json").unlink(missing_ok=True)

    def values(self, pair: Pair, cell: Cell, seeds: Sequence[int]) -> dict[str, list[float]] | None:
        """What was measured of a cell, unless the way of measuring has changed since."""
        path = self._path(pair, cell, seeds, "json")
        if not path.exists():
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["values"] if kept["axes"] == axes.edition() else None

    def note(
        self, values: dict[str, list[float]], pair: Pair, cell: Cell, seeds: Sequence[int]
    ) -> None:
        facts = {"pair": pair.name, "options": repr(cell.options), "seeds": list(seeds)}
        facts |= {"axes": axes.edition(), "values": values}
        self._path(pair, cell, seeds, "json").write_text(json.dumps(facts), encoding="utf-8")

    def _path(self, pair: Pair, cell: Cell, seeds: Sequence[int], kind: str) -> Path:
        procedure = f"{cell.procedure.__module__}.{cell.procedure.__qualname__}"
        facts = [weights_hash(), procedure, pair.name, list(seeds), repr(cell.options)]
        return self.folder / f"{short_hash(facts)}.{kind}"


@dataclass
class Bench:
    """Where cells run: the laboratory, the cabinet, and the cases made so far."""

    lab: Lab
    cabinet: Cabinet
    _stocks: dict[tuple[Pair, tuple[int, ...]], Stock] = field(default_factory=dict)
    _looks: dict[Pair, Tensor] = field(default_factory=dict)

    def result(self, pair: Pair, cell: Cell, seeds: tuple[int, ...]) -> Result:
        """What a cell gives on these scenes, from the cabinet as far as it is there."""
        made = self.cabinet.made(pair, cell, seeds)
        if made is None:
            made = self._run(pair, cell, seeds)
            self.cabinet.keep(made, pair, cell, seeds)
        values = self.cabinet.values(pair, cell, seeds)
        if values is None:
            values = self.measured(made.pictures.float() / 255, pair, seeds)
            self.cabinet.note(values, pair, cell, seeds)
        return Result(pair, cell, values, made.spent)

    def measured(
        self, pictures: Tensor, pair: Pair, seeds: tuple[int, ...]
    ) -> dict[str, list[float]]:
        """Every axis of pictures of these scenes."""
        if pair not in self._looks:
            self._looks[pair] = axes.look_of(pair)
        return axes.measured(pictures, self.stock(pair, seeds).case, self._looks[pair])

    def stock(self, pair: Pair, seeds: tuple[int, ...]) -> Stock:
        if (pair, seeds) not in self._stocks:
            self._stocks[pair, seeds] = Stock(make_case(self.lab, pair, seeds))
        return self._stocks[pair, seeds]

    def _run(self, pair: Pair, cell: Cell, seeds: tuple[int, ...]) -> Made:
        spent = Meter()
        pictures = cell.procedure(self.stock(pair, seeds), cell.options, spent)
        return Made(eight_bits(pictures), spent, code_of(cell.procedure))


def jobs(study: Study, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Cell]]:
    """The order in which a study runs."""
    return ((pair, cell) for pair in pairs for cell in study.cells)


@cache
def code_of(procedure: Procedure) -> str:
    """Changes whenever anything does that the procedure reaches."""
    return fingerprint(procedure, make_case, open_lab)
