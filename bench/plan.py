"""What a quality run consists of: which jobs, which settings they have led to, and their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from demo_world import EVALUATION_SEEDS, TUNING_SEEDS

from .axes import AXES
from .cost_page import machine
from .duels import duels_of
from .hashes import weights_hash
from .judges import Examined, JudgeConfig, open_judge
from .judging import features_of, interval, judged, look_of
from .lab import PAIRS, Pair
from .method import Family, Method, Setting
from .methods import all_methods
from .metrics import frechet_distance
from .rows import Findings, Row, merged, rounded, shortened
from .running import batches
from .scenes import POOL_SEEDS
from .store import FOLDER, Job, Store
from .tuning import Trial, best, trial


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
    def pool_seeds(self) -> tuple[int, ...]:
        return tuple(POOL_SEEDS[: self.pool])

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


def needs_tuning(method: Method) -> bool:
    """Bounds do nothing that could be set; a method of one setting is tried for its numbers."""
    return method.family is not Family.BOUND


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


def choose(plan: Plan, examined: Examined | None = None) -> Choices:
    """The best setting of every method for every pair, as far as tuning has come.

    A judge adds the Frechet distance to the trials; it takes no part in the choice.
    """
    found = {
        (pair, method.name): choice_of(plan, pair, method, examined)
        for pair in plan.pairs
        for method in plan.methods
    }
    return {key: choice for key, choice in found.items() if choice is not None}


def choice_of(plan: Plan, pair: Pair, method: Method, examined: Examined | None) -> Choice | None:
    """None while no setting of the method has been tried on all tuning scenes."""
    if not needs_tuning(method) or not plan.tuning_scenes:
        return Choice(method.settings[0])
    trials = [tried(plan, pair, method, setting, examined) for setting in method.settings]
    known = tuple(one for one in trials if one is not None)
    return Choice(best(known).setting, known) if known else None


def tried(
    plan: Plan, pair: Pair, method: Method, setting: Setting, examined: Examined | None
) -> Trial | None:
    """One setting judged on the tuning scenes; None where its pictures are missing."""
    jobs = [Job(pair, method, setting, seeds) for seeds in plan.tuning_batches]
    if not all(plan.store.has(job) for job in jobs):
        return None
    results = torch.cat([plan.store.load(job).floats for job in jobs])
    seeds = [seed for job in jobs for seed in job.seeds]
    found = trial(setting, results, pair, seeds, plan.pool_seeds)
    if examined is None:
        return found
    look = look_of(examined.judge, plan.pool_seeds, pair.target)
    features = features_of(examined.judge, results)
    return replace(found, frechet=float(frechet_distance(features, look.features)))


def findings_of(plan: Plan, before: Findings | None) -> Findings:
    """What this run adds to the rows of an earlier one of the same size, and what both say."""
    if before is not None and before.facts != plan.facts:
        before = None
    choices = choose(plan)
    done = [jobs for jobs in _lines(plan, choices) if all(map(plan.store.has, jobs))]
    if not done:
        return before or Findings(plan.facts, {}, {}, (), ())
    examined = open_judge(plan.judge)
    new = [row_of(plan, jobs, examined) for jobs in done]
    tried = choose(plan, examined).items()
    trials = {(pair.name, name): choice.trials for (pair, name), choice in tried}
    order = [*(pair.name for pair in PAIRS), *(one.name for one in all_methods())]
    rows = merged(before.rows if before else (), new, order)
    judge = {"domains": examined.domain_accuracy, "labels": examined.label_accuracy}
    return Findings(
        plan.facts,
        judge,
        machine(torch.device("cpu")),
        rows,
        tuple(duels_of(rows, trials, _standing_duels(before, rows))),
        tuple(_missing(plan, rows)),
    )


def _lines(plan: Plan, choices: Choices) -> list[list[Job]]:
    """The batches of every line of the report, as far as its setting is chosen."""
    lines: dict[tuple[Pair, str], list[Job]] = {}
    for job in evaluation_jobs(plan, choices):
        lines.setdefault((job.pair, job.method.name), []).append(job)
    return list(lines.values())


def row_of(plan: Plan, jobs: Sequence[Job], examined: Examined) -> Row:
    """A method's row for one pair, from its batches."""
    job, made = jobs[0], [plan.store.load(one) for one in jobs]
    seeds = [seed for one in jobs for seed in one.seeds]
    scores = judged(made, job.pair, seeds, examined, plan.pool_seeds)
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
        axes=shortened({axis.key: interval(scores[axis.key], axis) for axis in AXES}),
        code=" ".join(sorted({one.code for one in made})),
        scores=scores,
        **costs,
    )


def _standing_duels(before: Findings | None, rows: Sequence[Row]) -> dict:
    """Duels of an earlier run between rows that stand as they did, and are not all judged now."""
    if before is None:
        return {}
    now, then = ({one.key: one for one in known} for known in (rows, before.rows))
    return {
        duel.key: duel
        for duel in before.duels
        if all(now[key] == then[key] for key in _sides(duel))
        and any(now[key].scores is None for key in _sides(duel))
    }


def _sides(duel) -> list[tuple[str, str]]:
    return [(duel.pair, duel.ours), (duel.pair, duel.rival)]


def _missing(plan: Plan, rows: Sequence[Row]) -> list[str]:
    """Pairs and methods of the plan that have no row."""
    known = {one.key for one in rows}
    return [
        f"{method.name} ({pair.name})"
        for pair in plan.pairs
        for method in plan.methods
        if (pair.name, method.name) not in known
    ]
