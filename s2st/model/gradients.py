"""Gradients through a frozen model: in float32 outside, safe for half precision inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .contract import Conditioning, Denoiser, Joint, Query, ask


class GradientError(RuntimeError):
    """The model returned a gradient that cannot be trusted."""


def leaf_of(value: Tensor) -> Tensor:
    """A copy of `value` that collects a gradient."""
    if torch.is_inference_mode_enabled():
        raise RuntimeError(
            "Gradients are needed but torch.inference_mode() is on: leave it before calling."
        )
    return value.detach().clone().requires_grad_()


def gradient_of(losses: Tensor, leaf: Tensor) -> Tensor:
    """The gradient of the summed losses [B]; items of a batch stay independent."""
    (gradient,) = torch.autograd.grad(losses, leaf, torch.ones_like(losses))
    if not (torch.isfinite(losses).all() and torch.isfinite(gradient).all()):
        raise GradientError(
            "The loss or its gradient is NaN or infinite: run the model in float32 or bfloat16, "
            "or lower the learning rate."
        )
    return gradient


@torch.enable_grad()
def loss_and_gradient(
    loss_of: Callable[[Tensor], Tensor], variable: Tensor
) -> tuple[Tensor, Tensor]:
    """Losses [B] at `variable` and their gradient."""
    leaf = leaf_of(variable)
    losses = loss_of(leaf)
    return losses.detach(), gradient_of(losses, leaf)


NO_GRADIENT = 1e-8  # smaller ones are rounding, and are not made larger


def level(gradient: Tensor) -> Tensor:
    """Each picture's gradient [B, C, H, W] at root mean square 1."""
    size = gradient.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    return gradient / size.clamp_min(NO_GRADIENT)


class Adam:
    """torch's Adam over one tensor, moved by gradients that the caller computed.

    Its first updates are as long for a gradient of rounding noise as for a large one, so that a
    batch would not equal its pictures one by one. LEVEL_EPSILON, for level gradients, lets values
    rest whose gradient is far below the picture's usual one; the first update of a gradient of 1
    still is the learning rate.
    """

    LEVEL_EPSILON = 0.3

    def __init__(self, start: Tensor, learning_rate: float, epsilon: float = 1e-8) -> None:
        self._variable = start.detach().clone()
        self._optimizer = torch.optim.Adam(
            [self._variable], lr=learning_rate * (1 + epsilon), eps=epsilon
        )

    def step(self, value: Tensor, gradient: Tensor) -> Tensor:
        """The value after one update from `value` along `gradient`."""
        self._variable.copy_(value)
        self._variable.grad = gradient
        self._optimizer.step()
        return self._variable.clone()


class Rescaled(Joint):
    """A denoiser whose backward pass sees a gradient of size about 1.

    Losses here are about 1e-5 and their gradients underflow in float16. The gradient entering the
    model is multiplied by a power of two, and what leaves it divided by the same: exact in float32.
    """

    def __init__(self, model: Denoiser) -> None:
        self.model = model

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        if not torch.is_grad_enabled():
            return ask(self.model, queries, sigma)
        scale = _Scale()
        states = {id(one.x): _DivideGradient.apply(one.x, scale) for one in queries}
        inner = [
            replace(one, x=states[id(one.x)], conditioning=_divided(one.conditioning, scale))
            for one in queries
        ]
        answers = ask(self.model, inner, sigma)
        return [
            _MultiplyGradient.apply(answer.to(query.x.dtype), scale)
            for query, answer in zip(queries, answers, strict=True)
        ]


def rescaled(apply: Callable[[Tensor], Tensor], given: Tensor) -> Tensor:
    """`apply(given)` in the precision of `given`, gone back through as in `Rescaled`."""
    if not torch.is_grad_enabled():
        return apply(given).to(given.dtype)
    scale = _Scale()
    answer = apply(_DivideGradient.apply(given, scale)).to(given.dtype)
    return _MultiplyGradient.apply(answer, scale)


class Checkpointed(Joint):
    """A denoiser that recomputes itself in the backward pass instead of keeping its graph."""

    def __init__(self, model: Denoiser) -> None:
        self.model = model

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        if not torch.is_grad_enabled():
            return ask(self.model, queries, sigma)
        return checkpoint(
            ask,
            self.model,
            queries,
            sigma,
            use_reentrant=False,
            preserve_rng_state=False,  # a denoiser draws no random numbers
        )


class _Scale:
    """The power of two that the backward pass of one call is multiplied by, once it is known."""

    value: float | None = None

    def settle(self, gradient: Tensor) -> float:
        """The first gradient that arrives decides for all: they pass one network together."""
        if self.value is None:
            largest = gradient.abs().max()
            if not (torch.isfinite(largest) and float(largest) > 0):
                return 1.0
            _, exponent = torch.frexp(largest)
            self.value = 2.0 ** -int(exponent)
        return self.value


def _divided(conditioning: Conditioning, scale: _Scale) -> Conditioning:
    if not conditioning.embedding.requires_grad:
        return conditioning
    return conditioning.with_embedding(_DivideGradient.apply(conditioning.embedding, scale))


class _MultiplyGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, denoised: Tensor, scale: _Scale) -> Tensor:
        context.scale = scale
        return denoised.view_as(denoised)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return gradient * context.scale.settle(gradient), None


class _DivideGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, given: Tensor, scale: _Scale) -> Tensor:
        context.scale = scale
        return given.view_as(given)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return gradient / (context.scale.value or 1.0), None
