"""Compare S2ST with its rivals on paired scenes (`python dev.py bench quality`).

Four stages: every candidate setting of every method runs on tuning scenes and the best is chosen;
the chosen settings run on the evaluation scenes; the strongest rivals run at the number of steps
that costs what ours costs; the pictures are judged and the report is written.
Pictures are kept in .cache/bench/quality, so a stopped run goes on where it was. What other code
has made is made again. The report keeps the rows of methods that have not run (`--stages report`
alone prints the page from quality.json).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from demo_world.model import CHECKPOINT, WEIGHTS

from .cost_page import with_part
from .duels import verdict
from .judges import SMALL, JudgeConfig
from .judging import RULE
from .lab import PAIRS
from .methods import all_methods, chosen
from .page import PAGE, opening, page, short_part
from .pictures import write_pictures
from .plan import Line, Plan, at_our_cost, evaluated, findings_of, tuned
from .rows import NUMBERS, Findings, read, write
from .running import Failure, make_missing
from .store import FOLDER, ROOT

STAGES = ("tune", "run", "cost", "report")
DOCS, ELSEWHERE, README = ROOT / "docs", ROOT / "out" / "bench", ROOT / "README.md"
QUICK = {
    "pairs": ["day to night"],
    "scenes": 8,
    "tuning_scenes": 0,
    "steps": 4,
    "references": 4,
    "pool": 32,
    "judge": SMALL,
}
SIZES = ("scenes", "tuning_scenes", "steps", "references", "model")


def compare(
    plan: Plan,
    stages: Collection[str] = STAGES,
    before: Findings | None = None,
    workers: int = 1,
    force: bool = False,
) -> tuple[Findings | None, list[Failure]]:
    """Go through the stages, add what was found to the rows known `before`; and what failed."""
    failures: list[Failure] = []

    def make(stage: str, lines: Sequence[Line]) -> None:
        if stage in stages:
            jobs = [job for line in lines for job in line]
            failures.extend(make_missing(jobs, plan.store, workers, stage, force))

    lines = evaluated(plan, tuned(plan, partial(make, "tune")))
    show_choices(lines)
    make("run", lines)
    found = findings_of(plan, lines, (), before)
    if found is None:
        return None, failures
    cost = at_our_cost(plan, found, lines)
    make("cost", cost)
    return findings_of(plan, lines, cost, before), failures


def report(plan: Plan, findings: Findings | None, docs: Path) -> None:
    """Write all of it down."""
    if findings is None:
        print("Nothing can be judged yet: no method has run on all scenes.", file=sys.stderr)
        return
    write(findings, docs / NUMBERS)
    write_pictures(plan, findings, docs)
    (docs / PAGE).write_text(page(findings, docs), encoding="utf-8")
    if docs == DOCS and verdict(findings).duels:
        text = with_part(README.read_text(encoding="utf-8"), "quality", short_part(findings))
        README.write_text(text, encoding="utf-8")
    print(opening(findings))
    print(f"The report is in {docs / PAGE}")


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
    model = "folder of another model of the demo's layout (default: the committed one)"
    add("--model", type=Path, help=model)
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
    model = values.get("model", WEIGHTS)
    if not (model / CHECKPOINT).is_file():
        raise ValueError(
            f"The model's folder is {model}, but it must hold {CHECKPOINT}, as what `python dev.py "
            f"train-demo --out {model}` writes does."
        )
    methods = chosen(all_methods(), options.methods)
    return Plan(methods=methods, folder=options.folder, any_code=options.adopt, **values)


def folder_of(plan: Plan) -> Path:
    """The docs for the size that they tell of, else a place that nobody publishes."""
    return DOCS if plan.facts == Plan().facts and plan.judge == JudgeConfig() else ELSEWHERE


def show_choices(lines: Sequence[Line]) -> None:
    print(f"Settings chosen by: {RULE}")
    for job in (line[0] for line in lines):
        if job.setting:
            print(f"  {job.pair.name:<14} {job.method.name:<32} {dict(job.setting)}")


def show_failures(failures: Sequence[Failure]) -> None:
    for job, reason in ((one.job, one.reason) for one in failures):
        head = f"{job.pair.name}, {job.method.name}, {dict(job.setting)}"
        print(f"\n{head}:\n{reason}", file=sys.stderr)


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
            print(f"{one.name:<32} {one.family.value:<12} {len(one.settings)} settings")
        return 0
    docs = options.out or folder_of(plan)
    before = read(docs / NUMBERS, plan.facts)
    found, failures = compare(plan, options.stages, before, options.workers, options.force)
    if "report" in options.stages:
        report(plan, found, docs)
    show_failures(failures)
    return 1 if failures else 0
