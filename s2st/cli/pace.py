"""How far a long run is, how fast it goes and how long it will take."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from .bar import Bar

EVERY = 10.0  # seconds between lines where nothing can be drawn over


class Pace:
    """One bar over many pictures."""

    def __init__(self, total: int, stream: TextIO | None = None, every: float = EVERY) -> None:
        self._stream, self._total, self._every = stream or sys.stderr, total, every
        self._bar = Bar(total, self._stream)
        self._began = self._told = time.perf_counter()
        self._done = self._new = self._failed = 0

    def count(self, failed: bool, new: bool) -> None:
        """One more; pictures that were there before say nothing of the speed."""
        self._done, self._new = self._done + 1, self._new + new
        self._failed += failed
        now = time.perf_counter()
        if not new:
            self._began = now
        if self._done == self._total or now - self._told >= self._every:
            self._told = now
            self._bar.part(self._done, self.line(now - self._began))
        else:
            self._bar.show(self._done, self.line(now - self._began))

    def line(self, seconds: float) -> str:
        parts = [f"{self._done} of {self._total}"]
        if self._new and seconds > 0:
            speed = self._new / seconds
            left = (self._total - self._done) / speed
            parts += [f"{speed:.2f} pictures/s", f"{duration(left)} left"]
        if self._failed:
            parts.append(f"{self._failed} failed")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """In the two units that matter."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
