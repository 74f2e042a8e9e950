"""What each part of S2ST buys (`python dev.py bench ablation`): a table for every study.

Only tuning scenes are used, because defaults are chosen from these tables. A stopped run goes on
where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from demo_world import TUNING_SEEDS
from s2st.path.difference_path import DEFAULT_STEPS

from .axes import COLOUR, EDGES, LABELS, PSNR, TRUE_EDGES, Axis
from .cost_page import markdown_table
from .judges import SMALL, JudgeConfig
from .lab import PAIRS, Family, Method, Pair
from .plan import Plan, findings_with, row_of
from .rows import Duel, Findings, Row, code_list, read, write
from .running import make_missing
from .statistics import Standing, standing
from .store import KEPT, ROOT, Job
from .studies import STUDIES, Study, made

PAGE, NUMBERS = "ablation.md", "ablation.json"
USUAL_PAIRS = ("day to night", "day to snow")
SHARED = ("steps", "references", "pool", "weights")  # facts that rows of one page have in common
AXES = (PSNR, EDGES, TRUE_EDGES, LABELS, COLOUR)
Duels = Mapping[tuple[str, str], Duel]  # of every row with the first of its study
MARKS = {Standing.BETTER: " ▲", Standing.EQUAL: "", Standing.WORSE: " ▼"}


def methods_of(study: Study) -> list[Method]:
    """A study's options; what a choice is, and so its result, is told by its setting."""
    return [
        Method(
            name=f"{study.name}: {label}",
            family=Family.OURS,
            run=partial(made, choice),
            settings=({"choice": repr(choice)},),
            source=study.name,
        )
        for label, choice in study.choices.items()
    ]


def jobs_of(study: Study, pair: Pair, plan: Plan) -> list[Job]:
    """A study's options on one pair."""
    seeds = tuple(TUNING_SEEDS[: min(plan.scenes, study.scenes)])
    return [Job(pair, method, method.settings[0], seeds) for method in methods_of(study)]


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for and print the page from all rows that are known."""
    options = parser().parse_args(arguments)
    quick = options.quick
    studies = [one.thinned if quick else one for one in STUDIES]
    plan = Plan(
        scenes=options.scenes or (2 if quick else 6),
        steps=2 if quick else options.steps,
        judge=SMALL if quick else JudgeConfig(),
        folder=options.cells,
    )
    chosen = [one for one in studies if one.name in (options.studies or [one.name])]
    work = [jobs_of(one, pair, plan) for one in chosen for pair in pairs_of(one, options)]
    failures = []
    if not options.report_only:
        jobs = [job for jobs in work for job in jobs]
        failures = make_missing(jobs, plan.store, options.workers, "ablation", options.force)
    for failure in failures:
        print(f"{failure.job.method.name}:\n{failure.reason}", file=sys.stderr)
    folder = options.out or (ROOT / "out" / "bench" if quick else ROOT / "docs")
    done = [job for jobs in work if all(map(plan.store.has, jobs)) for job in jobs]
    report(studies, plan, done, folder)
    return 1 if failures else 0


def report(studies: Sequence[Study], plan: Plan, done: Sequence[Job], folder: Path) -> None:
    """Put new rows among those that are known, and print the page from all of them."""
    facts = {name: plan.facts[name] for name in SHARED}
    new, before = [row_of(plan, [job]) for job in done], read(folder / NUMBERS, facts)
    names = [method.name for study in studies for method in methods_of(study)]
    findings = findings_with(plan, facts, new, before, names, beside_first)
    if findings is None:
        print("Nothing is known yet: no study has run to its end.", file=sys.stderr)
        return
    write(findings, folder / NUMBERS)
    (folder / PAGE).write_text(page(studies, findings), encoding="utf-8")
    print(f"The report is in {folder / PAGE}")


def beside_first(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Every option with the first of its study and pair."""
    first: dict[tuple[str, str], Row] = {}
    return [(one, first.setdefault((one.pair, one.source), one)) for one in rows]


def page(studies: Sequence[Study], findings: Findings) -> str:
    """The whole page in Markdown."""
    own = [(one, [row for row in findings.rows if row.source == one.name]) for one in studies]
    missing = ", ".join(study.title for study, rows in own if not rows)
    duels = {(one.pair, one.ours): one for one in findings.duels}
    parts = [
        "# What each part of S2ST buys",
        f"""`python dev.py bench ablation` makes this page, on the [demo model](demo-model.md)
and scenes whose truth is known. They are *tuning* scenes, because defaults are chosen from these
tables: no scene on which methods are compared is used here. The paper's stages run
{findings.facts["steps"]} steps and the difference path {DEFAULT_STEPS}, where a table does not say
otherwise.

Values stand with half their 95 % interval, measured as in [quality.md](quality.md). ▲ and ▼ mark
what is better or worse than a table's first line, where the interval of the difference, paired by
scene, excludes zero; with so many comparisons some marks are chance. Evaluations and backward
passes of the model are per image, inversion included.""",
        f"Not run yet: {missing}." if missing else "",
        *(section(study, rows, duels) for study, rows in own if rows),
        f"Made by, with weights {findings.facts['weights']}:",
        code_list((one.code, one.source) for one in findings.rows),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def section(study: Study, rows: Sequence[Row], duels: Duels) -> str:
    """A study: a sentence on its first option, and its table."""
    heads = ["pair", "option", *(axis.head for axis in AXES), "evaluations", "backward"]
    lines = [line(one, duels[one.key]) for one in rows]
    return "\n\n".join(
        [f"## {study.title}", sentence(study, rows, duels), markdown_table(heads, lines)]
    )


def sentence(study: Study, rows: Sequence[Row], duels: Duels) -> str:
    """How the first option stands to the best of every pair on every axis."""
    pairs = dict.fromkeys(one.pair for one in rows)
    found = [
        (best([one for one in rows if one.pair == pair], axis), axis)
        for pair in pairs
        for axis in AXES
    ]
    ahead = [
        f"{option_of(one)} ({axis.name}, {one.pair})"
        for one, axis in found
        if standing(duels[one.key].axes[axis.key]) is Standing.BETTER
    ]
    return (
        f"*{study.first}* is the best, or no further from the best than chance, in "
        f"{len(found) - len(ahead)} of {len(found)} comparisons (a translation on an axis); ahead "
        f"of it are: {'; '.join(ahead) or 'none'}."
    )


def best(rows: Sequence[Row], axis: Axis) -> Row:
    return max(rows, key=lambda one: axis.better * one.on(axis).value)


def option_of(row: Row) -> str:
    return row.method.removeprefix(f"{row.source}: ")


def line(one: Row, duel: Duel) -> list[str]:
    cells = [
        one.on(axis).shown(axis.digits) + MARKS[standing(duel.axes[axis.key])] for axis in AXES
    ]
    return [one.pair, option_of(one), *cells, f"{one.evaluations:.0f}", f"{one.gradients:.0f}"]


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
