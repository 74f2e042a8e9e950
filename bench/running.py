"""Makes what is missing: jobs grouped by scenes, in one process or in several."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

import torch
from tqdm import tqdm

from .lab import Lab, Pair, edited, make_case, open_lab
from .store import Job, Made, Store, eight_bits

Item = TypeVar("Item")
BATCH = 8
MOST_JOBS = 16  # handed to a process at once; each time it renders and inverts the scenes anew


@dataclass(frozen=True)
class Failure:
    """A job that raised; the others go on."""

    job: Job
    reason: str


def batches(seeds: Sequence[Item], size: int = BATCH) -> list[tuple[Item, ...]]:
    """Scenes in batches, which stay the same however many more scenes are asked for."""
    return [tuple(seeds[first : first + size]) for first in range(0, len(seeds), size)]


def make_missing(
    jobs: Sequence[Job], store: Store, workers: int = 1, title: str = "methods", force: bool = False
) -> list[Failure]:
    """Do every job that has no result yet, and all of them with `force`; returns what failed."""
    for job in jobs if force else ():
        store.forget(job)
    missing = [job for job in jobs if not store.has(job)]
    if not missing:
        return []
    with tqdm(total=len(jobs), initial=len(jobs) - len(missing), desc=title) as bar:
        ends = []
        for end in _performed(_grouped(missing), store, workers):
            ends.append(end)
            bar.update()
    return [end for end in ends if end]


def _grouped(jobs: Sequence[Job]) -> list[tuple[Job, ...]]:
    """Jobs that share their scenes share rendering, encoding and inversion."""
    groups: dict[tuple[Pair, tuple[int, ...]], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.pair, job.seeds), []).append(job)
    return [part for group in groups.values() for part in batches(group, MOST_JOBS)]


def _performed(
    groups: Sequence[Sequence[Job]], store: Store, workers: int
) -> Iterator[Failure | None]:
    """How every job has ended, as it goes."""
    if workers == 1:
        lab = open_lab(store.steps, store.references, store.model)
        for group in groups:
            yield from _perform(lab, group, store)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _open_workplace, (store,)) as pool:
        for done in as_completed([pool.submit(_perform_in_worker, group) for group in groups]):
            yield from done.result()


_workplace: tuple[Lab, Store]


def _open_workplace(store: Store) -> None:
    """What a worker process does first."""
    global _workplace
    torch.set_num_threads(1)
    _workplace = open_lab(store.steps, store.references, store.model), store


def _perform_in_worker(group: Sequence[Job]) -> list[Failure | None]:
    lab, store = _workplace
    return list(_perform(lab, group, store))


def _perform(lab: Lab, group: Sequence[Job], store: Store) -> Iterator[Failure | None]:
    """Job by job."""
    case = make_case(lab, group[0].pair, group[0].seeds)
    for job in group:
        try:
            made = edited(job.method, case, job.setting)
            store.save(job, Made(eight_bits(made.pictures), made.spent))
        except Exception:  # whatever a rival's library raises: it is listed, the others go on
            yield Failure(job, traceback.format_exc())
        else:
            yield None
