"""Exemplars: pictures of the wanted look, and what the model's features know of their places."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import Settings, number
from ..model.checks import check_channels, check_latent
from ..model.contract import Conditioning, Denoiser
from ..model.features import read_features
from .matching import Size, confident, domain_directions, warped

AT_ONCE = 4  # pictures that go through the model together
ANYWHERE = 2.0  # picture sides, farther than any place is from another


@dataclass(frozen=True, kw_only=True)
class MatchConfig(Settings):
    temperature: float = number(
        0.05, 1e-4, 1.0, "How many of the places that match are mixed: near 0 takes the best alone."
    )
    stray: float = number(
        ANYWHERE,
        0.0,
        ANYWHERE,
        "How far, in picture sides, a match may end from itself when it is followed back; 2 trusts "
        "every match.",
    )


@dataclass(frozen=True)
class Exemplars:
    """One or more pictures of one domain, of one size."""

    latents: Tensor  # [E, C, h, w]
    directions: Tensor  # [E, h, w, F], unit vectors on the latents' own grid

    @classmethod
    def of(cls, latents: Tensor, features: Tensor) -> Exemplars:
        """From features [E, F, h', w'] that were read of them."""
        return cls(latents, domain_directions(features, size_of(latents)))

    @property
    def count(self) -> int:
        return len(self.latents)

    @property
    def channels(self) -> int:
        return self.latents.shape[1]

    def to(self, like: Tensor) -> Exemplars:
        """On the device and in the precision of `like`."""
        return Exemplars(self.latents.to(like), self.directions.to(like))


@dataclass(frozen=True)
class Warp:
    """The exemplars' latents, brought to where a picture's places find their like."""

    latent: Tensor  # [B, C, H, W]
    confidence: Tensor  # [B, 1, H, W] of 0 and 1


def exemplars_of(model: Denoiser, latents: Tensor, conditioning: Conditioning) -> Exemplars:
    """Encoded exemplars with their features: one evaluation of each; any prompt serves."""
    check_latent("The exemplar", latents)
    parts = latents.split(AT_ONCE)
    features = torch.cat([read_features(model, one, conditioning) for one in parts])
    return Exemplars.of(latents, features)


def warp_of(exemplars: Exemplars, features: Tensor, size: Size, config: MatchConfig) -> Warp:
    """For pictures with features [B, F, h', w'], whose latents have a size; one after the other."""
    known = exemplars.to(features)
    warps = [warp_to(known, domain_directions(one, size), config) for one in features.split(1)]
    return Warp(
        torch.cat([one.latent for one in warps]), torch.cat([one.confidence for one in warps])
    )


def warp_to(exemplars: Exemplars, own: Tensor, config: MatchConfig) -> Warp:
    """For pictures with directions [B, H, W, F] of the same space as the exemplars'."""
    brought = warped(own, exemplars.directions, exemplars.latents, config.temperature)
    if config.stray >= ANYWHERE:
        return Warp(brought, torch.ones_like(brought[:, :1]))
    return Warp(brought, confident(own, exemplars.directions, config.stray))


def size_of(latents: Tensor) -> Size:
    return latents.shape[-2], latents.shape[-1]


@dataclass(frozen=True)
class Matcher:
    """Brings exemplars to clean latents of any time of a run: one evaluation of each."""

    model: Denoiser
    exemplars: Exemplars
    conditioning: Conditioning  # what features are read under

    def warp(self, latent: Tensor, config: MatchConfig) -> Warp:
        check_exemplars(self.exemplars, latent)

        def brought(features: Tensor) -> Tensor:
            warp = warp_of(self.exemplars, features, size_of(latent), config)
            return torch.cat([warp.latent, warp.confidence], dim=1)

        both = read_features(self.model, latent, self.conditioning, made=brought)
        return Warp(*both.split([self.exemplars.channels, 1], dim=1))


def check_exemplars(exemplars: Exemplars, latent: Tensor) -> None:
    check_channels("The exemplar", exemplars.channels, "the source latent", latent.shape[1])
