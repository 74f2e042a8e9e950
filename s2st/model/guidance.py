"""Classifier-free guidance, the only place where two predictions are combined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from .checks import check_conditioning
from .contract import Conditioning, Denoiser, Query, ask

MIN_GUIDANCE, MAX_GUIDANCE = 0.0, 100.0
DEFAULT_GUIDANCE = 3.0  # where docs/ablation.md found the paper's stages best, or as good


@dataclass(frozen=True)
class Prompt:
    """What to sample towards: c, the null prompt and the guidance scale w."""

    positive: Conditioning
    negative: Conditioning | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and MIN_GUIDANCE <= self.scale <= MAX_GUIDANCE):
            raise ValueError(
                f"The guidance scale is {self.scale:g}, but must lie within {MIN_GUIDANCE:g} to "
                f"{MAX_GUIDANCE:g}: 1 means no guidance, 7.5 is Stable Diffusion's habit."
            )
        if self.guided and self.negative is None:
            raise ValueError(
                f"The guidance scale is {self.scale:g} but no negative prompt is given, and only "
                f"scale 1 does without: pass the empty prompt's conditioning as negative."
            )

    @property
    def guided(self) -> bool:
        return self.scale != 1.0

    def with_negative(self, negative: Conditioning) -> Prompt:
        return replace(self, negative=negative)


def guided_queries(x: Tensor, prompt: Prompt) -> list[Query]:
    """What a guided estimate at `x` asks the model."""
    positive = Query(x, prompt.positive)
    if not prompt.guided:
        return [positive]
    assert prompt.negative is not None  # Prompt refuses guidance without it
    return [positive, Query(x, prompt.negative, negative=True)]


def guided(answers: Sequence[Tensor], prompt: Prompt) -> Tensor:
    """The guided estimate out of the answers to `guided_queries`."""
    if not prompt.guided:
        return answers[0]
    return combine(answers[1], answers[0], prompt.scale)


def guided_denoised(model: Denoiser, x: Tensor, sigma: float, prompt: Prompt) -> Tensor:
    """D(null) + w (D(c) - D(null)); the same line in eps, as eps is linear in D (Ho 2207.12598)."""
    return guided(ask(model, guided_queries(x, prompt), sigma), prompt)


def combine(unconditional: Tensor, conditional: Tensor, scale: float) -> Tensor:
    """D(null) + w (D(c) - D(null))."""
    return unconditional + scale * (conditional - unconditional)


def check_prompt(name: str, prompt: Prompt, batch: int) -> None:
    """Both conditionings fit a batch, and their embeddings have one width."""
    check_conditioning(f"{name}.positive", prompt.positive, batch)
    if prompt.negative is None:
        return
    check_conditioning(f"{name}.negative", prompt.negative, batch)
    width, other = prompt.negative.embedding.shape[-1], prompt.positive.embedding.shape[-1]
    if width != other:
        raise ValueError(
            f"{name}.negative has embeddings {width} wide, but {name}.positive has {other}: "
            f"encode both with the same text encoder."
        )
