"""The guidance scale as a node input."""

from __future__ import annotations

from ...s2st.model.guidance import DEFAULT_GUIDANCE, MAX_GUIDANCE, MIN_GUIDANCE
from .api import io

GUIDED = 2  # evaluations of a guided step


def evaluations_of_a_step(scale: float) -> int:
    """What guidance at this scale asks of the model."""
    return GUIDED if scale != 1.0 else 1


def guidance_input(note: str, default: float = DEFAULT_GUIDANCE, time: str = "half the time"):
    """`cfg`, called as in KSampler; `time` tells what a run at 1 takes."""
    return io.Float.Input(
        "cfg",
        default=default,
        min=MIN_GUIDANCE,
        max=MAX_GUIDANCE,
        step=0.1,
        round=0.01,
        tooltip=f"Guidance scale w; 1 is no guidance and {time}. {note}".strip(),
    )
