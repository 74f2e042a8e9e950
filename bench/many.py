"""Folders of pictures by either engine (`python dev.py bench many`).

Scenes of the demo world are translated as `s2st translate` does: by this process and by Ray's
workers, whose results must be the same bits; and so many of them that memory would tell if it grew.
The part of docs/many-pictures.md on it is written by this command.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
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
from s2st.batch.run import Engine, local
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
FEW = PathSettings(steps=2, iterations=1, first_draws=1, guided=0.0)
WANTED = 1.1  # times the seconds that pictures take, by one worker of Ray
LOOKS = 10  # at the memory that is held
HEADS = ("by", "pictures", "seconds of each", "in all", "results as by this process")


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
    """What an engine has done with a folder."""

    by: str
    rows: Sequence[Row]
    seconds: float  # from the call to the last row, the start of all workers included
    same: int  # results that are those of this process

    @property
    def work(self) -> float:
        """Seconds that the pictures took their workers."""
        return sum(row.seconds for row in self.rows)

    @property
    def cells(self) -> list[str]:
        count = len(self.rows)
        times = f"{self.work / count:.2f}", f"{self.seconds:.0f}"
        return [self.by, str(count), *times, f"{self.same} of {count}"]


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


def beside(
    here: Engine, work: Work, items: Sequence[Item], workers: Sequence[int]
) -> Iterator[Done]:
    """This process, and Ray's workers, so many at a time; the results are taken away again."""
    engines = {f"Ray, {one} worker{'s' * (one > 1)}": RayEngine(workers=one) for one in workers}
    alone: dict[str, str] = {}
    for name, engine in {"this process": here, **engines}.items():
        began = time.perf_counter()
        rows = list(tqdm(engine(work, items), name, total=len(items)))
        seconds = time.perf_counter() - began
        alone = alone or {row.id: row.hash for row in rows}
        same = sum(alone.get(row.id) == row.hash for row in rows)
        yield Done(name, rows, seconds, same)
        for one in items:
            one.target.unlink()


def overhead(short: Done, long: Done) -> float:
    """Seconds of an engine for those of its pictures, by two runs, so that its start drops out."""
    return (long.seconds - short.seconds) / (long.work - short.work)


def held(engine: Engine, work: Work, items: Sequence[Item]) -> list[float]:
    """Megabytes that this process holds after each tenth of the pictures."""
    found, part = [], len(items) // LOOKS
    for place, _ in enumerate(tqdm(engine(work, items), total=len(items)), start=1):
        if place % part == 0:
            found.append(psutil.Process().memory_info().rss / 1e6)
    return found


@dataclass(frozen=True)
class Found:
    """What was measured."""

    runs: Sequence[Done]
    overhead: float  # of one worker of Ray
    megabytes: Sequence[float]  # held by this process


def measured(size: Size) -> Found:
    """Equality of many, overhead where a picture takes its time, and memory."""
    with TemporaryDirectory() as name:
        folder, parts = Path(name), models.loaded(None)
        here, few = partial(local, parts=parts), work_in(folder, parts)
        usual = replace(few, job=replace(few.job, settings=PathSettings()))
        runs = list(beside(here, few, drawn(folder / "equal", size.equal), size.workers))
        by_one = []
        for count in (size.timed // 3, size.timed):
            alone, other = beside(
                here, usual, drawn(folder / f"timed{count}", count, size.side), (1,)
            )
            runs += [alone, other]
            by_one.append(other)
        megabytes = held(here, few, drawn(folder / "remembered", size.remembered))
        return Found(runs, overhead(*by_one), megabytes)


def body(found: Found, pictures: int) -> str:
    """The part of the page: sentences computed from what was measured, and the table."""
    equal = (
        "the same bits" if all(one.same == len(one.rows) for one in found.runs) else "NOT the same"
    )
    told = "at most" if found.overhead <= WANTED else "more than"
    megabytes = found.megabytes
    begin, end, most = megabytes[0], megabytes[-1], max(megabytes)
    return "\n\n".join(
        [
            f"`python dev.py bench many`: {equal} by either engine, and one worker of Ray takes "
            f"{found.overhead:.2f} times the seconds of its pictures, {told} the {WANTED} aimed "
            f"at; its start is apart. Over {pictures} pictures this process held {begin:.0f} "
            f"megabytes after the first tenth, {end:.0f} after the last and {most:.0f} at most. "
            f"{machine_line(machine(torch.device('cpu')))}",
            markdown_table(HEADS, [one.cells for one in found.runs]),
        ]
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench many", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few small pictures")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help=f"folder of {PAGE}")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    size, page = QUICK if options.quick else Size(), options.out / PAGE
    text = body(measured(size), size.remembered)
    page.write_text(with_part(page.read_text(encoding="utf-8"), PART, text), encoding="utf-8")
    print(text)
    return 0
