"""Does it hold on other models? (`python dev.py bench backbones`)

The default, the paper's stages and the five strongest rivals on the demo model and on twins of it
that have learnt to predict something else, by the rules of `bench quality` on fewer scenes; every
method is tuned on every model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo_world.model import CHECKPOINT, WEIGHTS

from .cost_page import markdown_table
from .duels import DECIDING, strongest, verdict
from .judges import SMALL, JudgeConfig
from .lab import PAIRS
from .methods import DEFAULT, PAPER, all_methods, chosen
from .page import BRIEF, brief_table, opening
from .plan import Plan
from .quality import DOCS, ELSEWHERE, compare, show_failures
from .rows import NUMBERS, Findings, read, write
from .store import FOLDER, ROOT

PAGE = "backbones.md"
TWINS = ("epsilon", "flow")  # what they predict; the demo model itself predicts v
SHIPPED = "v (the demo model)"


def missing(twins: Path) -> str:
    """How to make the twins that are not there, in one sentence; empty if all are."""
    base = twins.relative_to(ROOT) if twins.is_relative_to(ROOT) else twins
    absent = [name for name in TWINS if not (twins / name / CHECKPOINT).is_file()]
    how = (f"--further --prediction {name} --out {(base / name).as_posix()}" for name in absent)
    made = " and ".join(f"`python dev.py train-demo {options}`" for options in how)
    wanted = " and ".join((base / name).as_posix() for name in absent)
    return f"There is no model in {wanted}: make what is missing with {made}." if absent else ""


def usual_methods() -> list[str]:
    """The strongest rivals that the quality page knows, the paper's stages and the default."""
    known = read(DOCS / NUMBERS)
    if known is None:
        raise ValueError(
            f"{DOCS / NUMBERS} does not tell which rivals are the strongest: run `python dev.py "
            f"bench quality` first, or name the methods with --methods."
        )
    return [*strongest(known), PAPER, DEFAULT]


def page(found: Mapping[str, Findings]) -> str:
    """A table over all models, and each model's verdict in words."""
    lines, facts = [], next(iter(found.values())).facts
    for name, one in found.items():
        heads, own = brief_table(one, verdict(one), DECIDING, lambda row: row.compared)
        lines += [[name, *line] for line in own]
    parts = [
        "# The comparison on other models",
        "`python dev.py bench backbones` makes this page: twins of the demo model that predict "
        f"something else, {facts['scenes']} scenes per translation after {facts['tuning_scenes']} "
        "to choose settings on, everything else as in [quality.md](quality.md), detail restored. "
        f"{BRIEF}",
        markdown_table(["model", *heads], lines),
        *(f"**Predicting {name}.** {opening(one)}{_absent(one)}" for name, one in found.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _absent(one: Findings) -> str:
    return f" Cannot run on it, or failed: {'; '.join(one.missing)}." if one.missing else ""


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if any method failed on any model; the others are still judged."""
    parser = argparse.ArgumentParser(prog="python dev.py bench backbones", description=__doc__)
    add = parser.add_argument
    add("--twins", type=Path, default=ROOT / "out" / "twins", help="folder of the twins' folders")
    usual = "default: the five strongest rivals of quality.json, the paper's stages and S2ST"
    add("--methods", nargs="+", metavar="NAME", help=usual)
    add("--pairs", nargs="+", metavar="PAIR", choices=[one.name for one in PAIRS])
    add("--scenes", type=int, default=16, help="evaluation scenes per pair (default: 16)")
    add("--tuning-scenes", type=int, default=4, help="default: 4")
    add("--workers", type=int, default=1, help="processes of one thread each")
    add("--quick", action="store_true", help="one pair, 4 steps, a small judge")
    add("--folder", type=Path, default=FOLDER, help="where pictures are kept")
    add("--out", type=Path, help="folder of the page (default: docs; out/bench for --quick)")
    options = parser.parse_args(arguments)
    try:
        if absent := missing(options.twins):
            raise ValueError(absent)
        methods = chosen(all_methods(), options.methods or usual_methods())
        plans = {name: _plan(options, methods, model) for name, model in _models(options).items()}
    except ValueError as error:
        print(f"bench backbones: {error}", file=sys.stderr)
        return 2
    if options.out is None:
        options.out = ELSEWHERE if options.quick else DOCS
    stages, workers = ("tune", "run"), options.workers
    results = {name: compare(plan, stages, workers=workers) for name, plan in plans.items()}
    failures = [failure for _, failed in results.values() for failure in failed]
    show_failures(failures)
    found = {name: one for name, (one, _) in results.items() if one}
    if not found:
        return 1
    for name, one in found.items():
        write(one, options.out / f"backbone-{name.split()[0]}.json")
    (options.out / PAGE).write_text(page(found), encoding="utf-8")
    print(f"The report is in {options.out / PAGE}")
    return 1 if failures else 0


def _models(options: argparse.Namespace) -> dict[str, Path]:
    return {SHIPPED: WEIGHTS, **{name: options.twins / name for name in TWINS}}


def _plan(options: argparse.Namespace, methods: tuple, model: Path) -> Plan:
    few = {"steps": 4, "references": 4, "pool": 32} if options.quick else {}
    names = options.pairs or [one.name for one in PAIRS[: 1 if options.quick else None]]
    return Plan(
        pairs=tuple(pair for pair in PAIRS if pair.name in names),
        methods=methods,
        scenes=options.scenes,
        tuning_scenes=options.tuning_scenes,
        judge=SMALL if options.quick else JudgeConfig(),
        model=model,
        folder=options.folder,
        **few,
    )
