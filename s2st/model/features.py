"""A model's own features of a picture: what its network knows of every place, in one evaluation.

A picture is given noise and denoised once; what a block in the middle of the network then holds
tells what is where (DIFT, Tang et al. 2306.03881), for pictures of other domains alike.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import check_conditioning, check_latent
from .contract import Conditioning, Counted, Denoiser, Made
from .noise import noises_for

FEATURE_SIGMA = 1.5  # where labels carry over best from pictures of one domain to another's
FEATURE_SEED = 2306
UPSAMPLINGS = 2  # of a UNet before the place where its features are read
MOST_CELLS = 64  # on a side; finer features are averaged
SPREAD = 1e-6  # a channel that differs by less is constant


@runtime_checkable
class FeatureDenoiser(Denoiser, Protocol):
    """A denoiser that also shows the features which an evaluation passes through."""

    def features(self, x: Tensor, sigma: float, conditioning: Conditioning, made: Made) -> Tensor:
        """What is `made` of [b, channels, height, width], on a grid of the network's own, joined.

        A model that takes a large batch in parts has no more features in memory than a part's.
        """
        ...


def inmost(model: Denoiser) -> Denoiser:
    """The model in what counts its evaluations."""
    return inmost(model.model) if isinstance(model, Counted) else model


def shows_features(model: Denoiser) -> bool:
    return isinstance(inmost(model), FeatureDenoiser)


@torch.no_grad()
def read_features(
    model: Denoiser,
    latents: Tensor,
    conditioning: Conditioning,
    *,
    sigma: float = FEATURE_SIGMA,
    seed: int = FEATURE_SEED,
    made: Made = lambda features: features,
) -> Tensor:
    """Features [B, F, h, w] of clean latents: one evaluation of each, all under the same noise.

    The prompt hardly matters; an empty one serves. What is `made` of every picture's features may
    be smaller than they are.
    """
    check_latent("The latent", latents)
    check_conditioning("The prompt", conditioning, len(latents))
    if not shows_features(model):
        raise ValueError(
            f"The model is a {type(inmost(model)).__name__}, which shows no features, but they are "
            f"needed to tell what is like what: give masks or label maps of source and references, "
            f"or leave matching out."
        )
    assert isinstance(model, FeatureDenoiser)
    noisy = latents + sigma * next(noises_for(latents, seed))

    def of(features: Tensor) -> Tensor:
        return made(at_most(features.to(latents), MOST_CELLS))

    return model.features(noisy, sigma, conditioning, of)


def at_most(features: Tensor, side: int) -> Tensor:
    """Features on a grid of at most `side` cells in either direction."""
    height, width = (min(one, side) for one in features.shape[-2:])
    if (height, width) == features.shape[-2:]:
        return features
    return F.adaptive_avg_pool2d(features, (height, width))


def standardised(features: Tensor) -> Tensor:
    """Every channel at mean 0 and deviation 1 over all that is given, which is one domain's.

    It bridges the domains: day and night differ in most channels by what is the same everywhere.
    """
    axes = (0, 2, 3)
    mean = features.mean(axes, keepdim=True)
    return (features - mean) / features.std(axes, keepdim=True).clamp_min(SPREAD)
