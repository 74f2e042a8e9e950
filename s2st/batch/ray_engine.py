"""The same worker in Ray's actors: a few processes here, or all machines of a cluster.

Needs the extra s2st[ray]. Workers are sent paths and settings, never weights or pictures; what a
lost worker had begun Ray gives to another, which leaves alone what is done already.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .items import Item
from .manifest import Row
from .worker import Work, Worker

STORE = 200_000_000  # bytes of shared memory: names and rows need no more
EACH, MOST_BLOCKS = 8, 10_000  # items that are handed out together, and how many such parts
SPARE = 0.8  # of the processors are for workers; who reads and schedules needs the rest
BESIDE_A_GPU = 0.5  # processors asked for by a worker that computes elsewhere


@dataclass(frozen=True, kw_only=True)
class RayEngine:
    """An engine: called with work and items, it gives rows in whatever order they are done."""

    workers: int
    gpus: float = 0.0  # for each worker
    address: str | None = None  # of a cluster; without one, processes on this machine

    def __call__(self, work: Work, items: Sequence[Item]) -> Iterator[Row]:
        if not items:
            return
        ray = _ray()
        here: dict[str, Any] = {} if self.address else {"object_store_memory": STORE}
        address = self.address or "local"
        try:
            ray.init(address, include_dashboard=False, log_to_driver=False, **here)
            context = ray.data.DataContext.get_current()
            context.enable_progress_bars = False
            blocks = min(-(-len(items) // EACH), MOST_BLOCKS)
            told = [{"item": _text(item)} for item in items]
            rows = ray.data.from_items(told, override_num_blocks=blocks).map(
                _Actor,
                fn_constructor_args=(_anywhere(work),),
                compute=ray.data.ActorPoolStrategy(size=self.workers),
                num_cpus=self._cpus(ray.cluster_resources().get("CPU", 1.0)),
                num_gpus=self.gpus,
            )
            for row in rows.iter_rows():
                yield Row(**json.loads(row["row"]))
        finally:
            ray.shutdown()

    def _cpus(self, all_of_them: float) -> float:
        """What a worker asks for; Ray takes parts of one, or whole ones."""
        if self.gpus:
            return BESIDE_A_GPU
        share = SPARE * all_of_them / self.workers
        return float(int(share)) if share >= 1 else share


class _Actor:
    """A worker with texts at its border, for Ray's tables take no name that is no valid text."""

    def __init__(self, work: Work) -> None:
        self._worker = Worker(work)

    def __call__(self, told: dict[str, Any]) -> dict[str, Any]:
        facts = json.loads(told["item"])
        paths = {name: Path(facts[name]) for name in ("source", "target")}
        return {"row": json.dumps(asdict(self._worker(Item(**{**facts, **paths}))))}


def _text(item: Item) -> str:
    """An item whose paths mean the same in a process that began in another folder."""
    return json.dumps(asdict(item), default=os.path.abspath)


def _anywhere(work: Work) -> Work:
    look = Path(os.path.abspath(work.job.look))
    return replace(work, job=replace(work.job, look=look))


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ValueError(
            f"The package {error.name} is missing, but the engine ray needs it: install s2st with "
            f"its extra, s2st[ray]."
        ) from error
    return ray
