"""CONDITIONING: what a model needs of it, and how it stands in a session.

It is refused before work begins where the model cannot read it. In a session the core prepares it,
and null-text inversion puts other tokens in its place.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import comfy.controlnet
import comfy.hooks
import comfy.model_patcher
import torch
from torch import Tensor

from ...s2st import Conditioning
from ...s2st.model.checks import check_finite


@dataclass(frozen=True, kw_only=True)
class PromptNeeds:
    """What a model reads of a CONDITIONING."""

    family: str
    width: int | None  # of each token; None where the model's configuration does not say
    pooled: bool


def prompt_needs(patcher: comfy.model_patcher.ModelPatcher) -> PromptNeeds:
    """What every prompt for this model must bring."""
    config = patcher.model.model_config
    width = config.unet_config.get("context_dim", config.unet_config.get("context_in_dim"))
    return PromptNeeds(
        family=type(config).__name__,
        width=width if isinstance(width, int) else None,
        pooled=patcher.model.adm_channels > 0,
    )


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


def encoded_prompt(clip, text: str) -> list:
    """The CONDITIONING that the core's own text node would make."""
    return clip.encode_from_tokens_scheduled(clip.tokenize(text))


@dataclass(frozen=True)
class PromptHandle:
    """Which of a session's prompts a Conditioning stands for."""

    name: str


class PreparedPrompt:
    """One CONDITIONING after the core has prepared it, and the tokens it consists of."""

    def __init__(self, name: str, raw: list, processed: list[dict]) -> None:
        self.name = name
        self.entries = processed
        self._tokens = list({id(entry[0]): entry[0] for entry in raw}.values())
        with torch.inference_mode(False):
            self.conditioning = Conditioning(joined_embedding(self._tokens), PromptHandle(name))

    @property
    def is_shared(self) -> bool:
        """Whether every picture of a batch is given the same, so that a batch may be split."""
        return all(_is_shared(entry) for entry in self.entries)

    @property
    def has_hint_per_picture(self) -> bool:
        """Whether a ControlNet keeps a hint for each picture, laid out for one count of prompts."""
        return any(_hints(entry.get("control")) > 1 for entry in self.entries)

    @property
    def hooks(self) -> list[comfy.hooks.HookGroup | None]:
        """What changes the model's own weights for each entry."""
        return [entry.get("hooks") for entry in self.entries]

    @property
    def kind(self) -> Hashable:
        """What of it decides how a backward pass is computed."""
        return tuple(
            (tuple(sorted(entry["model_conds"])), type(entry.get("control")), "hooks" in entry)
            for entry in self.entries
        )

    def with_embedding(self, embedding: Tensor) -> list[dict]:
        """The prepared entries, reading `embedding` in place of their own tokens."""
        if _is_same(embedding, self.conditioning.embedding):
            return self.entries
        lengths = [tokens.shape[1] for tokens in self._tokens]
        parts = dict(
            zip(map(id, self._tokens), torch.split(embedding, lengths, dim=1), strict=True)
        )
        return [self._replaced(entry, parts) for entry in self.entries]

    def _replaced(self, entry: dict, parts: Mapping[int, Tensor]) -> dict:
        attention = entry["model_conds"].get("c_crossattn")
        if attention is None or id(attention.cond) not in parts:
            raise ValueError(
                f"The {self.name} prompt is rewritten by the model before it is read, so null-text "
                f"embeddings cannot take its place: use the method 'negative prompt'."
            )
        changed = attention._copy_with(parts[id(attention.cond)])
        return {**entry, "model_conds": {**entry["model_conds"], "c_crossattn": changed}}


def _is_shared(entry: dict) -> bool:
    """No tensor of the entry, but its tokens, has a row for each picture."""
    others = {name: one for name, one in entry["model_conds"].items() if name != "c_crossattn"}
    alone = all(getattr(one.cond, "shape", [1])[0] == 1 for one in others.values())
    mask = entry.get("mask")
    return alone and (mask is None or len(mask) == 1) and "control" not in entry


def _hints(control: comfy.controlnet.ControlBase | None) -> int:
    """The most hints of a ControlNet and of those chained before it."""
    most = 0
    while control is not None:
        hint = control.cond_hint_original
        most = max(most, 0 if hint is None else len(hint))
        control = control.previous_controlnet
    return most


def _is_same(embedding: Tensor, original: Tensor) -> bool:
    same_memory = embedding.data_ptr() == original.data_ptr() and embedding.shape == original.shape
    return same_memory and not embedding.requires_grad


def joined_embedding(tokens: list[Tensor]) -> Tensor:
    """All entries' tokens side by side, [1 or B, tokens, width], float32."""
    batch = max(one.shape[0] for one in tokens)
    return torch.cat([one.to(torch.float32).expand(batch, -1, -1).clone() for one in tokens], dim=1)
