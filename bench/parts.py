"""Pages in parts: each is a table of methods on the same scenes, run when it is asked for.

What the present code has written into a page's numbers is not made again, and pictures are kept,
so that a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .ablation import MARKS, SHARED, beside_first
from .axes import Axis
from .cost_page import machine_line, markdown_table
from .judges import SMALL
from .judging import Scores
from .lab import Method, Pair
from .plan import Line, Plan, findings_with, row_with
from .quality import DOCS, ELSEWHERE, show_failures
from .rows import Duel, Findings, Row, code_list, read, write
from .running import make_missing
from .statistics import standing
from .store import KEPT, code_of

QUICK_SCENES, QUICK_STEPS = 4, 4
Rows = Mapping[str, Row]  # by their methods
Duels = Mapping[str, Duel]  # of every method with the first of its table


@dataclass(frozen=True, kw_only=True)
class Part:
    """One table: methods on so many scenes, each laid beside the first."""

    name: str
    title: str
    pair: Pair
    scenes: int
    methods: tuple[Method, ...]
    axes: Sequence[Axis]
    scores: Callable[[Plan, Line], Scores]
    says: Sequence[Callable[[Rows, Duels], str]] = ()  # above its table

    def lines(self, plan: Plan) -> list[Line]:
        """The jobs of every method."""
        plan = replace(plan, scenes=self.scenes)
        own = [replace(one, source=self.name) for one in self.methods]
        return [plan.evaluation(self.pair, one, one.settings[0]) for one in own]

    def rows(self, findings: Findings) -> Rows:
        return {one.method: one for one in findings.rows if one.source == self.name}

    def section(self, findings: Findings) -> str:
        """Its part of the page."""
        rows = self.rows(findings)
        duels = {
            one.ours: one
            for one in findings.duels
            if one.ours in rows and one.pair == self.pair.name
        }
        if not rows:
            return f"## {self.title}\n\nNot run yet."
        told = [one(rows, duels) for one in self.says]
        scenes = f"{self.scenes} scenes."
        parts = [f"## {self.title}", " ".join(filter(None, [*told, scenes]))]
        return "\n\n".join([*parts, table(self.axes, rows, duels)])


def table(axes: Sequence[Axis], rows: Rows, duels: Duels) -> str:
    """All rows of a part; ▲ and ▼ mark what is better or worse than its first beyond doubt."""
    heads = ["method", *(axis.head for axis in axes), "evaluations", "backward", "s / picture"]
    lines = []
    for name, one in rows.items():
        cells = [_cell(one, duels[name], axis) for axis in axes]
        costs = (f"{one.evaluations:.0f}", f"{one.gradients:.0f}", f"{one.seconds:.2f}")
        lines.append([name, *cells, *costs])
    return markdown_table(heads, lines)


def _cell(row: Row, duel: Duel, axis: Axis) -> str:
    if axis.key not in row.axes:
        return ""
    return row.on(axis).shown(axis.digits) + MARKS[standing(duel.on(axis))]


@dataclass(frozen=True, kw_only=True)
class Report:
    """A page, and the numbers that it is made of."""

    name: str  # of page, numbers and command
    parts: Sequence[Part]
    steps: int
    text: Callable[[Sequence[Part], Findings, Path], str]
    pictures: Callable[[Sequence[Part], Plan, Findings, Path], None]

    @property
    def page(self) -> str:
        return f"{self.name}.md"

    @property
    def numbers(self) -> str:
        return f"{self.name}.json"

    def options(self, meaning: str, others: Iterable[str] = ()) -> argparse.ArgumentParser:
        """What its command is asked; `others` are parts that it makes by itself."""
        options = argparse.ArgumentParser(
            prog=f"python dev.py bench {self.name}",
            description=meaning,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add, names = options.add_argument, [*others, *(one.name for one in self.parts)]
        add("--parts", nargs="+", metavar="PART", choices=names, default=names, help=_listed(names))
        add("--methods", nargs="+", metavar="NAME", help="only methods whose names begin so")
        add("--quick", action="store_true", help="4 scenes, 4 steps, a small judge")
        add("--workers", type=int, default=1, help="processes of one thread each (default: 1)")
        add("--force", action="store_true", help="make everything again, though it is there")
        add("--adopt", action="store_true", help="take pictures of other code for this one's")
        add("--folder", type=Path, default=KEPT / self.name, help="where pictures are kept")
        add("--out", type=Path, help="folder of the page (default: docs; out/bench for --quick)")
        add("--report-only", action="store_true", help="run nothing, print the page again")
        return options

    def folder(self, options: argparse.Namespace) -> Path:
        """Where the page is written."""
        asked: Path | None = options.out
        return asked or (ELSEWHERE if options.quick else DOCS)

    def run(self, options: argparse.Namespace) -> int:
        """Exit code 1 if any method failed; the others are still judged."""
        few = {"references": 4, "pool": 32, "judge": SMALL} if options.quick else {}
        steps = QUICK_STEPS if options.quick else self.steps
        plan = Plan(steps=steps, folder=options.folder, any_code=options.adopt, **few)
        scenes = {"scenes": QUICK_SCENES} if options.quick else {}
        parts = [replace(one, **scenes) for one in self.parts]
        facts = {name: plan.facts[name] for name in SHARED}
        facts["scenes"] = {one.name: one.scenes for one in parts}
        docs, failures = self.folder(options), []
        found = found_before(docs / self.numbers, facts)
        asked = [one for one in parts if one.name in options.parts]
        for part in asked:
            lines = [one for one in part.lines(plan) if named(one[0].method, options.methods)]
            if not options.report_only:
                wanted = lines if options.force else to_make(lines, found)
                jobs = [job for line in wanted for job in line]
                failures += make_missing(
                    jobs, plan.store, options.workers, part.name, options.force
                )
                found = self.added(part, plan, wanted, found, facts)
            self.publish(parts, plan, found, docs)
        if not asked:
            self.publish(parts, plan, found, docs)
        show_failures(failures)
        print(f"The report is in {docs / self.page}")
        return 1 if failures else 0

    def publish(self, parts: Sequence[Part], plan: Plan, found: Findings, docs: Path) -> None:
        """Write numbers, pictures and page; numbers of other weights stay where none are new."""
        docs.mkdir(parents=True, exist_ok=True)
        if found.rows:
            write(found, docs / self.numbers)
        self.pictures(parts, plan, found, docs)
        (docs / self.page).write_text(self.text(parts, found, docs), encoding="utf-8")

    def added(
        self,
        part: Part,
        plan: Plan,
        lines: Sequence[Line],
        before: Findings,
        facts: Mapping[str, Any],
    ) -> Findings:
        """The findings with the rows of those lines of a part that are done."""
        done = filter(plan.has, lines)
        new = [row_with(part.scores(plan, line), part.axes, plan, line) for line in done]
        order = dict.fromkeys(method.name for one in self.parts for method in one.methods)
        pairs = dict.fromkeys(one.pair.name for one in self.parts)
        found = findings_with(plan, facts, new, before, [*pairs, *order], beside_first)
        return found or before


def found_before(path: Path, facts: Mapping[str, Any]) -> Findings:
    """What was written before of parts that have the same facts, and as many scenes, as now."""
    nothing = Findings(facts=facts, judge={}, machine={}, rows=(), duels=())
    before = read(path) or nothing
    if any(before.facts[name] != facts[name] for name in SHARED):
        return nothing
    now, then = facts["scenes"], before.facts["scenes"]
    rows = [one for one in before.rows if now.get(one.source) == then[one.source]]
    return replace(before, facts=facts, rows=rows)


def made_by(findings: Findings) -> list[str]:
    """Machine, weights and code, once there are rows."""
    if not findings.rows:
        return []
    return [
        machine_line(findings.machine),
        f"Made by, with weights {findings.facts['weights']}:",
        code_list((one.code, one.method) for one in findings.rows),
    ]


def _listed(names: Sequence[str]) -> str:
    return f"which tables (default: all): {', '.join(names)}"


def to_make(lines: Sequence[Line], before: Findings) -> list[Line]:
    """Those whose rows the present code has not written yet."""
    known = {one.key: one.code for one in before.rows}
    return [
        line
        for line in lines
        if known.get((line[0].pair.name, line[0].method.name)) != code_of(line[0].method.run)
    ]


def named(method: Method, beginnings: Sequence[str] | None) -> bool:
    return beginnings is None or any(method.name.startswith(one) for one in beginnings)
