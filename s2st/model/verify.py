"""Is a gradient the slope of what is computed? One directional finite difference."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .autoencoder import Autoencoder, decoded
from .contract import Conditioning, Denoiser
from .gradients import GradientError, Rescaled, level, loss_and_gradient

TOLERANCE = 0.1  # relative; a wrong backward pass is off by far more, half precision by less
# Of 1 + sigma: a longer one also measures how the model bends, a shorter one rounding.
DISTANCE = 0.01
DECODER_DISTANCE = 0.02  # of a latent's spread
# What torch says of an operation without a backward pass, such as a fused kernel.
NO_BACKWARD = ("no autograd formula", "does not require grad")
ADVICE_MODEL = (
    "use the frozen gradient, or switch off the kernel, patch or attention back-end that has no "
    "backward pass"
)
ADVICE_DECODER = "load the VAE in float32 or bfloat16, or take another VAE of the same family"


def slopes_along(
    losses_of: Callable[[Tensor], Tensor], x: Tensor, direction: Tensor, distance: float
) -> tuple[float, float, float]:
    """Slope of the summed losses along `direction`: by autograd, by central difference, usual.

    The usual size is that along any other direction of this length. A slope may be near 0 by
    chance; what a model bends in between is then larger than the slope, and still small beside it.
    """
    _, gradient = loss_and_gradient(losses_of, x)
    with torch.no_grad():
        above, below = losses_of(x + distance * direction), losses_of(x - distance * direction)
    measured = float((above - below).sum()) / (2 * distance)
    usual = float(gradient.norm() * direction.square().mean().sqrt())
    return float((gradient * direction).sum()), measured, usual


def directional_slopes(
    model: Denoiser,
    x: Tensor,
    sigma: float,
    conditioning: Conditioning,
    direction: Tensor,
    distance: float,
) -> tuple[float, float, float]:
    """`slopes_along` of mean(D * direction)."""

    def probe(state: Tensor) -> Tensor:
        denoised = Rescaled(model).denoise(state, sigma, conditioning)
        return (denoised * direction).flatten(1).mean(dim=1)

    return slopes_along(probe, x, direction, distance)


def verify_gradient(
    model: Denoiser,
    x: Tensor,
    sigma: float,
    conditioning: Conditioning,
    generator: torch.Generator,
) -> None:
    """Refuse a model whose backward pass is missing or disagrees with its forward pass."""
    direction = _direction(x.shape, x, generator)

    def slopes() -> tuple[float, float, float]:
        return directional_slopes(model, x, sigma, conditioning, direction, DISTANCE * (1 + sigma))

    _check_slopes(slopes, "The model", ADVICE_MODEL)


def verify_decoder(autoencoder: Autoencoder, latent: Tensor, generator: torch.Generator) -> None:
    """Refuse an autoencoder whose decoder has no gradient, or not its own.

    Along its own gradient a decoder changes most, and rounding in half precision hides least. It is
    looked at under noise: where a picture has one colour, norms divide by next to nothing, and no
    step is short enough for a slope.
    """
    latent = latent + _direction(latent.shape, latent, generator)
    height, width = (side * autoencoder.stride for side in latent.shape[-2:])
    weights = _direction((len(latent), 3, height, width), latent, generator)

    def probe(at: Tensor) -> Tensor:
        return (decoded(autoencoder, at) * weights).flatten(1).mean(dim=1)

    def slopes() -> tuple[float, float, float]:
        steepest = level(loss_and_gradient(probe, latent)[1])
        distance = DECODER_DISTANCE * float(latent.square().mean().sqrt())
        return slopes_along(probe, latent, steepest, distance)

    _check_slopes(slopes, "The decoder", ADVICE_DECODER)


def _direction(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float32).to(like)


def _check_slopes(slopes: Callable[[], tuple[float, float, float]], name: str, advice: str) -> None:
    try:
        claimed, measured, usual = slopes()
    except RuntimeError as error:
        reason = str(error).partition(". ")[0]
        if not any(text in reason for text in NO_BACKWARD):
            raise
        raise GradientError(f"{name} has no gradient ({reason}): {advice}.") from error
    if abs(claimed - measured) > TOLERANCE * max(abs(claimed), abs(measured), usual):
        raise GradientError(
            f"{name}'s gradient along a test direction is {claimed:g} but its output changes by "
            f"{measured:g}: its backward pass cannot be trusted, so {advice}."
        )
