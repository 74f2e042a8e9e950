"""Folders of pictures by either engine (`python dev.py bench many`).

Scenes of the demo world are translated as `s2st translate` does: by this process and by Ray's
workers, whose results must be the same bits; and so many of them that memory would tell if it grew.
The part of docs/many-pictures.md on it is written by this command.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import torch
from PIL import Image
from tqdm import tqdm

from demo_world import EVALUATION_SEEDS, REFERENCE_SEEDS, prompt, render, scene
from s2st.adapters.diffusers import PipelineParts
from s2st.batch.items import Item, items_of
from s2st.batch.job import Job, mark_of_file
from s2st.batch.manifest import Row
from s2st.batch.ray_engine import RayEngine
from s2st.batch.run import local
from s2st.batch.translator import model_mark
from s2st.batch.worker import Work
from s2st.cli import models
from s2st.cli.looks import features_of
from s2st.look.kept import kept_look
from s2st.path.settings import PathSettings

from .cost_page import machine, machine_line, markdown_table, with_part
from .lab import pictures
from .store import ROOT, eight_bits

PAGE, PART = "many-pictures.md", "many"
DOMAIN, REFERENCES = "night", 3
SCENES = 50  # that differ; beyond them results differ by their noise
TOGETHER = 0.05  # seconds: rows that come nearer to the first than this came along with it
FEW = PathSettings(steps=2, iterations=1, first_draws=1, guided=0.0)
WANTED = 1.1  # times the seconds that pictures take, by one worker of Ray
LOOKS = 10  # at the memory that is held
HEADS = ("by", "pictures", "seconds of each", "results as here", "times their seconds")
Engine = Callable[[Work, Sequence[Item]], Iterator[Row]]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many pictures, how many pixels a side those have whose time counts, and by how many."""

    equal: int = 500
    timed: int = 60
    remembered: int = 2000
    side: int = 128
    workers: tuple[int, ...] = (2, 4)


QUICK = Size(equal=6, timed=3, remembered=2 * LOOKS, side=32, workers=(2,))


@dataclass(frozen=True)
class Done:
    """What an engine does with a folder."""

    by: str
    pictures: int
    seconds: float  # that a picture takes its worker
    same: int  # results that are those of this process
    times: float  # from one result to the next, of those seconds

    @property
    def cells(self) -> list[str]:
        same = f"{self.same} of {self.pictures}"
        return [self.by, str(self.pictures), f"{self.seconds:.2f}", same, f"{self.times:.2f}"]


def drawn(folder: Path, count: int, side: int = 32) -> list[Item]:
    """A folder of scenes by day, to be translated into another beside it."""
    folder.mkdir()
    for number in range(count):
        picture = torch.from_numpy(render(scene(EVALUATION_SEEDS[number % SCENES]), "day", side))
        Image.fromarray(eight_bits(picture).numpy()).save(folder / f"{number}.png")
    return items_of(folder, folder.with_name(f"{folder.name} done"))


def work_in(folder: Path, parts: PipelineParts) -> Work:
    """The demo model and a look in a file, a few steps on one thread."""
    references = pictures(REFERENCE_SEEDS[:REFERENCES], DOMAIN).split(1)
    look = folder / "look.safetensors"
    kept_look(references, parts.autoencoder, features=features_of(parts)).save(look)
    job = Job(
        prompt=prompt("day"),
        target=prompt(DOMAIN),
        look=look,
        look_mark=mark_of_file(look),
        model_mark=model_mark(parts),
        settings=FEW,
    )
    return Work(job=job, open_model=partial(models.loaded, None), threads=1)


def run(engine: Engine, work: Work, items: Sequence[Item]) -> list[tuple[float, Row]]:
    """Rows with the moments at which they came; the results are taken away again."""
    rows = [(time.perf_counter(), row) for row in tqdm(engine(work, items), total=len(items))]
    for one in items:
        one.target.unlink()
    return rows


def done(by: str, rows: Sequence[tuple[float, Row]], alone: Mapping[str, str]) -> Done:
    """Once it has begun: an engine may hand over several rows at once, the first among them."""
    first, last = rows[0][0], rows[-1][0]
    later = [row.seconds for came, row in rows if came > first + TOGETHER]
    seconds = sum(row.seconds for _, row in rows) / len(rows)
    same = sum(alone.get(row.id) == row.hash for _, row in rows)
    return Done(by, len(rows), seconds, same, (last - first) / max(sum(later), TOGETHER))


def beside(
    here: Engine, work: Work, items: Sequence[Item], workers: Sequence[int]
) -> Iterator[Done]:
    """This process, and Ray's workers, so many at a time."""
    rows = run(here, work, items)
    alone = {row.id: row.hash for _, row in rows}
    yield done("this process", rows, alone)
    for count in workers:
        name = f"Ray, {count} worker{'s' * (count > 1)}"
        yield done(name, run(RayEngine(workers=count), work, items), alone)


def held(engine: Engine, work: Work, items: Sequence[Item]) -> list[float]:
    """Megabytes that this process holds after each tenth of the pictures."""
    found, part = [], len(items) // LOOKS
    for place, _ in enumerate(tqdm(engine(work, items), total=len(items)), start=1):
        if place % part == 0:
            found.append(psutil.Process().memory_info().rss / 1e6)
    return found


def measured(size: Size) -> tuple[list[Done], list[float]]:
    """Equality of many, overhead where a picture takes its time, and memory."""
    with TemporaryDirectory() as name:
        folder, parts = Path(name), models.loaded(None)
        here, few = partial(local, parts=parts), work_in(folder, parts)
        usual = replace(few, job=replace(few.job, settings=PathSettings()))
        lines = [
            *beside(here, few, drawn(folder / "equal", size.equal), size.workers),
            *beside(here, usual, drawn(folder / "timed", size.timed, size.side), (1,)),
        ]
        return lines, held(here, few, drawn(folder / "remembered", size.remembered))


def body(lines: Sequence[Done], megabytes: Sequence[float], pictures: int) -> str:
    """The part of the page: sentences computed from what was measured, and the table."""
    equal = "the same bits" if all(one.same == one.pictures for one in lines) else "NOT the same"
    overhead = lines[-1].times
    told = "at most" if overhead <= WANTED else "more than"
    begin, end, most = megabytes[0], megabytes[-1], max(megabytes)
    return "\n\n".join(
        [
            f"`python dev.py bench many`: {equal} by either engine, and one worker of Ray gives a "
            f"picture every {overhead:.2f} times the seconds that it takes, {told} the {WANTED} "
            f"aimed at. Over {pictures} pictures this process held {begin:.0f} megabytes after "
            f"the first tenth, {end:.0f} after the last and {most:.0f} at most. "
            f"{machine_line(machine(torch.device('cpu')))}",
            markdown_table(HEADS, [one.cells for one in lines]),
        ]
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench many", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few small pictures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help=f"folder of {PAGE}")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    size, page = QUICK if options.quick else Size(), options.out / PAGE
    text = body(*measured(size), size.remembered)
    page.write_text(with_part(page.read_text(encoding="utf-8"), PART, text), encoding="utf-8")
    print(text)
    return 0
