"""CONDITIONING at the border: refused before work begins where the model cannot read it."""

from __future__ import annotations

from ...s2st.model.checks import check_finite
from .comfy_model import PromptNeeds, prompt_needs


def check_prompt_fits(patcher, conditioning: list, name: str, batch: int) -> None:
    """Every entry has tokens of the model's width, and pooled text where the model wants it."""
    if not conditioning:
        raise ValueError(f"The {name} is empty, but at least 1 prompt is needed: connect one.")
    needs = prompt_needs(patcher)
    for tokens, extras in conditioning:
        _check_tokens(tokens, name, batch, needs)
        if needs.pooled and extras.get("pooled_output") is None:
            raise ValueError(
                f"The {name} has no pooled text, but the model ({needs.family}) needs it: encode "
                f"it with the CLIP of the same checkpoint."
            )


def _check_tokens(tokens, name: str, batch: int, needs: PromptNeeds) -> None:
    if tokens is None or tokens.ndim != 3:
        raise ValueError(
            f"The {name} has no tokens, but S2ST reads a text prompt: use CLIP Text Encode."
        )
    if needs.width is not None and tokens.shape[-1] != needs.width:
        raise ValueError(
            f"The {name} is {tokens.shape[-1]} wide, but the model ({needs.family}) reads "
            f"{needs.width}: encode it with the CLIP of the same checkpoint."
        )
    if tokens.shape[0] not in (1, batch):
        raise ValueError(
            f"The {name} is a batch of {tokens.shape[0]}, but there are {batch} pictures: "
            f"use one prompt for all or one for each."
        )
    check_finite(f"The {name}", tokens)
