"""Compare S2ST with its rivals on paired scenes (`python dev.py bench quality`).

Three stages: every candidate setting of every method runs on tuning scenes and the best is chosen;
the chosen settings run on the evaluation scenes; the pictures are judged and the report is written.
Pictures are kept in .cache/bench/quality, so a stopped run goes on where it was, and judging again
costs no method a second run. A changed algorithm is run again by itself, and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from .findings import Findings
from .fingerprint import ROOT
from .judges import JudgeConfig, open_judge
from .judging import Result, judged
from .lab import PAIRS, Pair
from .method import Method
from .methods import all_methods, chosen
from .plan import (
    Plan,
    choose,
    evaluation_jobs,
    planned_results,
    tuning_jobs,
    unplanned,
)
from .report import SHEET_SCENES, printed, sheet_columns, write_report
from .running import Failure, make_missing
from .scenes import rendered
from .store import FOLDER, Job
from .tuning import RULE, Choices
from .verdict import verdicts

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


def run_stages(plan: Plan, stages: Sequence[str], workers: int) -> list[Failure]:
    """Make the pictures that the stages need; returns what failed."""
    failures: list[Failure] = []
    if "tune" in stages:
        failures += make_missing(tuning_jobs(plan), plan.store, workers, "tuning")
    if "run" in stages:
        jobs = evaluation_jobs(plan, choose(plan))
        failures += make_missing(jobs, plan.store, workers, "evaluation")
    return failures


def findings_of(plan: Plan) -> Findings:
    """Judge every line whose pictures are all there."""
    examined = open_judge(plan.judge)
    choices = choose(plan, examined.judge)
    lines = [
        judged(plan.store, jobs, examined, plan.pool_seeds)
        for jobs in planned_results(plan, choices)
    ]
    results = tuple(one for one in lines if one is not None)
    names = ("scenes", "tuning_scenes", "steps", "references", "pool")
    return Findings(
        results,
        choices,
        tuple(verdicts(results, choices)),
        examined,
        {name: getattr(plan, name) for name in names},
        tuple(unplanned(plan, [(one.pair, one.method.name) for one in results])),
    )


def sheets_of(plan: Plan, findings: Findings) -> dict[Pair, dict[str, Tensor]]:
    """The columns of every pair's contact sheet: the first scenes of the first batch."""
    seeds = plan.evaluation_batches[0]

    def first_pictures(one: Result) -> Tensor:
        job = Job(one.pair, one.method, one.setting, seeds)
        return plan.store.load(job).floats[:SHEET_SCENES]

    shown = seeds[:SHEET_SCENES]
    return {
        pair: sheet_columns(
            findings.of(pair),
            rendered(shown, pair.source),
            rendered(shown, pair.target),
            first_pictures,
        )
        for pair in findings.pairs
    }


def report(plan: Plan, docs: Path) -> None:
    """Judge what there is, write it down, print the verdict."""
    findings = findings_of(plan)
    if not findings.results:
        print("Nothing can be judged yet: no method has run on all scenes.", file=sys.stderr)
        return
    docs.mkdir(parents=True, exist_ok=True)
    write_report(findings, sheets_of(plan, findings), docs)
    print(printed(findings.verdicts))
    print(f"The report is in {docs / 'quality.md'}")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py bench quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    quick = "a run of a minute or two: one pair, 8 scenes, 4 steps, first settings; other options "
    add("--quick", action="store_true", help=quick + "come on top")
    _add_what(parser)
    add("--stages", nargs="+", choices=STAGES, default=STAGES, help="what to do (default: all)")
    workers = "processes of one thread each; 1 (default) has all of torch's threads"
    add("--workers", type=int, default=1, help=workers)
    kept = "where pictures are kept (default: .cache/bench/quality)"
    add("--folder", type=Path, default=FOLDER, help=kept)
    out = "folder of the report (default: docs for the whole comparison, out/bench for a part)"
    add("--out", type=Path, help=out)
    adopt = "take results of older code: only after a change that alters no result"
    add("--adopt", action="store_true", help=adopt)
    add("--list", action="store_true", help="name the methods and stop")
    return parser.parse_args(arguments)


def _add_what(parser: argparse.ArgumentParser) -> None:
    """The options that say what is compared, on what."""
    add, names = parser.add_argument, [pair.name for pair in PAIRS]
    pairs = "translations, for example 'day to night' (default: all six)"
    add("--pairs", nargs="+", metavar="PAIR", choices=names, help=pairs)
    add("--methods", nargs="+", metavar="NAME", help="default: all; --list shows them")
    add("--scenes", type=int, help="evaluation scenes per pair (default: 64)")
    tuning = "scenes for choosing settings (default: 8); 0 takes first settings"
    add("--tuning-scenes", type=int, help=tuning)
    add("--steps", type=int, help="sampling steps of all methods (default: 20)")
    references = "pictures of the target domain given to methods (default: 16)"
    add("--references", type=int, help=references)


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan the command line asks for."""
    names = ("pairs", "scenes", "tuning_scenes", "steps", "references")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    values = {**(QUICK if options.quick else {}), **given}
    if "pairs" in values:
        values["pairs"] = tuple(pair for pair in PAIRS if pair.name in values["pairs"])
    methods = chosen(all_methods(), options.methods)
    return Plan(methods=methods, folder=options.folder, **values)


def is_whole(plan: Plan) -> bool:
    """Whether nothing has been left out, so that the report may stand in the docs."""
    whole = Plan(methods=all_methods(), folder=plan.folder)
    return plan == whole


def show_methods(methods: Sequence[Method]) -> None:
    for method in methods:
        print(f"{method.name:<32} {method.family.value:<6} {len(method.settings)} settings")


def show_choices(choices: Choices) -> None:
    print(f"Settings chosen by: {RULE}")
    for (pair, name), choice in choices.items():
        if choice.trials:
            print(f"  {pair.name:<14} {name:<32} {dict(choice.setting)}")


def adopt(plan: Plan) -> None:
    """Give results of older code to the present one, and say how many."""
    count = sum(_adopted(plan, job) for job in tuning_jobs(plan))
    count += sum(_adopted(plan, job) for job in evaluation_jobs(plan, choose(plan)))
    print(f"{count} results of older code adopted.")


def _adopted(plan: Plan, job: Job) -> bool:
    return not plan.store.has(job) and plan.store.adopt(job)


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
        show_methods(plan.methods)
        return 0
    if options.adopt:
        adopt(plan)
    failures = run_stages(plan, options.stages, options.workers)
    show_choices(choose(plan))
    if "report" in options.stages:
        report(plan, options.out or (DOCS if is_whole(plan) else ELSEWHERE))
    show_failures(failures)
    return 1 if failures else 0
