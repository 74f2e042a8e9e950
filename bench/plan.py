"""What a quality run consists of: which jobs, which settings they have led to, and their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from demo_world import EVALUATION_SEEDS, TUNING_SEEDS
from demo_world.model import WEIGHTS
from s2st import restore_detail

from .axes import ALL_AXES, Axis
from .cost_page import machine
from .duels import OURS, duels_of, meetings, strongest
from .judges import JudgeConfig, open_judge
from .judging import CARS, Scores, interval, judged, score
from .lab import PAIRS, Method, Pair, Setting
from .methods import all_methods
from .methods import names as known_names
from .rivals import trained
from .rows import Duel, Findings, Row, Variant, compared, merged, rounded, shortened
from .running import batches
from .store import FOLDER, POOL_SEEDS, Job, Store, rendered, returned, weights_hash

Line = Sequence[Job]  # a method at one setting on one pair, on all scenes
Make = Callable[[Sequence[Line]], None]
examined_judge = cache(open_judge)
LEAST_STEPS = 2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is compared, on what, at which size."""

    pairs: tuple[Pair, ...] = PAIRS
    methods: tuple[Method, ...] = ()
    scenes: int = 64
    tuning_scenes: int = 8  # 0 takes every method's first setting
    steps: int = 20
    references: int = 16
    pool: int = len(POOL_SEEDS)  # pictures that show what a domain looks like
    judge: JudgeConfig = JudgeConfig()
    model: Path = WEIGHTS
    folder: Path = FOLDER
    any_code: bool = False

    def __post_init__(self) -> None:
        if self.scenes < 2 or self.tuning_scenes == 1:
            raise ValueError(
                f"There are {self.scenes} scenes and {self.tuning_scenes} tuning scenes, but an "
                f"interval needs at least 2: ask for more, or for 0 tuning scenes to leave tuning "
                f"out."
            )

    @property
    def store(self) -> Store:
        names = ("steps", "references", "folder", "model", "any_code")
        return Store(**{name: getattr(self, name) for name in names})

    @property
    def facts(self) -> dict[str, object]:
        """What rows must share to stand on one page."""
        names = ("scenes", "tuning_scenes", "steps", "references", "pool")
        facts = {name: getattr(self, name) for name in names}
        return {**facts, "weights": weights_hash(self.model)}

    @property
    def fewer_steps(self) -> list[int]:
        """A half and a third: what a rival may take instead, if it is no worse with them."""
        few = (max(LEAST_STEPS, round(share * self.steps)) for share in (0.5, 0.35))
        return [steps for steps in dict.fromkeys(few) if steps < self.steps]

    def tuning(self, pair: Pair, method: Method, setting: Setting) -> Line:
        seeds = TUNING_SEEDS[: self.tuning_scenes]
        return [Job(pair, method, setting, some) for some in batches(seeds)]

    def evaluation(self, pair: Pair, method: Method, setting: Setting) -> Line:
        seeds = EVALUATION_SEEDS[: self.scenes]
        return [Job(pair, method, setting, some) for some in batches(seeds)]

    def has(self, line: Line) -> bool:
        return all(map(self.store.has, line))

    def pictures(self, line: Line, variant: Variant = Variant.PLAIN) -> Tensor:
        """What a line has made; the detail is restored in the very same pictures."""
        made = torch.cat([self.store.load(job).floats for job in line])
        if variant is Variant.PLAIN:
            return made
        seeds, domain = seeds_of(line), line[0].pair.source
        return restore_detail(made, rendered(seeds, domain), returned(seeds, domain, self.model))

    def scores(self, line: Line, variant: Variant) -> Scores:
        pool, examined = tuple(POOL_SEEDS[: self.pool]), examined_judge(self.judge)
        results = self.pictures(line, variant)
        return judged(results, line[0].pair, seeds_of(line), examined, pool)


def seeds_of(line: Line) -> list[int]:
    return [seed for job in line for seed in job.seeds]


def tuned(plan: Plan, make: Make) -> dict[tuple[Pair, Method], Line]:
    """The best of every method's settings, as far as tuning has come.

    First all settings at the run's steps, then the best of them at fewer.
    """
    asked = [(pair, method) for pair in plan.pairs for method in plan.methods]
    lines = [
        plan.tuning(pair, method, setting)
        for pair, method in asked
        for setting in method.settings
        if len(method.settings) > 1 and plan.tuning_scenes
    ]
    make(lines)
    fewer = [
        [replace(job, setting={**job.setting, "steps": steps}) for job in line]
        for (_, method), line in _best(plan, lines).items()
        for steps in plan.fewer_steps
        if method.family.draws
    ]
    make(fewer)
    return _best(plan, [*lines, *fewer])


def _best(plan: Plan, lines: Iterable[Line]) -> dict[tuple[Pair, Method], Line]:
    """Of every method's finished lines the one of the highest score; the first of equals."""
    found: dict[tuple[Pair, Method], tuple[float, Line]] = {}
    for line in filter(plan.has, lines):
        key = line[0].pair, line[0].method
        reached = score(plan.scores(line, compared(key[1].family)))
        if key not in found or reached > found[key][0]:
            found[key] = reached, line
    return {key: line for key, (_, line) in found.items()}


def evaluated(plan: Plan, best: Mapping[tuple[Pair, Method], Line]) -> list[Line]:
    """Every method at its chosen setting; none of what has a choice that is not made yet."""
    lines = []
    for pair, method in ((pair, method) for pair in plan.pairs for method in plan.methods):
        if (pair, method) in best:
            lines.append(plan.evaluation(pair, method, best[pair, method][0].setting))
        elif len(method.settings) == 1 or not plan.tuning_scenes:
            lines.append(plan.evaluation(pair, method, method.settings[0]))
    return lines


def at_our_cost(plan: Plan, findings: Findings, lines: Sequence[Line]) -> list[Line]:
    """The strongest rivals at the number of steps whose evaluations come nearest to ours."""
    ours = {one.pair: one.evaluations for one in findings.rows if one.name == OURS}
    chosen = strongest(findings)
    return [
        plan.evaluation(job.pair, job.method, {**job.setting, "steps": steps})
        for job in (line[0] for line in lines)
        if job.method.name in chosen and job.pair.name in ours and plan.store.has(job)
        for steps in [steps_nearest(_prices(plan, job), ours[job.pair.name])]
    ]


def _prices(plan: Plan, job: Job) -> dict[int, float]:
    """What a setting takes at the numbers of steps that it has run with."""
    tried = [job]
    for steps in plan.fewer_steps:
        setting = {**job.setting, "steps": steps}
        tried += plan.tuning(job.pair, job.method, setting)[:1]
    return {
        one.setting.get("steps", plan.steps): plan.store.load(one).spent.evaluations
        for one in tried
        if plan.store.has(one)
    }


def steps_nearest(prices: Mapping[int, float], goal: float) -> int:
    """The number of steps whose price is nearest to the goal, along a straight line."""
    points = prices if len(prices) > 1 else {0: 0.0, **prices}
    few, many = min(points), max(points)
    slope = (points[many] - points[few]) / (many - few)
    return max(LEAST_STEPS, round(few + (goal - points[few]) / slope))


def findings_of(
    plan: Plan, lines: Sequence[Line], cost: Sequence[Line], before: Findings | None
) -> Findings | None:
    """What this run adds to the rows of an earlier one of the same size, and what both say."""
    done = [(line, variant) for line in lines if plan.has(line) for variant in _variants(line)]
    done += [(line, Variant.AT_OUR_COST) for line in cost if plan.has(line)]
    new = [row_of(plan, *one) for one in done]
    names = [name + variant.value for name in known_names() for variant in Variant]
    found = findings_with(plan, plan.facts, new, before, names, meetings)
    return replace(found, missing=_missing(plan, found.rows)) if new else before


def _variants(line: Line) -> tuple[Variant, ...]:
    restored = (Variant.RESTORED,) if line[0].method.family.draws else ()
    return Variant.PLAIN, *restored


def findings_with(
    plan: Plan,
    facts: Mapping[str, object],
    new: Sequence[Row],
    before: Findings | None,
    names: Sequence[str],
    meet: Callable[[Sequence[Row]], list[tuple[Row, Row]]],
) -> Findings | None:
    """New rows among those known before, in the order of the methods' `names`."""
    if not new:
        return before
    rows = merged(before.rows if before else (), new, [*(pair.name for pair in PAIRS), *names])
    return Findings(
        facts=facts,
        judge=examined_judge(plan.judge).accuracy,
        machine=machine(torch.device("cpu")),
        rows=rows,
        duels=duels_of(meet(rows), _standing_duels(before, rows)),
    )


def row_of(plan: Plan, line: Line, variant: Variant = Variant.PLAIN) -> Row:
    """A method's row for one pair."""
    scores = plan.scores(line, variant)
    cars = scores[CARS].sum(dim=0).int().tolist()
    return row_with(scores, ALL_AXES, plan, line, variant=variant, cars=cars)


def row_with(
    scores: Scores,
    axes: Sequence[Axis],
    plan: Plan,
    line: Line,
    *,
    variant: Variant = Variant.PLAIN,
    cars: Sequence[int] = (),
) -> Row:
    """The row of a line that has these scores on these axes."""
    job, made = line[0], [plan.store.load(one) for one in line]
    costs = {
        name: rounded(sum(getattr(one.spent, name) for one in made) / len(made))
        for name in ("evaluations", "gradients", "seconds")
    }
    return Row(
        pair=job.pair.name,
        method=job.method.name,
        variant=variant,
        family=job.method.family,
        source=job.method.source,
        setting=dict(job.setting),
        axes={
            axis.key: shortened(interval(scores[axis.key], axis))
            for axis in axes
            if axis.key in scores
        },
        cars=cars,
        code=" ".join(sorted({one.code for one in made})),
        scores=scores,
        **costs,
    )


def _standing_duels(before: Findings | None, rows: Sequence[Row]) -> dict[tuple, Duel]:
    """Duels of an earlier run between rows that stand as they did."""
    if before is None:
        return {}
    then = {one.key: one for one in before.rows}
    same = {one.key for one in rows if one == then.get(one.key)}
    return {
        duel.key: duel
        for duel in before.duels
        if {(duel.pair, duel.ours), (duel.pair, duel.rival)} <= same
    }


def _missing(plan: Plan, rows: Sequence[Row]) -> list[str]:
    """Pairs of the plan that have no row, and methods that have none in the others."""
    known = {one.key for one in rows}
    begun = {pair for pair, _ in known}
    absent = [pair.name for pair in plan.pairs if pair.name not in begun]
    absent += [
        f"{method.name} ({pair.name})"
        for pair in plan.pairs
        for method in plan.methods
        if pair.name in begun and (pair.name, method.name) not in known
    ]
    everything = {one.name for one in all_methods()} <= {one.name for one in plan.methods}
    left_out = trained.left_out() if everything else None
    return absent if left_out is None else [*absent, left_out]
