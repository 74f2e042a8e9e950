"""Denoisers with a closed form: real models of the contract, exact to the last digit.

They stand in for networks wherever the mathematics is to be checked.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import einsum, rearrange
from torch import Tensor

from s2st.model.contract import Conditioning, Made


@dataclass(frozen=True)
class GaussianDenoiser:
    """The ideal denoiser of N(mean + c, spread^2), where c is the prompt's mean embedding.

    The embedding's width is the number of latent channels: a prompt moves each channel's mean.
    """

    mean: float
    spread: float

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        moved = self.mean + conditioning.embedding.mean(dim=1)[:, :, None, None]
        variance = self.spread**2
        return (variance * x + sigma**2 * moved) / (variance + sigma**2)


@dataclass(frozen=True)
class MixtureDenoiser:
    """The ideal denoiser of Gaussians around a few latents [N, C, H, W], all of one spread.

    The prompt [tokens, N] favours some: D = sum_i w_i (s^2 x + sigma^2 y_i) / (s^2 + sigma^2)
    with w = softmax(mean embedding - |x - y_i|^2 / 2 (s^2 + sigma^2)).
    """

    points: Tensor
    spread: float

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        variance = self.spread**2 + sigma**2
        flat = rearrange(self.points, "n c h w -> n (c h w)")
        squared = torch.cdist(rearrange(x, "b c h w -> b (c h w)"), flat).square()
        favour = conditioning.embedding.mean(dim=1)
        weights = (favour - squared / (2 * variance)).softmax(dim=1)
        nearest = einsum(weights, self.points, "b n, n c h w -> b c h w")
        return (self.spread**2 * x + sigma**2 * nearest) / variance


MIXED = torch.tensor([[0.2, 0.1, 0.0, 0.1], [0.0, 0.2, -0.1, 0.1], [0.1, -0.1, 0.2, 0.1]])


@dataclass(frozen=True)
class MixingAutoencoder:
    """A linear one: every latent pixel is a square of one colour, mixed from its channels."""

    stride: int = 2

    def encode(self, pictures: Tensor) -> Tensor:
        small = torch.nn.functional.avg_pool2d(pictures - 0.5, self.stride)
        back = torch.linalg.pinv(MIXED.to(small))
        return einsum(back, small, "c k, b k h w -> b c h w")

    def decode(self, latents: Tensor) -> Tensor:
        colours = 0.5 + einsum(MIXED.to(latents), latents, "k c, b c h w -> b k h w")
        return colours.repeat_interleave(self.stride, 2).repeat_interleave(self.stride, 3)


@dataclass(frozen=True)
class SeeingDenoiser(GaussianDenoiser):
    """Its features are what it is given, a pixel and its neighbours; loud latents drown noise."""

    def features(self, x: Tensor, sigma: float, conditioning: Conditioning, made: Made) -> Tensor:
        around = torch.nn.functional.unfold(x, 3, padding=1)
        return made(around.unflatten(2, x.shape[-2:]))
