"""The one contract every model is made to fit: denoise(x, sigma, conditioning) -> denoised.

A model that can answer several queries at once (source, target and negative prompt, on one state
or on two) also has `denoise_all`; every loop asks through `ask`, which takes whichever there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@dataclass(frozen=True)
class Conditioning:
    """One prompt as a model reads it; null-text inversion differentiates its `embedding`."""

    embedding: Tensor  # [1 or B, tokens, width]
    extra: Any = None  # whatever else an adapter needs: pooled vectors, size codes, ...

    def with_embedding(self, embedding: Tensor) -> Conditioning:
        return replace(self, embedding=embedding)


@dataclass(frozen=True)
class Query:
    """One evaluation that is asked for: a state and a prompt."""

    x: Tensor
    conditioning: Conditioning
    negative: bool = False  # whether guidance leads away from it; some model patches must know


Made = Callable[[Tensor], Tensor]  # of the features of some pictures


class Denoiser(Protocol):
    """A latent diffusion model in k-diffusion space, where x = z_0 + sigma * eps.

    Returns the denoised latent D(x, sigma, c) for any batch size. Guidance never happens here.
    """

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor: ...


@runtime_checkable
class JointDenoiser(Denoiser, Protocol):
    """A model that answers several queries in one call, in their order."""

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]: ...


def ask(model: Denoiser, queries: Sequence[Query], sigma: float) -> list[Tensor]:
    """D of every query, together where the model can, else one by one."""
    if isinstance(model, JointDenoiser):
        return model.denoise_all(queries, sigma)
    return [model.denoise(one.x, sigma, one.conditioning) for one in queries]


class Joint:
    """Base of joint denoisers and of wrappers around a model: one query is a list of one."""

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        raise NotImplementedError

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        return self.denoise_all([Query(x, conditioning)], sigma)[0]


@dataclass(frozen=True)
class StepRecord:
    """What a loop tells its caller after each step."""

    index: int  # steps done, 1 .. total
    total: int
    latent: Tensor  # the state reached, x = z_0 + sigma * eps
    denoised: Tensor  # the clean estimate belonging to it, for previews
    loss: Tensor | None  # [B], where the step minimises something
    evaluations: int  # of the model so far: one for each prompt and state, whatever the batch
    gradients: int = 0  # backward passes through the model so far


OnStep = Callable[[StepRecord], None]
OnUpdate = Callable[[], None]  # after an inner update that asks no model, so that one can stop


def ignore(_: StepRecord) -> None:
    """The progress listener that does nothing."""


def go_on() -> None:
    """The listener to inner updates that does nothing."""


class Counted(Joint):
    """A denoiser that counts its evaluations and the backward passes through them.

    It shows features where its model does; each showing is an evaluation.
    """

    def __init__(self, model: Denoiser) -> None:
        self.model = model
        self.evaluations = 0
        self.gradients = 0

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        self.evaluations += len(queries)
        answers = ask(self.model, queries, sigma)
        return [
            self._watched(answer.to(query.x.dtype))
            for query, answer in zip(queries, answers, strict=True)
        ]

    def features(self, x: Tensor, sigma: float, conditioning: Conditioning, made: Made) -> Tensor:
        self.evaluations += 1
        shown: Tensor = self.model.features(  # type: ignore[attr-defined]
            x, sigma, conditioning, made
        )
        return shown

    def _watched(self, denoised: Tensor) -> Tensor:
        if denoised.requires_grad:
            denoised.register_hook(self._count_gradient)
        return denoised

    def _count_gradient(self, _: Tensor) -> None:
        self.gradients += 1
