"""Judge trained translators and write docs/many-to-one.md (`python dev.py bench many-to-one`).

Runs are looked for where `train-many-to-one` leaves them (out/many-to-one); with --train those
that are missing are made first. What was judged before stays on the page though its run be gone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from demo_world import EVALUATION_SEEDS
from s2st.many_to_one.networks import Networks, discriminator_of
from s2st.many_to_one.translator import SUFFIX, Translator
from tools.environment import NETWORKS, SetupError
from translators.config import SMOKE, TOOK, Data, Training, usual, with_budget
from translators.digits import Digits, digits
from translators.options import fastest_device
from translators.runs import FOLDER, Finished, Run, finished
from translators.scenes import label_maps, renders
from translators.train import made

from ..store import ROOT, digest
from . import colours, streets
from .colours import Exam
from .oracles import ORACLES, arm_of
from .page import PAGE, page
from .probe import ProbeConfig
from .rows import CEILING, FLOOR, SHIPPED, Row, merged, read, write
from .streets import Streets
from .wanted import SEEDS, wanted

DOCS, ELSEWHERE = ROOT / "docs", ROOT / "out" / "bench"
NUMBERS = "many-to-one.json"
SCENES = 120  # held out
OURS = Finished(Data.SCENES, SHIPPED, 0, NETWORKS / f"{Data.SCENES.value}{SUFFIX}")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is judged with."""

    every: int = 1  # of so many held-out digits one
    probe: ProbeConfig = ProbeConfig()
    scenes: int = SCENES
    workers: int = 2


SMALL = Size(every=20, probe=ProbeConfig(steps=5, width=4), scenes=3, workers=1)


def exam_of(size: Size) -> Exam:
    def some(taught: bool) -> Digits:
        known = digits(taught)
        return Digits(known.grey[:: size.every], known.classes[:: size.every])

    return Exam(some(False), some(True), size.probe)


def streets_of(size: Size, side: int) -> Streets:
    seeds = EVALUATION_SEEDS[: size.scenes]
    return Streets(renders(seeds, side, size.workers), label_maps(seeds, side))


def weights_of(translator: Translator) -> int:
    """How many numbers a run has learnt, its discriminator's among them."""
    plan, generator = translator.plan, torch.Generator()
    parts = (Networks(plan, generator), discriminator_of(plan, generator))
    return sum(one.numel() for part in parts for one in part.parameters())


def judged(
    data: Sequence[Data], runs: Sequence[Finished], known: Sequence[Row], size: Size
) -> Iterator[Row]:
    """A row for each run whose weights were not judged before, and for what needs no training."""
    before = {one.key: one for one in known}
    fresh = [one for one in runs if weights_known(before, one) != digest_of(one)]
    if Data.DIGITS in data:
        exam = exam_of(size)
        yield from oracle_rows(exam, before)
        for run in (one for one in fresh if one.data is Data.DIGITS):
            translator = opened(run)
            numbers = colours.judged(arm_of(run.arm, translator), exam)
            yield row_of(run, translator, numbers)
    sides: dict[int, Streets] = {}
    for run in (one for one in fresh if one.data is Data.SCENES):
        translator = opened(run)
        side = translator.plan.design.size
        if side not in sides:
            sides[side] = streets_of(size, side)
            yield Row(data=run.data.value, arm=CEILING, numbers=streets.ceiling(sides[side]))
            yield Row(data=run.data.value, arm=FLOOR, numbers=streets.floor(sides[side]))
        yield row_of(run, translator, streets.judged(translator, sides[side]))


def opened(run: Finished) -> Translator:
    print(f"judging {run.data.value}, {run.arm}, seed {run.seed}", flush=True)
    return run.translator()


def weights_known(before: Mapping[tuple, Row], run: Finished) -> str | None:
    """Which weights of a run were judged before."""
    row = before.get((run.data.value, run.arm, run.seed))
    return None if row is None else row.weights


def digest_of(run: Finished) -> str:
    return digest(run.file.read_bytes())


def row_of(run: Finished, translator: Translator, numbers: Mapping[str, float]) -> Row:
    return Row(
        data=run.data.value,
        arm=run.arm,
        seed=run.seed,
        weights=digest_of(run),
        made={**translator.made, "numbers": weights_of(translator)},
        numbers=numbers,
    )


def oracle_rows(exam: Exam, before: Mapping[tuple, Row]) -> Iterator[Row]:
    """What needs no training, where it is not known."""
    data = Data.DIGITS.value
    if (data, CEILING, 0) not in before:
        yield Row(data=data, arm=CEILING, numbers=colours.ceiling(exam))
    for oracle in ORACLES:
        if (data, oracle.name, 0) not in before:
            print(f"judging {data}, {oracle.name}", flush=True)
            yield Row(data=data, arm=oracle.name, numbers=colours.judged(oracle, exam))


def missing(data: Sequence[Data], seeds: int, root: Path, known: Sequence[Row]) -> list[Run]:
    """Runs that the page wants and neither folder nor rows hold."""
    keys = {one.key for one in known}
    return [
        one
        for one in wanted(data, seeds)
        if not one.file(root).exists() and (one.data.value, one.arm, one.seed) not in keys
    ]


def training_for(data: Data, options: argparse.Namespace) -> Training:
    """How missing runs are trained: all alike."""
    if options.smoke:
        return replace(SMOKE, steps=2, items=2, batch=2)
    cuda = fastest_device().type == "cuda"
    return with_budget(usual(data, False), TOOK[data], options.minutes, cuda)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py bench many-to-one",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    names = [one.value for one in Data]
    add("--data", nargs="+", choices=names, default=names, help="of which runs (default: all)")
    add("--seeds", type=int, default=SEEDS, help="of every arm (default: %(default)s)")
    add("--train", action="store_true", help="train what is missing first, all alike")
    add(
        "--minutes",
        type=float,
        help="of one core, for each run that is trained (default: as usual)",
    )
    add("--runs", type=Path, default=FOLDER, help="where runs lie (default: out/many-to-one)")
    add("--out", type=Path, help="folder of the page (default: docs; out/bench for --smoke)")
    add("--smoke", action="store_true", help="tiny runs, judged on a few pictures")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Train what is missing if asked, judge what is new, print the page."""
    options = parsed(arguments)
    data, size = [Data(one) for one in options.data], SMALL if options.smoke else Size()
    docs = options.out or (ELSEWHERE if options.smoke else DOCS)
    docs.mkdir(parents=True, exist_ok=True)
    known = read(docs / NUMBERS)
    try:
        if options.train:
            for run in missing(data, options.seeds, options.runs, known):
                training = training_for(run.data, options)
                how = {"workers": size.workers, "resume": True}
                made(run, training, options.runs, fastest_device(), **how)
        runs = [one for kind in data for one in finished(kind, options.runs)]
        runs += [OURS] if OURS.data in data else []
        for row in judged(data, runs, known, size):
            known = merged(known, [row])
            write(known, docs / NUMBERS)
    except (ValueError, SetupError) as error:
        print(f"bench many-to-one: {error}", file=sys.stderr)
        return 1
    left = missing(list(Data), options.seeds, options.runs, known)
    (docs / PAGE).write_text(page(known, left, docs), encoding="utf-8")
    print(f"The page is in {docs / PAGE}")
    return 0
