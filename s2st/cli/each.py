"""Commands that write something for each picture: what is written is not written again."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..batch.job import claim, mark_of_file
from ..batch.manifest import DONE, FAILED, Manifest, Row
from ..batch.worker import sentence
from ..kit.storage import write_whole
from .pace import Pace

if TYPE_CHECKING:
    from ..batch.items import Item


def add_options(parser: argparse.ArgumentParser, source: str) -> None:
    """Those that say which pictures, and where their results go."""
    add = parser.add_argument
    add("--source", type=Path, required=True, help=source)
    add("--out", type=Path, required=True, help="where results go, under the same names")
    add("--limit", type=int, metavar="N", help="the first N pictures only")
    add("--retry-failed", action="store_true", help="try again what failed before")


def items_for(given: argparse.Namespace, suffix: str) -> list[Item]:
    """The pictures, each with a result that ends so."""
    from ..batch.items import items_of  # with Pillow, which comes along with diffusers

    if given.limit is not None and given.limit < 1:
        raise ValueError(f"--limit is {given.limit}, but at least 1 is needed.")
    items = items_of(given.source, given.out)[: given.limit]
    return [replace(one, target=one.target.with_suffix(suffix)) for one in items]


def run_each(
    items: Sequence[Item],
    given: argparse.Namespace,
    facts: Mapping[str, Any],
    write: Callable[[Item], None],
) -> list[Row]:
    """A row for each; `facts` decide every result, and a folder is of one set of them."""
    from ..batch.run import manifest_of

    claim(given.out, facts)
    manifest, pace = Manifest(manifest_of(given.out)), Pace(len(items))
    with manifest:
        for item in items:
            row = manifest.rows.get(item.id)
            if row is None or _is_open(row, item, given.retry_failed):
                row = _written(item, write)
                manifest.add(row)
                pace.count(row.status == FAILED, True)
            else:
                pace.count(row.status == FAILED, False)
    return [manifest.rows[item.id] for item in items]


def write_picture(item: Item, picture: Tensor, facts: Mapping[str, Any]) -> None:
    """A result [1, 3, H, W], never half written, which tells how it came about."""
    from ..batch.pictures import CHUNK, Picture, png

    texts = {CHUNK: json.dumps({"id": item.id, "job": facts})}
    write_whole(item.target, png(Picture(picture.cpu().float()), texts))


def _is_open(row: Row, item: Item, retry_failed: bool) -> bool:
    return retry_failed if row.status == FAILED else not item.target.is_file()


def _written(item: Item, write: Callable[[Item], None]) -> Row:
    began = time.perf_counter()
    try:
        if item.problem:
            raise ValueError(item.problem)
        item.target.parent.mkdir(parents=True, exist_ok=True)
        write(item)
        status, message, found = DONE, "", mark_of_file(item.target)
    except Exception as error:
        status, message, found = FAILED, sentence(error), ""
    seconds = round(time.perf_counter() - began, 3)
    return Row(id=item.id, status=status, message=message, seconds=seconds, hash=found)
