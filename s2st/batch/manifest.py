"""What came of every picture: a line of JSON each, which a killed run leaves readable."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

from ..kit.storage import write_whole

DONE, FAILED = "done", "failed"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of one picture."""

    id: str
    status: str
    message: str = ""  # why it failed
    seconds: float = 0.0
    hash: str = ""  # SHA-256 of the result's file


class Manifest:
    """The rows of a run, one for each picture; the last that is added of a picture counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.rows = {row.id: row for row in _rows(path)}

    def __enter__(self) -> Manifest:
        self.compact()  # a line that was torn would join the next
        self._file = open(self._path, "a", encoding="ascii")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None
        self.compact()

    def add(self, row: Row) -> None:
        """On the disk before anything else is done."""
        assert self._file is not None
        self.rows[row.id] = row
        self._file.write(f"{json.dumps(asdict(row))}\n")
        self._file.flush()

    def compact(self) -> None:
        """Written anew, by name, without what was overtaken."""
        rows = (self.rows[name] for name in sorted(self.rows))
        lines = "".join(f"{json.dumps(asdict(row))}\n" for row in rows)
        write_whole(self._path, lines.encode("ascii"))

    def keep_only(self, ids: Iterable[str]) -> None:
        """Without pictures that are no longer there."""
        known = set(ids)
        self.rows = {name: row for name, row in self.rows.items() if name in known}


def _rows(path: Path) -> list[Row]:
    """Those that can be read: a kill may have torn the last one."""
    if not os.path.exists(path):
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found.append(Row(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found
