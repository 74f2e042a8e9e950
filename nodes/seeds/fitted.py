"""Null text as it travels between nodes: fitted in one session, read in another."""

from __future__ import annotations

from typing import Any

from ...s2st import NullText, Schedule
from ..core.latents import check_same_model
from ..core.run import Stage
from ..core.types import NullTextValue


def prompts_with_null_text(given: dict[str, Any]) -> dict[str, Any]:
    """A node's inputs, where null text brings the CONDITIONING that its embeddings belong to."""
    null_text = given.get("null_text")
    return given if null_text is None else {**given, "negative": null_text.base}


def fitted_to(stage: Stage, null_text: NullTextValue | None) -> NullText | None:
    """Null text whose embeddings stand for this session's negative prompt."""
    return None if null_text is None else null_text.rebuilt(stage.prompts["negative"])


def check_null_text_fits(model, null_text: NullTextValue | None, schedule: Schedule) -> None:
    """Refuse null text of another model or of other noise levels."""
    if null_text is None:
        return
    check_same_model("The null text", null_text.model, model)
    if null_text.schedule != schedule:
        raise ValueError(
            f"The null text was made for {null_text.schedule.steps} steps from sigma "
            f"{null_text.schedule.sigmas[0]:.2f}, but the run has {schedule.steps} from "
            f"{schedule.sigmas[0]:.2f}: use the trajectory the null text was made with."
        )
