"""One bar over a command's whole work."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 28


class Bar:
    """Drawn over itself in a terminal; elsewhere a line for each part that is done."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total, self._stream = max(1, total), stream or sys.stderr
        self._began, self._longest = time.perf_counter(), 0

    def show(self, done: float, what: str) -> None:
        """Something is done, and more is to come."""
        if self._stream.isatty():
            self._write("\r" + self._padded(self._line(done, what)))

    def part(self, done: float, what: str) -> None:
        """A part is done."""
        line = self._line(done, what)
        self._write((f"\r{self._padded(line)}" if self._stream.isatty() else line) + "\n")

    def _line(self, done: float, what: str) -> str:
        share = min(1.0, done / self._total)
        full = round(WIDTH * share)
        took = time.perf_counter() - self._began
        bar = "#" * full + "." * (WIDTH - full)
        return f"[{bar}] {100 * share:3.0f} % {took:6.1f} s  {what}"

    def _padded(self, line: str) -> str:
        """Over all of a longer line that stands there."""
        self._longest = max(self._longest, len(line))
        return line.ljust(self._longest)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
