"""What a quality run consists of: which jobs, and which settings they have led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from demo_world import EVALUATION_SEEDS, TUNING_SEEDS

from .judges import Judge, JudgeConfig
from .judging import features_of, look_of
from .lab import PAIRS, Pair
from .method import Method, Setting
from .metrics import frechet_distance
from .running import batches
from .scenes import POOL_SEEDS
from .store import FOLDER, Job, Store
from .tuning import Choice, Choices, Trial, best, needs_tuning, trial


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

    def __post_init__(self) -> None:
        if self.scenes < 2 or self.tuning_scenes == 1:
            raise ValueError(
                f"There are {self.scenes} scenes and {self.tuning_scenes} tuning scenes, but an "
                f"interval needs at least 2: ask for more, or for 0 tuning scenes to leave tuning "
                f"out."
            )

    @property
    def store(self) -> Store:
        return Store(steps=self.steps, references=self.references, folder=self.folder)

    @property
    def pool_seeds(self) -> tuple[int, ...]:
        return tuple(POOL_SEEDS[: self.pool])

    @property
    def tuning_batches(self) -> list[tuple[int, ...]]:
        return batches(TUNING_SEEDS[: self.tuning_scenes])

    @property
    def evaluation_batches(self) -> list[tuple[int, ...]]:
        return batches(EVALUATION_SEEDS[: self.scenes])


def tuning_jobs(plan: Plan) -> list[Job]:
    """Every candidate setting of every method but the bounds, on the tuning scenes."""
    return [
        Job(pair, method, setting, seeds)
        for pair in plan.pairs
        for seeds in plan.tuning_batches
        for method in plan.methods
        if needs_tuning(method)
        for setting in method.settings
    ]


def evaluation_jobs(plan: Plan, choices: Choices) -> list[Job]:
    """Every method at its chosen setting; one batch of scenes is finished before the next."""
    return [
        Job(pair, method, choices[pair, method.name].setting, seeds)
        for seeds in plan.evaluation_batches
        for pair in plan.pairs
        for method in plan.methods
        if (pair, method.name) in choices
    ]


def choose(plan: Plan, judge: Judge | None = None) -> Choices:
    """The best setting of every method for every pair, as far as tuning has come.

    A judge adds the Frechet distance to the trials; it takes no part in the choice.
    """
    choices: Choices = {}
    for pair in plan.pairs:
        for method in plan.methods:
            choice = choice_of(plan, pair, method, judge)
            if choice is not None:
                choices[pair, method.name] = choice
    return choices


def choice_of(plan: Plan, pair: Pair, method: Method, judge: Judge | None) -> Choice | None:
    """None while no setting of the method has been tried on all tuning scenes."""
    if not needs_tuning(method) or not plan.tuning_scenes:
        return Choice(method.settings[0])
    trials = [tried(plan, pair, method, setting, judge) for setting in method.settings]
    known = tuple(one for one in trials if one is not None)
    return Choice(best(known).setting, known) if known else None


def tried(
    plan: Plan, pair: Pair, method: Method, setting: Setting, judge: Judge | None
) -> Trial | None:
    """One setting judged on the tuning scenes; None where its pictures are missing."""
    jobs = [Job(pair, method, setting, seeds) for seeds in plan.tuning_batches]
    if not all(plan.store.has(job) for job in jobs):
        return None
    results = torch.cat([plan.store.load(job).floats for job in jobs])
    seeds = [seed for job in jobs for seed in job.seeds]
    found = trial(setting, results, pair, seeds, plan.pool_seeds)
    return found if judge is None else replace(found, frechet=_frechet(plan, judge, pair, results))


def _frechet(plan: Plan, judge: Judge, pair: Pair, results: Tensor) -> float:
    look = look_of(judge, plan.pool_seeds, pair.target)
    return float(frechet_distance(features_of(judge, results), look.features))


def planned_results(plan: Plan, choices: Choices) -> list[list[Job]]:
    """The batches of every line of the report, chosen or not yet chosen left out."""
    return [
        [
            Job(pair, method, choices[pair, method.name].setting, seeds)
            for seeds in plan.evaluation_batches
        ]
        for pair in plan.pairs
        for method in plan.methods
        if (pair, method.name) in choices
    ]


def unplanned(plan: Plan, known: Sequence[tuple[Pair, str]]) -> list[str]:
    """Pairs and methods of the plan that are not among the known ones."""
    return [
        f"{method.name} ({pair.name})"
        for pair in plan.pairs
        for method in plan.methods
        if (pair, method.name) not in known
    ]
