"""What a long run shows in the terminal: one bar for each stage, driven by ComfyUI's events."""

import sys
import time
from collections.abc import Mapping
from typing import TextIO

WIDTH = 28


class StageBars:
    """Listens to a run's events: a bar per named node, and the seconds each node took."""

    def __init__(self, stages: Mapping[str, str], stream: TextIO = sys.stdout) -> None:
        self.seconds: dict[str, float] = {}
        self._stages = dict(stages)  # node -> what it does
        self._stream = stream
        self._node: str | None = None
        self._began = 0.0

    def listen(self, event: str, data: Mapping) -> None:
        """Take one event of the run."""
        if event == "executing":
            self._next(data.get("node"))
        if event == "progress" and data.get("node") == self._node:
            self._show(data["value"] / max(1, data["max"]))

    def _next(self, node: str | None) -> None:
        now = time.perf_counter()
        if self._node in self._stages:
            stage = self._stages[self._node]
            self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._began
            self._write(1.0, "\n")
        self._node, self._began = node, now
        if node in self._stages:
            self._show(0.0)

    def _show(self, share: float) -> None:
        if self._stream.isatty() and self._node in self._stages:
            self._write(share, "")

    def _write(self, share: float, end: str) -> None:
        full = round(WIDTH * min(1.0, share))
        bar = "#" * full + "." * (WIDTH - full)
        took = time.perf_counter() - self._began
        start = "\r" if self._stream.isatty() else ""
        name = self._stages[self._node]
        self._stream.write(f"{start}{name:<26} [{bar}] {100 * share:3.0f} % {took:6.1f} s{end}")
        self._stream.flush()
