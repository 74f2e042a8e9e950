"""`python dev.py bench ablation`: run the studies, go on where an earlier run has stopped.

Only tuning scenes are used, because defaults are chosen from these tables.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from demo_world import TUNING_SEEDS

from ..hashes import KEPT, ROOT, weights_hash
from ..lab import PAIRS, Pair, make_case, open_lab
from ..method import Family, Method
from ..rows import rounded
from ..running import make_missing
from ..scenes import POOL_SEEDS
from ..store import Job, Store
from .choices import made
from .page import write_page
from .rows import Row, look_of, measured, read, replaced, write
from .studies import BASES, STUDIES, Labels, Study, thinned

USUAL_PAIRS = ("day to night", "day to snow")
MOST_REFERENCES = 64


def jobs_of(study: Study, pair: Pair, seeds: Sequence[int]) -> dict[Labels, Job]:
    """A study's settings on one pair."""
    jobs = {}
    for labels, choice in study.cells.items():
        name = f"{study.name}: {', '.join(labels)}"
        method = Method(name=name, family=Family.OURS, run=partial(made, choice))
        jobs[labels] = Job(pair, method, {"choice": repr(choice)}, tuple(seeds[: study.scenes]))
    return jobs


def rows_of(study: Study, pair: Pair, store: Store, seeds: Sequence[int]) -> list[Row]:
    """A study's rows for one pair; none while a setting is missing."""
    jobs = jobs_of(study, pair, seeds)
    if not all(store.has(job) for job in jobs.values()):
        return []
    case = make_case(open_lab(references=1), pair, next(iter(jobs.values())).seeds)
    look, rows = look_of(pair.target, POOL_SEEDS), []
    for labels, job in jobs.items():
        kept = store.load(job)
        values = measured(kept.floats, case, look)
        costs = rounded(kept.spent.evaluations), rounded(kept.spent.gradients)
        rows.append(Row(study.name, pair.name, labels, values, *costs, kept.code))
    return rows


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for and print the page from all rows that are known."""
    options = parser().parse_args(arguments)
    quick = options.quick
    steps = 2 if quick else options.steps
    studies = [thinned(one) if quick else one for one in STUDIES]
    chosen = [one for one in studies if one.name in (options.studies or [one.name])]
    seeds = TUNING_SEEDS[: options.scenes or (2 if quick else 6)]
    store = Store(steps=steps, references=MOST_REFERENCES, folder=options.cells)
    work = [(one, pair) for one in chosen for pair in pairs_of(one, options)]
    jobs = [job for one, pair in work for job in jobs_of(one, pair, seeds).values()]
    failures = []
    if not options.report_only:
        for job in jobs if options.force else ():
            store.forget(job)
        failures = make_missing(jobs, store, options.workers, "ablation")
    for failure in failures:
        print(f"{failure.job.method.name}:\n{failure.reason}", file=sys.stderr)
    folder = options.out or (ROOT / "out" / "bench" if quick else ROOT / "docs")
    new = [row for one, pair in work for row in rows_of(one, pair, store, seeds)]
    report(studies, new, steps, folder)
    return 1 if failures else 0


def report(studies: Sequence[Study], new: Sequence[Row], steps: int, folder: Path) -> None:
    rates = {name: base.learning_rate for name, base in BASES.items()}
    facts = {"steps": steps, "rates": rates, "weights": weights_hash()}
    rows = replaced(read(folder, facts), new)
    if not rows:
        print("Nothing is known yet: no study has run to its end.", file=sys.stderr)
        return
    folder.mkdir(parents=True, exist_ok=True)
    write(facts, rows, folder)
    write_page(studies, rows, facts, folder)
    print(f"Wrote {folder / 'ablation.md'}: {len({one.study for one in rows})} studies.")


def pairs_of(study: Study, options: argparse.Namespace) -> list[Pair]:
    """The translations that a study runs on, unless the command line names others."""
    usual = USUAL_PAIRS[:1] if options.quick else USUAL_PAIRS
    if study.everywhere and not options.quick:
        usual = tuple(pair.name for pair in PAIRS)
    return [pair for pair in PAIRS if pair.name in (options.pairs or usual)]


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python dev.py bench ablation", description=__doc__)
    add = options.add_argument
    add("--quick", action="store_true", help="few scenes, steps and settings")
    add("--studies", nargs="+", choices=[one.name for one in STUDIES], help="default: all")
    add("--pairs", nargs="+", choices=[one.name for one in PAIRS], help="translations")
    add("--scenes", type=_scenes, help="tuning scenes at most; default 6")
    add("--steps", type=int, default=20, help="where they are not studied")
    add("--workers", type=int, default=1, help="processes of one thread each")
    add("--out", type=Path, help="folder of the page; default docs")
    add("--report-only", action="store_true", help="run nothing, write the page")
    add("--force", action="store_true", help="make everything again, though it is there")
    add("--cells", type=Path, default=KEPT / "ablation", help="folder of finished settings")
    return options


def _scenes(text: str) -> int:
    if not text.isdigit() or not 2 <= int(text) <= len(TUNING_SEEDS):
        raise argparse.ArgumentTypeError(
            f"{text} scenes were asked for, but an interval needs at least 2 and there are "
            f"{len(TUNING_SEEDS)}."
        )
    return int(text)
