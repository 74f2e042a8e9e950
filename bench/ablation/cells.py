"""Run the cells of a study, each only once: what it made and what was measured are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
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
    """The pictures of a cell, and what an image has cost."""

    pictures: Tensor  # [B, 3, H, W], uint8
    spent: Meter


@dataclass(frozen=True)
class Result:
    """One cell on one pair, every axis scene by scene."""

    pair: Pair
    cell: Cell
    values: dict[str, list[float]]
    spent: Meter


@dataclass(frozen=True)
class Place:
    """Which cell, on which scenes, by which state of the code (`code_of`)."""

    pair: Pair
    cell: Cell
    seeds: tuple[int, ...]
    code: str

    @property
    def key(self) -> str:
        """Everything that a cell depends on, but the code."""
        procedure = f"{self.cell.procedure.__module__}.{self.cell.procedure.__qualname__}"
        options = repr(self.cell.options)
        facts = [weights_hash(), procedure, self.pair.name, list(self.seeds), options]
        return short_hash(facts)


@dataclass(frozen=True)
class Cabinet:
    """The folder in which cells are kept, those of older code beside those of the present one."""

    folder: Path

    def made(self, place: Place) -> Made | None:
        path = self._path(place, "safetensors")
        if not path.exists():
            return None
        with safe_open(path, "pt") as file:
            spent = json.loads(file.metadata()["spent"])
            return Made(file.get_tensor("pictures"), Meter(**spent))

    def codes(self, place: Place) -> dict[str, float]:
        """The states of the code that have made this cell, and when."""
        paths = self.folder.glob(f"{place.key}-*.safetensors")
        return {path.stem.split("-")[1]: path.stat().st_mtime for path in paths}

    def keep(self, place: Place, made: Made) -> None:
        """Write whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(place, "safetensors")
        partial = path.with_suffix(".partial")
        save_file({"pictures": made.pictures}, partial, {"spent": json.dumps(asdict(made.spent))})
        partial.replace(path)

    def values(self, place: Place) -> dict[str, list[float]] | None:
        """What was measured of a cell, unless the way of measuring has changed since."""
        path = self._path(place, "json")
        if not path.exists():
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["values"] if kept["axes"] == axes.edition() else None

    def note(self, place: Place, values: dict[str, list[float]]) -> None:
        facts = {"pair": place.pair.name, "options": repr(place.cell.options)}
        facts |= {"seeds": place.seeds, "axes": axes.edition(), "values": values}
        self._path(place, "json").write_text(json.dumps(facts), encoding="utf-8")

    def _path(self, place: Place, kind: str) -> Path:
        return self.folder / f"{place.key}-{place.code}.{kind}"


@dataclass
class Bench:
    """Where cells run: the laboratory, the cabinet, and the cases made so far."""

    lab: Lab
    cabinet: Cabinet
    _stocks: dict[tuple[Pair, tuple[int, ...]], Stock] = field(default_factory=dict)
    _looks: dict[Pair, Tensor] = field(default_factory=dict)

    def result(self, place: Place) -> Result:
        """What a cell gives on these scenes, from the cabinet as far as it is there."""
        made = self.cabinet.made(place)
        if made is None:
            made = self._run(place)
            self.cabinet.keep(place, made)
        values = self.cabinet.values(place)
        if values is None:
            case = self.stock(place.pair, place.seeds).case
            values = axes.measured(made.pictures.float() / 255, case, self.look(place.pair))
            self.cabinet.note(place, values)
        return Result(place.pair, place.cell, values, made.spent)

    def look(self, pair: Pair) -> Tensor:
        """The target domain's look, which colours are compared with."""
        if pair not in self._looks:
            self._looks[pair] = axes.look_of(pair)
        return self._looks[pair]

    def stock(self, pair: Pair, seeds: tuple[int, ...]) -> Stock:
        if (pair, seeds) not in self._stocks:
            self._stocks[pair, seeds] = Stock(make_case(self.lab, pair, seeds))
        return self._stocks[pair, seeds]

    def _run(self, place: Place) -> Made:
        if place.code != code_of(place.cell.procedure):
            raise ValueError(
                f"The cell is asked of code {place.code}, which is not the present one, and is not "
                f"in the cabinet: ask for present_place(...)."
            )
        spent = Meter()
        stock = self.stock(place.pair, place.seeds)
        pictures = place.cell.procedure(stock, place.cell.options, spent)
        return Made(eight_bits(pictures), spent)


def present_place(pair: Pair, cell: Cell, seeds: Sequence[int]) -> Place:
    return Place(pair, cell, tuple(seeds), code_of(cell.procedure))


def places_of(study: Study, pair: Pair, seeds: Sequence[int]) -> list[Place]:
    """A study's cells on one pair, by the present code, in the order in which they run."""
    return [present_place(pair, cell, seeds[: study.scenes]) for cell in study.cells]


def finished_places(cabinet: Cabinet, places: Sequence[Place]) -> list[Place]:
    """The same places if all of them are filled; else of the newest code that has filled all.

    Empty if there is none: cells of different code are never laid beside each other.
    """
    codes = [cabinet.codes(place) for place in places]
    if all(place.code in known for place, known in zip(places, codes, strict=True)):
        return list(places)
    common = set.intersection(*map(set, codes))
    if not common:
        return []
    newest = max(common, key=lambda code: max(known[code] for known in codes))
    return [replace(place, code=newest) for place in places]


@cache
def code_of(procedure: Procedure) -> str:
    """Changes whenever anything does that the procedure reaches."""
    return fingerprint(procedure, make_case, open_lab)
