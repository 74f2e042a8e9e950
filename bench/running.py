"""Makes what is missing: jobs grouped by scenes, in one process or in several."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass

import torch
from tqdm import tqdm

from .lab import Case, Lab, Meter, Pair, make_case, open_lab
from .method import Method, edited
from .store import Job, Made, Store, code_of, eight_bits

POLL_SECONDS = 2.0
BATCH = 8
MOST_JOBS = 16  # handed to a process at once; each time it renders and inverts the scenes anew


@dataclass(frozen=True)
class Failure:
    """A job that raised; the others go on."""

    job: Job
    reason: str


def batches(seeds: Sequence[int], size: int = BATCH) -> list[tuple[int, ...]]:
    """Scenes in batches, which stay the same however many more scenes are asked for."""
    return [tuple(seeds[first : first + size]) for first in range(0, len(seeds), size)]


def make_missing(
    jobs: Sequence[Job], store: Store, workers: int = 1, title: str = "methods"
) -> list[Failure]:
    """Do every job that has no result yet; returns those that failed."""
    missing = [job for job in jobs if not store.has(job)]
    groups = list(_grouped(missing).values())
    if not groups:
        return []
    with tqdm(total=len(jobs), initial=len(jobs) - len(missing), desc=title) as bar:
        if workers == 1:
            return _here(groups, store, bar.update)
        return _in_processes(_divided(groups), store, workers, bar)


def _grouped(jobs: Sequence[Job]) -> dict[tuple[Pair, tuple[int, ...]], list[Job]]:
    """Jobs that share their scenes share rendering, encoding and inversion."""
    groups: dict[tuple[Pair, tuple[int, ...]], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.pair, job.seeds), []).append(job)
    return groups


def _divided(groups: list[list[Job]]) -> list[list[Job]]:
    return [
        group[first : first + MOST_JOBS]
        for group in groups
        for first in range(0, len(group), MOST_JOBS)
    ]


def _here(groups: list[list[Job]], store: Store, advance: Callable[[int], object]) -> list[Failure]:
    lab = open_lab(store.steps, store.references)
    return [failure for group in groups for failure in _perform_group(lab, group, store, advance)]


def _in_processes(groups: list[list[Job]], store: Store, workers: int, bar: tqdm) -> list[Failure]:
    context = multiprocessing.get_context("spawn")
    jobs, before = [job for group in groups for job in group], bar.n
    codes = {job.method.name: (job.method, code_of(job.method)) for job in jobs}
    with ProcessPoolExecutor(workers, context, _open_workplace, (store, codes)) as pool:
        waiting = {pool.submit(_perform_in_worker, group) for group in groups}
        failures: list[Failure] = []
        while waiting:
            done, waiting = wait(waiting, POLL_SECONDS)
            bar.update(before + sum(store.has(job) for job in jobs) - bar.n)
            try:
                failures += [failure for future in done for failure in future.result()]
            except BaseException:  # a process has died: do not begin the groups that wait
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return failures


_workplace: tuple[Lab, Store]


def _open_workplace(store: Store, codes: Mapping[str, tuple[Method, str]]) -> None:
    """What a worker process does first; it must have loaded the code that the parent has."""
    global _workplace
    changed = [name for name, (method, code) in codes.items() if code_of(method) != code]
    if changed:
        raise RuntimeError(f"The code of {', '.join(changed)} has just changed: start again.")
    torch.set_num_threads(1)
    _workplace = open_lab(store.steps, store.references), store


def _perform_in_worker(group: list[Job]) -> list[Failure]:
    lab, store = _workplace
    return _perform_group(lab, group, store, lambda _: None)


def _perform_group(
    lab: Lab, group: list[Job], store: Store, advance: Callable[[int], object]
) -> list[Failure]:
    case, failures = make_case(lab, group[0].pair, group[0].seeds), []
    case.inverted()  # before any meter runs, so that every method is charged for it alike
    for job in group:
        try:
            store.save(job, perform(job, case))
        except Exception:  # whatever a rival's library raises: it is listed, the others go on
            failures.append(Failure(job, traceback.format_exc()))
        advance(1)
    return failures


def perform(job: Job, case: Case) -> Made:
    """Run one job."""
    result = edited(job.method, case, job.setting)
    spent: Meter = result.spent
    return Made(eight_bits(result.pictures), spent)
