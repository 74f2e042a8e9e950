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
from dataclasses import dataclass
from pathlib import Path

import torch

from demo_world import EVALUATION_SEEDS, TUNING_SEEDS

from .lab import PAIRS, Pair
from .method import Method, Setting
from .methods import all_methods, chosen
from .running import Failure, batches, make_missing
from .store import FOLDER, Job, Store
from .tuning import RULE, Trial, best, needs_tuning, trial

STAGES = ("tune", "run", "report")
QUICK = {"pairs": ["day to night"], "scenes": 8, "tuning_scenes": 0, "steps": 4, "references": 4}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is compared, on what, at which size."""

    pairs: tuple[Pair, ...] = PAIRS
    methods: tuple[Method, ...] = ()
    scenes: int = 64
    tuning_scenes: int = 8  # 0 takes every method's first setting
    steps: int = 20
    references: int = 16
    folder: Path = FOLDER

    @property
    def store(self) -> Store:
        return Store(steps=self.steps, references=self.references, folder=self.folder)

    @property
    def tuning_batches(self) -> list[tuple[int, ...]]:
        return batches(TUNING_SEEDS[: self.tuning_scenes])

    @property
    def evaluation_batches(self) -> list[tuple[int, ...]]:
        return batches(EVALUATION_SEEDS[: self.scenes])


@dataclass(frozen=True)
class Choice:
    """The setting of a method for a pair, and the trials that it was chosen from."""

    setting: Setting
    trials: tuple[Trial, ...] = ()


Choices = dict[tuple[Pair, str], Choice]


def tuning_jobs(plan: Plan) -> list[Job]:
    """Every candidate setting of every method that has several, on the tuning scenes."""
    return [
        Job(pair, method, setting, seeds)
        for pair in plan.pairs
        for seeds in plan.tuning_batches
        for method in plan.methods
        if needs_tuning(method)
        for setting in method.settings
    ]


def evaluation_jobs(plan: Plan, choices: Choices) -> list[Job]:
    """Every method at its chosen setting, on the evaluation scenes; whole batches of all first."""
    return [
        Job(pair, method, choices[pair, method.name].setting, seeds)
        for seeds in plan.evaluation_batches
        for pair in plan.pairs
        for method in plan.methods
        if (pair, method.name) in choices
    ]


def choose(plan: Plan) -> Choices:
    """The best setting of every method for every pair, as far as tuning has come."""
    choices: Choices = {}
    for pair in plan.pairs:
        for method in plan.methods:
            choice = choice_of(plan, pair, method)
            if choice is not None:
                choices[pair, method.name] = choice
    return choices


def choice_of(plan: Plan, pair: Pair, method: Method) -> Choice | None:
    """None while no setting of the method has been tried on all tuning scenes."""
    if not needs_tuning(method) or not plan.tuning_scenes:
        return Choice(method.settings[0])
    trials = [tried(plan, pair, method, setting) for setting in method.settings]
    known = tuple(one for one in trials if one is not None)
    return Choice(best(known).setting, known) if known else None


def tried(plan: Plan, pair: Pair, method: Method, setting: Setting) -> Trial | None:
    """One setting judged on the tuning scenes; None where its pictures are missing."""
    jobs = [Job(pair, method, setting, seeds) for seeds in plan.tuning_batches]
    if not all(plan.store.has(job) for job in jobs):
        return None
    results = torch.cat([plan.store.load(job).floats for job in jobs])
    return trial(setting, results, pair, [seed for job in jobs for seed in job.seeds])


def run_stages(plan: Plan, stages: Sequence[str], workers: int) -> list[Failure]:
    """Make the pictures that the stages need; returns what failed."""
    failures: list[Failure] = []
    if "tune" in stages:
        failures += make_missing(tuning_jobs(plan), plan.store, workers, "tuning")
    if "run" in stages:
        jobs = evaluation_jobs(plan, choose(plan))
        failures += make_missing(jobs, plan.store, workers, "evaluation")
    return failures


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python dev.py bench quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a run of a minute or two: one pair, "
        "8 scenes, 4 steps, first settings; other options come on top",
    )
    parser.add_argument(
        "--pairs",
        nargs="+",
        metavar="PAIR",
        choices=[p.name for p in PAIRS],
        help="translations, for example 'day to night' (default: all six)",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        metavar="NAME",
        help="names of methods (default: all); --list shows them",
    )
    parser.add_argument("--scenes", type=int, help="evaluation scenes per pair (default: 64)")
    parser.add_argument(
        "--tuning-scenes",
        type=int,
        help="scenes for choosing settings (default: 8); 0 takes first settings",
    )
    parser.add_argument("--steps", type=int, help="sampling steps of all methods (default: 20)")
    parser.add_argument(
        "--references",
        type=int,
        help="pictures of the target domain given to methods (default: 16)",
    )
    parser.add_argument(
        "--stages",
        nargs="+",
        choices=STAGES,
        default=STAGES,
        help="what to do (default: all); 'report' judges what is there",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes of one thread each; "
        "1 stays in this process with all of torch's threads (default)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        help="where pictures are kept (default: .cache/bench/quality)",
    )
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="take results of older code as "
        "those of the present: only after a change that alters no result",
    )
    parser.add_argument("--list", action="store_true", help="name the methods and stop")
    return parser.parse_args(arguments)


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan the command line asks for."""
    names = ("pairs", "scenes", "tuning_scenes", "steps", "references")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    values = {**(QUICK if options.quick else {}), **given}
    if "pairs" in values:
        values["pairs"] = tuple(pair for pair in PAIRS if pair.name in values["pairs"])
    methods = chosen(all_methods(), options.methods)
    return Plan(methods=methods, folder=options.folder, **values)


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
    show_failures(failures)
    return 1 if failures else 0
