"""The losses of a run as a picture, drawn anew while it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

OTHER = ("step", "seconds")  # what a line of the log tells beside losses


def draw_losses(lines: Sequence[Mapping[str, float]], path: Path) -> None:
    """A panel for each loss over the steps; a loss may set in late."""
    names = [name for name in lines[-1] if name not in OTHER]
    figure = Figure(figsize=(3.2 * len(names), 2.6), layout="constrained")
    for place, name in enumerate(names):
        panel = figure.add_subplot(1, len(names), place + 1, title=name)
        values = [one.get(name, math.nan) for one in lines]
        panel.plot([one["step"] for one in lines], values, linewidth=1)
    figure.savefig(path, dpi=90)
