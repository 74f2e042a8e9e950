"""Running a generator of step records to its end."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from .contract import OnStep, StepRecord

Result = TypeVar("Result")


def drain(steps: Generator[StepRecord, None, Result], on_step: OnStep) -> Result:
    """Exhaust `steps`, showing each record to `on_step`, and hand back what the loop returns."""
    while True:
        try:
            on_step(next(steps))
        except StopIteration as stop:
            return stop.value
