"""The one contract every model is made to fit: denoise(x, sigma, conditioning) -> denoised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class Conditioning:
    """One prompt as a model reads it; null-text inversion differentiates its `embedding`."""

    embedding: Tensor  # [1 or B, tokens, width]
    extra: object = None  # whatever else an adapter needs: pooled vectors, size codes, ...

    def with_embedding(self, embedding: Tensor) -> Conditioning:
        return replace(self, embedding=embedding)


class Denoiser(Protocol):
    """A latent diffusion model in k-diffusion space, where x = z_0 + sigma * eps.

    Returns the denoised latent D(x, sigma, c) for any batch size. Guidance never happens here.
    """

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor: ...


@dataclass(frozen=True)
class StepRecord:
    """What a loop tells its caller after each step."""

    index: int  # steps done, 1 .. total
    total: int
    latent: Tensor  # the state reached, x = z_0 + sigma * eps
    denoised: Tensor  # the clean estimate belonging to it, for previews
    loss: Tensor | None  # [B], where the step minimises something
    evaluations: int  # model evaluations so far (a batch counts once)
    gradients: int = 0  # backward passes through the model so far


OnStep = Callable[[StepRecord], None]


def ignore(_: StepRecord) -> None:
    """The progress listener that does nothing."""


class Counted:
    """A denoiser that counts its evaluations and the backward passes through them."""

    def __init__(self, model: Denoiser) -> None:
        self.model = model
        self.evaluations = 0
        self.gradients = 0

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        self.evaluations += 1
        denoised = self.model.denoise(x, sigma, conditioning).to(x.dtype)
        if denoised.requires_grad:
            denoised.register_hook(self._count_gradient)
        return denoised

    def _count_gradient(self, _: Tensor) -> None:
        self.gradients += 1
