"""A target domain at the border: pictures' latents, or a look that was kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ...s2st import Look, look_of
from ...s2st.look.kept import KeptLook
from .api import io
from .facts import model_facts
from .latents import normal_samples, unpacked
from .types import LookSocket
from .units import to_model_space


@dataclass(frozen=True)
class Domain:
    """What a method asks of it, in a model's own space."""

    look: Look
    latents: Tensor | None  # of its pictures or places, where regions may be looked for
    features: Tensor | None = None  # that were kept of them
    eta: Tensor | None = None  # channel weights that were kept with a look


def domain_input(tooltip: str, name: str = "target_domain", *, optional: bool = False):
    """Takes encoded pictures, and a look as well."""
    types = [io.Latent, LookSocket]
    return io.MultiType.Input(
        name, types=types, optional=optional, tooltip=f"{tooltip} Or a look that was kept."
    )


def domain_of(model, given: dict | KeptLook, name: str) -> Domain:
    """Checked against the model, in tensors that autograd takes."""
    if not isinstance(given, KeptLook):
        latents = unpacked(model, given, name)
        with torch.inference_mode(False):
            return Domain(look_of(latents), latents)
    facts, scaled = model_facts(model), partial(to_model_space, model)
    if given.channels != facts.channels:
        raise ValueError(
            f"{name} is a look of {given.channels} channels, but the model ({facts.family}) works "
            f"on {facts.channels}: make the look again with this model's own VAE."
        )
    places, weights = given.places, given.correlation
    with torch.inference_mode(False):
        return Domain(
            look=given.look(scaled),
            latents=None if places is None else scaled(places.latents),
            features=None if places is None else places.features.clone(),
            eta=None if weights is None else weights.eta.clone(),
        )


def region_latents(domain: Domain) -> Tensor:
    """What regions take their looks from."""
    if domain.latents is None:
        raise ValueError(
            "The look was kept without features for regions, but regions are found by them: make "
            "it again with model and positive connected, or connect encoded pictures."
        )
    return domain.latents


def raw_look(given: dict | KeptLook, name: str) -> Look:
    """Where no model is at hand: as the VAE made it."""
    with torch.inference_mode(False):
        if isinstance(given, KeptLook):
            return look_of(given.quantiles.clone()[:, :, None])
        return look_of(normal_samples(given, name))
