"""Compare S2ST with its rivals on paired scenes (`python dev.py bench quality`).

Three stages: every candidate setting of every method runs on tuning scenes and the best is chosen;
the chosen settings run on the evaluation scenes; the pictures are judged and the report is written.
Pictures are kept in .cache/bench/quality, so a stopped run goes on where it was. What other code
has made is made again. The report keeps the rows of methods that have not run (`--stages report`
alone prints the page from quality.json).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .hashes import ROOT
from .judges import JudgeConfig
from .lab import PAIRS
from .methods import all_methods, chosen
from .page import opening, write_page
from .pictures import write_sheets
from .plan import Choices, Plan, choose, evaluation_jobs, findings_of, tuning_jobs
from .rows import read, write
from .running import Failure, make_missing
from .store import FOLDER
from .tuning import RULE

STAGES = ("tune", "run", "report")
DOCS, ELSEWHERE = ROOT / "docs", ROOT / "out" / "bench"
QUICK = {
    "pairs": ["day to night"],
    "scenes": 8,
    "tuning_scenes": 0,
    "steps": 4,
    "references": 4,
    "pool": 32,
    "judge": JudgeConfig(scenes=12, held_out=4, steps=150, batch=12),
}
SIZES = ("scenes", "tuning_scenes", "steps", "references")


def run_stages(plan: Plan, stages: Sequence[str], workers: int, force: bool) -> list[Failure]:
    """Make the pictures that the stages need; returns what failed."""
    failures: list[Failure] = []
    if "tune" in stages:
        failures += make_anew(plan, tuning_jobs(plan), workers, force, "tuning")
    if "run" in stages:
        jobs = evaluation_jobs(plan, choose(plan))
        failures += make_anew(plan, jobs, workers, force, "evaluation")
    return failures


def make_anew(plan: Plan, jobs: Sequence, workers: int, force: bool, title: str) -> list[Failure]:
    """Make what is missing, and with `force` everything."""
    for job in jobs if force else ():
        plan.store.forget(job)
    return make_missing(jobs, plan.store, workers, title)


def report(plan: Plan, docs: Path) -> None:
    """Judge what there is, add it to the rows known before, write all of it down."""
    findings = findings_of(plan, read(docs))
    if not findings.rows:
        print("Nothing can be judged yet: no method has run on all scenes.", file=sys.stderr)
        return
    docs.mkdir(parents=True, exist_ok=True)
    write(findings, docs)
    write_sheets(plan, findings, docs)
    write_page(findings, docs)
    print(opening(findings))
    print(f"The report is in {docs / 'quality.md'}")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py bench quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, names = parser.add_argument, [pair.name for pair in PAIRS]
    quick = "a run of a minute or two: one pair, 8 scenes, 4 steps, first settings; other options "
    add("--quick", action="store_true", help=quick + "come on top")
    pairs = "translations, for example 'day to night' (default: all six)"
    add("--pairs", nargs="+", metavar="PAIR", choices=names, help=pairs)
    add("--methods", nargs="+", metavar="NAME", help="default: all; --list shows them")
    add("--scenes", type=int, help="evaluation scenes per pair (default: 64)")
    tuning = "scenes for choosing settings (default: 8); 0 takes first settings"
    add("--tuning-scenes", type=int, help=tuning)
    add("--steps", type=int, help="sampling steps of all methods (default: 20)")
    references = "pictures of the target domain given to methods (default: 16)"
    add("--references", type=int, help=references)
    add("--stages", nargs="+", choices=STAGES, default=STAGES, help="what to do (default: all)")
    workers = "processes of one thread each; 1 (default) has all of torch's threads"
    add("--workers", type=int, default=1, help=workers)
    kept = "where pictures are kept (default: .cache/bench/quality)"
    add("--folder", type=Path, default=FOLDER, help=kept)
    out = "folder of the report (default: docs; out/bench for other sizes than the default ones)"
    add("--out", type=Path, help=out)
    adopt = "take results of other code: only after a change that alters no result"
    add("--adopt", action="store_true", help=adopt)
    add("--force", action="store_true", help="make everything again, though it is there")
    add("--list", action="store_true", help="name the methods and stop")
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan the command line asks for."""
    wanted = ("pairs", *SIZES)
    given = {name: value for name in wanted if (value := getattr(options, name)) is not None}
    values = {**(QUICK if options.quick else {}), **given}
    if "pairs" in values:
        values["pairs"] = tuple(pair for pair in PAIRS if pair.name in values["pairs"])
    methods = chosen(all_methods(), options.methods)
    return Plan(methods=methods, folder=options.folder, any_code=options.adopt, **values)


def folder_of(plan: Plan) -> Path:
    """The docs for the size that they tell of, else a place that nobody publishes."""
    return DOCS if plan.facts == Plan().facts and plan.judge == JudgeConfig() else ELSEWHERE


def show_choices(choices: Choices) -> None:
    print(f"Settings chosen by: {RULE}")
    for (pair, name), choice in choices.items():
        if choice.trials:
            print(f"  {pair.name:<14} {name:<32} {dict(choice.setting)}")


def show_failures(failures: Sequence[Failure]) -> None:
    for failure in failures:
        job = failure.job
        print(
            f"\n{job.pair.name}, {job.method.name}, {dict(job.setting)}:\n{failure.reason}",
            file=sys.stderr,
        )


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if any method failed; the others are still judged."""
    options = parsed(arguments)
    try:
        plan = plan_of(options)
    except ValueError as error:
        print(f"bench quality: {error}", file=sys.stderr)
        return 2
    if options.list:
        for one in plan.methods:
            print(f"{one.name:<32} {one.family.value:<6} {len(one.settings)} settings")
        return 0
    failures = run_stages(plan, options.stages, options.workers, options.force)
    show_choices(choose(plan))
    if "report" in options.stages:
        report(plan, options.out or folder_of(plan))
    show_failures(failures)
    return 1 if failures else 0
