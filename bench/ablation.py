"""What each part of S2ST buys (`python dev.py bench ablation`): a table for every study.

Only tuning scenes are used, because defaults are chosen from these tables. A stopped run goes on
where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demo_world import TUNING_SEEDS

from .axes import EDGES, PSNR, TRUE_EDGES, Axis, Side
from .cost_page import markdown_table
from .hashes import KEPT, ROOT, weights_hash
from .lab import PAIRS, Pair
from .method import Family, Method
from .metrics import colour_distribution, distribution_distance, edge_agreement, psnr
from .rows import code_list, lines_of, rounded
from .running import make_missing
from .scenes import POOL_SEEDS, rendered
from .statistics import Interval, Standing, mean_interval, standing
from .store import Job, Store
from .studies import STUDIES, Study, made

PAGE, NUMBERS = "ablation.md", "ablation.json"
USUAL_PAIRS = ("day to night", "day to snow")
EVERYWHERE = "mean of all"
COLOUR = Axis("colour", "colours from domain", Side.APPEARANCE, -1, 4, "per scene")
AXES = (PSNR, EDGES, TRUE_EDGES, COLOUR)
MARKS = {Standing.BETTER: " ▲", Standing.EQUAL: "", Standing.WORSE: " ▼"}


@dataclass(frozen=True)
class Row:
    """One option on one pair."""

    study: str
    pair: str
    option: str
    evaluations: float
    gradients: float
    code: str
    scores: Mapping[str, Sequence[float]]  # by an axis' key, one per scene

    def on(self, axis: Axis) -> Tensor:
        return torch.tensor(self.scores[axis.key], dtype=torch.float64)

    def gain(self, base: Row, axis: Axis) -> Interval:
        """How far it is ahead of another row, paired by scene; positive is better."""
        return mean_interval(axis.better * (self.on(axis) - base.on(axis)))


def jobs_of(study: Study, pair: Pair, seeds: Sequence[int]) -> dict[str, Job]:
    """A study's options on one pair."""
    jobs = {}
    for label, choice in study.choices.items():
        run = partial(made, choice)
        method = Method(name=f"{study.name}: {label}", family=Family.OURS, run=run)
        jobs[label] = Job(pair, method, {"choice": repr(choice)}, tuple(seeds[: study.scenes]))
    return jobs


def rows_of(study: Study, pair: Pair, store: Store, seeds: Sequence[int]) -> list[Row]:
    """A study's rows for one pair; none while an option is missing."""
    jobs = jobs_of(study, pair, seeds)
    if not all(map(store.has, jobs.values())):
        return []
    rows = []
    for label, job in jobs.items():
        kept = store.load(job)
        costs = rounded(kept.spent.evaluations), rounded(kept.spent.gradients)
        scores = measured(kept.floats, pair, job.seeds)
        rows.append(Row(study.name, pair.name, label, *costs, kept.code, scores))
    return rows


def measured(results: Tensor, pair: Pair, seeds: Sequence[int]) -> dict[str, list[float]]:
    """Every axis, scene by scene."""
    source, truth = rendered(seeds, pair.source), rendered(seeds, pair.target)
    look = colour_distribution(rendered(POOL_SEEDS, pair.target)).mean(dim=0)
    values = {
        PSNR: psnr(results, truth),
        EDGES: edge_agreement(results, source),
        TRUE_EDGES: edge_agreement(results, truth),
        COLOUR: distribution_distance(colour_distribution(results), look),
    }
    return {axis.key: [rounded(one) for one in of.tolist()] for axis, of in values.items()}


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for and print the page from all rows that are known."""
    options = parser().parse_args(arguments)
    studies = [one.thinned if options.quick else one for one in STUDIES]
    chosen = [one for one in studies if one.name in (options.studies or [one.name])]
    seeds = TUNING_SEEDS[: options.scenes or (2 if options.quick else 6)]
    store = Store(steps=2 if options.quick else options.steps, folder=options.cells)
    work = [(one, pair) for one in chosen for pair in pairs_of(one, options)]
    jobs = [job for one, pair in work for job in jobs_of(one, pair, seeds).values()]
    if options.report_only:
        failures = []
    else:
        failures = make_missing(jobs, store, options.workers, "ablation", force=options.force)
    for failure in failures:
        print(f"{failure.job.method.name}:\n{failure.reason}", file=sys.stderr)
    folder = options.out or (ROOT / "out" / "bench" if options.quick else ROOT / "docs")
    report(studies, [row for one in work for row in rows_of(*one, store, seeds)], store, folder)
    return 1 if failures else 0


def report(studies: Sequence[Study], new: Sequence[Row], store: Store, folder: Path) -> None:
    """Put new rows among those that are known, and print the page from all of them."""
    facts = {"steps": store.steps, "weights": weights_hash()}
    rows = replaced(read(folder, facts), new)
    if not rows:
        print("Nothing is known yet: no study has run to its end.", file=sys.stderr)
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines = lines_of({"facts": facts}, {"rows": map(asdict, rows)})
    (folder / NUMBERS).write_text(lines, encoding="utf-8")
    (folder / PAGE).write_text(page(studies, rows, facts), encoding="utf-8")
    print(f"Wrote {folder / PAGE}: {len({one.study for one in rows})} studies.")


def read(folder: Path, facts: Mapping[str, Any]) -> list[Row]:
    """What was written before, if that was of the same steps and weights."""
    path = folder / NUMBERS
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"facts": None}
    return [Row(**one) for one in known["rows"]] if known["facts"] == facts else []


def replaced(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Old rows, but of a study and pair that ran again only the new: one code made each table."""
    ran = {(one.study, one.pair) for one in new}
    return [*(one for one in old if (one.study, one.pair) not in ran), *new]


def page(studies: Sequence[Study], rows: Sequence[Row], facts: Mapping[str, Any]) -> str:
    """The whole page in Markdown."""
    own = {one.title: [row for row in rows if row.study == one.name] for one in studies}
    missing = ", ".join(title for title, found in own.items() if not found)
    parts = [
        "# What each part of S2ST buys",
        f"""`python dev.py bench ablation` makes this page, on the [demo model](demo-model.md)
and scenes whose truth is known. They are *tuning* scenes, because defaults are chosen from these
tables: no scene on which methods are compared is used here. All run {facts["steps"]} steps, where a
table does not say otherwise.

Values are means over scenes with their 95 % confidence interval (Student's). ▲ and ▼ mark what is
better or worse than a table's first line, where the interval of the difference, paired by scene,
excludes zero; with so many comparisons some marks are chance. Evaluations and backward passes of
the model are per image, inversion included.""",
        f"Not run yet: {missing}." if missing else "",
        *(section(one, own[one.title]) for one in studies if own[one.title]),
        f"Made by, with weights {facts['weights']}:",
        code_list((one.code, one.study) for one in rows),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def section(study: Study, rows: Sequence[Row]) -> str:
    """A study: a sentence on its first option, and its table."""
    pairs = list(dict.fromkeys(one.pair for one in rows))
    if study.everywhere and len(pairs) > 1:
        rows, pairs = [*means(rows), *rows], [EVERYWHERE, *pairs]
    tables = [[one for one in rows if one.pair == pair] for pair in pairs]
    heads = ["pair", "option", *(axis.head for axis in AXES), "evaluations", "backward"]
    lines = [line(one, own[0]) for own in tables for one in own]
    return "\n\n".join([f"## {study.title}", sentence(tables), markdown_table(heads, lines)])


def sentence(tables: Sequence[Sequence[Row]]) -> str:
    """How the first option stands to the best of every pair on every axis."""
    found = [(own[0], best(own, axis), axis) for own in tables for axis in AXES]
    ahead = [
        f"{one.option} ({axis.name}, {one.pair})"
        for first, one, axis in found
        if standing(one.gain(first, axis)) is Standing.BETTER
    ]
    first = tables[0][0]
    return (
        f"Over {len(first.on(PSNR))} scenes, *{first.option}* is the best, or no further from the "
        f"best than chance, in {len(found) - len(ahead)} of {len(found)} comparisons (a "
        f"translation on an axis); ahead of it are: {'; '.join(ahead) or 'none'}."
    )


def best(rows: Sequence[Row], axis: Axis) -> Row:
    return max(rows, key=lambda one: axis.better * one.on(axis).mean().item())


def line(one: Row, base: Row) -> list[str]:
    cells = [
        mean_interval(one.on(axis)).shown(axis.digits) + MARKS[standing(one.gain(base, axis))]
        for axis in AXES
    ]
    return [one.pair, one.option, *cells, f"{one.evaluations:.0f}", f"{one.gradients:.0f}"]


def means(rows: Sequence[Row]) -> list[Row]:
    """Each option's mean over the translations, scene by scene."""
    groups: dict[str, list[Row]] = {}
    for one in rows:
        groups.setdefault(one.option, []).append(one)
    return [_mean(group) for group in groups.values()]


def _mean(group: Sequence[Row]) -> Row:
    scores = {axis.key: torch.stack([one.on(axis) for one in group]).mean(0) for axis in AXES}
    costs = [(one.evaluations, one.gradients) for one in group]
    evaluations, gradients = torch.tensor(costs, dtype=torch.float64).mean(0).tolist()
    first, kept = group[0], {key: of.tolist() for key, of in scores.items()}
    return Row(first.study, EVERYWHERE, first.option, evaluations, gradients, first.code, kept)


def pairs_of(study: Study, options: argparse.Namespace) -> list[Pair]:
    """The translations that a study runs on, unless the command line names others."""
    usual = USUAL_PAIRS[:1] if options.quick else USUAL_PAIRS
    if study.everywhere and not options.quick:
        usual = tuple(pair.name for pair in PAIRS)
    return [pair for pair in PAIRS if pair.name in (options.pairs or usual)]


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python dev.py bench ablation", description=__doc__)
    add = options.add_argument
    add("--quick", action="store_true", help="few scenes, steps and options")
    add("--studies", nargs="+", choices=[one.name for one in STUDIES], help="default: all")
    add("--pairs", nargs="+", choices=[one.name for one in PAIRS], help="translations")
    add("--scenes", type=_scenes, help="tuning scenes at most; default 6")
    add("--steps", type=int, default=20, help="where they are not studied")
    add("--workers", type=int, default=1, help="processes of one thread each")
    add("--out", type=Path, help="folder of the page; default docs")
    add("--report-only", action="store_true", help="run nothing, write the page")
    add("--force", action="store_true", help="make everything again, though it is there")
    add("--cells", type=Path, default=KEPT / "ablation", help="folder of finished options")
    return options


def _scenes(text: str) -> int:
    if not text.isdigit() or not 2 <= int(text) <= len(TUNING_SEEDS):
        raise argparse.ArgumentTypeError(
            f"{text} scenes were asked for, but an interval needs at least 2 and there are "
            f"{len(TUNING_SEEDS)}."
        )
    return int(text)
