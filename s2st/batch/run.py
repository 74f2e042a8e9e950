"""A job over many pictures: what is left to do, who does it, and a row for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .items import Item
from .job import mark_of_file
from .manifest import DONE, FAILED, Manifest, Row
from .worker import Work, Worker, is_done

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts

MANIFEST = "manifest"
LEFT = 3600  # seconds after which a file that is half written is nobody's any more
Engine = Callable[[Work, Sequence[Item]], Iterator[Row]]


def local(work: Work, items: Sequence[Item], parts: PipelineParts | None = None) -> Iterator[Row]:
    """One picture after another in this process; `parts` is a model that is open already."""
    return map(Worker(work, parts), items) if items else iter(())


def manifest_of(out: Path, part: tuple[int, int] | None = None) -> Path:
    """Where rows are kept; each part of a job that several machines share has its own."""
    name = MANIFEST if part is None else f"{MANIFEST}-{part[0]}-of-{part[1]}"
    return out / f"{name}.jsonl"


def translate_all(
    work: Work,
    items: Sequence[Item],
    manifest: Manifest,
    engine: Engine = local,
    *,
    retry_failed: bool = False,
    on_row: Callable[[Row, bool], None] = lambda row, new: None,
) -> list[Row]:
    """Every item's row. What is done is not done again; what failed only where asked for.

    `on_row` is told each of them, and whether it is new.
    """
    with manifest:
        left = []
        for item in items:
            row = known(item, manifest.rows.get(item.id), work.job.fingerprint, retry_failed)
            if row is None:
                left.append(item)
                continue
            if row != manifest.rows.get(item.id):
                manifest.add(row)
            on_row(row, False)
        for row in engine(work, left):
            manifest.add(row)
            on_row(row, True)
        return [manifest.rows[item.id] for item in items]


def known(item: Item, row: Row | None, fingerprint: str, retry_failed: bool) -> Row | None:
    """What is known of an item already; None where it is still to be done."""
    if item.problem:
        return Row(id=item.id, status=FAILED, message=item.problem)
    if is_done(item, fingerprint):
        if row is not None and row.status == DONE:
            return row
        return Row(id=item.id, status=DONE, hash=mark_of_file(item.target))
    if row is not None and row.status == FAILED and not retry_failed:
        return row
    return None


def swept(out: Path) -> int:
    """Remove what killed runs have left half written; how many files."""
    count = 0
    for one in out.rglob(".*.partial*"):
        with suppress(FileNotFoundError):  # another run's is done meanwhile
            if time.time() - one.stat().st_mtime > LEFT:
                one.unlink()
                count += 1
    return count
