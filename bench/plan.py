"""What a quality run consists of: which jobs, which settings they have led to, and their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch

from demo_world import EVALUATION_SEEDS, TUNING_SEEDS

from .axes import AXES
from .cost_page import machine
from .duels import Trials, duels_of, meetings
from .hashes import weights_hash
from .judges import JudgeConfig, open_judge
from .judging import Scores, Trial, best, interval, judged
from .lab import PAIRS, Pair
from .method import Family, Method
from .methods import all_methods
from .rows import Duel, Findings, Row, merged, rounded, shortened
from .running import batches
from .scenes import POOL_SEEDS
from .store import FOLDER, Job, Store

examined_judge = cache(open_judge)


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
        names = ("steps", "references", "folder", "any_code")
        return Store(**{name: getattr(self, name) for name in names})

    @property
    def facts(self) -> dict[str, object]:
        """What rows must share to stand on one page."""
        names = ("scenes", "tuning_scenes", "steps", "references", "pool")
        return {**{name: getattr(self, name) for name in names}, "weights": weights_hash()}

    @property
    def tuning_batches(self) -> list[tuple[int, ...]]:
        return batches(TUNING_SEEDS[: self.tuning_scenes])

    @property
    def evaluation_batches(self) -> list[tuple[int, ...]]:
        return batches(EVALUATION_SEEDS[: self.scenes])

    def scores(self, jobs: Sequence[Job]) -> Scores:
        """What a method has reached with one setting on one pair."""
        results = torch.cat([self.store.load(job).floats for job in jobs])
        seeds = [seed for job in jobs for seed in job.seeds]
        pool = tuple(POOL_SEEDS[: self.pool])
        return judged(results, jobs[0].pair, seeds, examined_judge(self.judge), pool)


# The trials of every method on every pair; none of what has a setting without any.
Choices = dict[tuple[Pair, Method], list[Trial]]


def tuning_jobs(plan: Plan) -> list[Job]:
    """Every candidate setting of every method but the bounds, which have none."""
    return [
        Job(pair, method, setting, seeds)
        for pair in plan.pairs
        for seeds in plan.tuning_batches
        for method in plan.methods
        if method.family is not Family.BOUND
        for setting in method.settings
    ]


def evaluation_jobs(plan: Plan, choices: Choices) -> list[Job]:
    """Every method at its chosen setting; one batch of scenes is finished before the next."""
    return [
        Job(pair, method, best(trials).setting if trials else method.settings[0], seeds)
        for seeds in plan.evaluation_batches
        for (pair, method), trials in choices.items()
    ]


def choose(plan: Plan) -> Choices:
    """The trials that settings are chosen from, as far as tuning has come."""
    tuned = grouped(tuning_jobs(plan))
    every = [(pair, method) for pair in plan.pairs for method in plan.methods]
    found = {one: trials_of(plan, tuned.get(one, {})) for one in every}
    return {one: trials for one, trials in found.items() if trials or one not in tuned}


def trials_of(plan: Plan, settings: Mapping[str, list[Job]]) -> list[Trial]:
    """The settings that have run on all tuning scenes, judged."""
    return [
        Trial(jobs[0].setting, plan.scores(jobs))
        for jobs in settings.values()
        if all(map(plan.store.has, jobs))
    ]


def grouped(jobs: Sequence[Job]) -> dict[tuple[Pair, Method], dict[str, list[Job]]]:
    """Jobs by pair and method, and there by setting."""
    groups: dict[tuple[Pair, Method], dict[str, list[Job]]] = {}
    for job in jobs:
        settings = groups.setdefault((job.pair, job.method), {})
        settings.setdefault(str(job.setting), []).append(job)
    return groups


def findings_of(plan: Plan, choices: Choices, before: Findings | None) -> Findings | None:
    """What this run adds to the rows of an earlier one of the same size, and what both say."""
    jobs = grouped(evaluation_jobs(plan, choices)).values()
    lines = [line for settings in jobs for line in settings.values()]
    new = [row_of(plan, line) for line in lines if all(map(plan.store.has, line))]
    names = [one.name for one in all_methods()]
    trials = {(pair.name, one.name): tried for (pair, one), tried in choices.items()}
    found = findings_with(plan, plan.facts, new, before, names, meetings, trials)
    return replace(found, missing=_missing(plan, found.rows)) if new else before


def findings_with(
    plan: Plan,
    facts: Mapping[str, object],
    new: Sequence[Row],
    before: Findings | None,
    names: Sequence[str],
    meet: Callable[[Sequence[Row]], list[tuple[Row, Row]]],
    trials: Trials | None = None,
) -> Findings | None:
    """New rows among those known before, in the order of the methods' `names`."""
    if not new:
        return before
    rows = merged(before.rows if before else (), new, [*(pair.name for pair in PAIRS), *names])
    examined = examined_judge(plan.judge)
    return Findings(
        facts=facts,
        judge={"domains": examined.domain_accuracy, "labels": examined.label_accuracy},
        machine=machine(torch.device("cpu")),
        rows=rows,
        duels=duels_of(meet(rows), trials or {}, _standing_duels(before, rows)),
    )


def row_of(plan: Plan, jobs: Sequence[Job]) -> Row:
    """A method's row for one pair, from its batches."""
    job, made, scores = jobs[0], [plan.store.load(one) for one in jobs], plan.scores(jobs)
    costs = {
        name: rounded(sum(getattr(one.spent, name) for one in made) / len(made))
        for name in ("evaluations", "gradients", "seconds")
    }
    return Row(
        pair=job.pair.name,
        method=job.method.name,
        family=job.method.family,
        source=job.method.source,
        setting=dict(job.setting),
        axes={axis.key: shortened(interval(scores[axis.key], axis)) for axis in AXES},
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
    """Pairs and methods of the plan that have no row."""
    known = {one.key for one in rows}
    return [
        f"{method.name} ({pair.name})"
        for pair in plan.pairs
        for method in plan.methods
        if (pair.name, method.name) not in known
    ]
