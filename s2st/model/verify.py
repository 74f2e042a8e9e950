"""Is a model's gradient the slope of what it computes? One directional finite difference."""

from __future__ import annotations

import torch
from torch import Tensor

from .contract import Conditioning, Denoiser
from .gradients import GradientError, Rescaled, loss_and_gradient

TOLERANCE = 0.1  # relative; a wrong backward pass is off by far more, half precision by less
# Of 1 + sigma: a longer one also measures how the model bends, a shorter one rounding.
DISTANCE = 0.01
# What torch says of an operation without a backward pass, such as a fused kernel.
NO_BACKWARD = ("no autograd formula", "does not require grad")


def directional_slopes(
    model: Denoiser,
    x: Tensor,
    sigma: float,
    conditioning: Conditioning,
    direction: Tensor,
    distance: float,
) -> tuple[float, float, float]:
    """Slope of mean(D * direction) along `direction`: by autograd, by central difference, usual.

    The usual size is that along any other direction of this length. A slope may be near 0 by
    chance; what a model bends in between is then larger than the slope, and still small beside it.
    """

    def probe(state: Tensor) -> Tensor:
        denoised = Rescaled(model).denoise(state, sigma, conditioning)
        return (denoised * direction).flatten(1).mean(dim=1)

    _, gradient = loss_and_gradient(probe, x)
    with torch.no_grad():
        above, below = probe(x + distance * direction), probe(x - distance * direction)
    measured = float((above - below).sum()) / (2 * distance)
    usual = float(gradient.norm() * direction.square().mean().sqrt())
    return float((gradient * direction).sum()), measured, usual


def verify_gradient(
    model: Denoiser,
    x: Tensor,
    sigma: float,
    conditioning: Conditioning,
    generator: torch.Generator,
) -> None:
    """Refuse a model whose backward pass is missing or disagrees with its forward pass."""
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float32)
    direction = noise.to(x.device, x.dtype)
    try:
        claimed, measured, usual = directional_slopes(
            model, x, sigma, conditioning, direction, distance=DISTANCE * (1 + sigma)
        )
    except RuntimeError as error:
        reason = str(error).partition(". ")[0]
        if not any(text in reason for text in NO_BACKWARD):
            raise
        raise GradientError(
            f"The model has no gradient ({reason}): use the frozen gradient, or switch off the "
            f"kernel, patch or attention back-end that has no backward pass."
        ) from error
    if abs(claimed - measured) > TOLERANCE * max(abs(claimed), abs(measured), usual):
        raise GradientError(
            f"The model's gradient along a test direction is {claimed:g} but its output changes "
            f"by {measured:g}: its backward pass cannot be trusted, so use the frozen gradient or "
            f"switch off the patch or attention back-end that breaks it."
        )
