"""What a MODEL is, and the refusal of models that S2ST cannot run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import comfy.latent_formats
import comfy.model_patcher
import comfy.model_sampling


class Prediction(str, Enum):
    """What the network predicts; all are run as D(x, sigma)."""

    EPS = "eps"
    V = "v"
    EDM = "edm"
    FLOW = "flow"


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What must agree between the nodes of one translation."""

    family: str
    prediction: Prediction
    channels: int

    def as_dict(self) -> dict[str, object]:
        return {
            "family": self.family,
            "prediction": self.prediction.value,
            "channels": self.channels,
        }


def model_facts(patcher: comfy.model_patcher.ModelPatcher) -> ModelFacts:
    """The facts of a MODEL, or a ValueError for models that S2ST cannot run."""
    model = patcher.model
    family = type(model.model_config).__name__
    if not isinstance(model.latent_format, comfy.latent_formats.LatentFormat) or (
        getattr(model.latent_format, "latent_dimensions", 2) != 2
    ):
        raise ValueError(
            f"The model is a {family}, whose latents are not pictures, but S2ST translates "
            f"[batch, channels, height, width] latents: use an image model."
        )
    channels = model.latent_format.latent_channels
    _check_reads_latents_alone(model, family, channels)
    return ModelFacts(family=family, prediction=_prediction(patcher, family), channels=channels)


def _check_reads_latents_alone(model, family: str, channels: int) -> None:
    network = model.diffusion_model
    taken, patch = getattr(network, "in_channels", channels), getattr(network, "patch_size", 1)
    if not model.concat_keys and taken in (channels, channels * patch**2):
        return
    raise ValueError(
        f"The model is a {family} that reads {taken} channels where its latent has {channels}: "
        f"inpainting and edit models need a second picture that S2ST does not give; "
        f"load the ordinary checkpoint of the same family."
    )


def _prediction(patcher: comfy.model_patcher.ModelPatcher, family: str) -> Prediction:
    kinds = comfy.model_sampling
    sampling = patcher.get_model_object("model_sampling")
    refused = tuple(
        getattr(kinds, name)
        for name in ("X0", "IMG_TO_IMG", "IMG_TO_IMG_FLOW", "COSMOS_RFLOW")
        if hasattr(kinds, name)
    )
    if isinstance(sampling, refused):
        raise ValueError(
            f"The model is a {family}, which predicts neither noise, v nor a flow, but S2ST needs "
            f"one of these: use a Stable Diffusion 1.x, 2.x, XL or flow checkpoint."
        )
    louder = getattr(sampling, "noise_scale", 1.0)
    if louder != 1:
        raise ValueError(
            f"The model is a {family} that scales its noise by {louder:g}, but S2ST needs noise of "
            f"size 1: use a Stable Diffusion 1.x, 2.x, XL or another flow checkpoint."
        )
    for kind, prediction in (
        (kinds.EDM, Prediction.EDM),
        (kinds.V_PREDICTION, Prediction.V),
        (kinds.EPS, Prediction.EPS),
        (kinds.CONST, Prediction.FLOW),
    ):
        if isinstance(sampling, kind):
            return prediction
    raise ValueError(
        f"The model is a {family} with the sampling class {type(sampling).__name__}, which S2ST "
        f"does not know: use a Stable Diffusion 1.x, 2.x, XL or flow checkpoint."
    )


def check_there(name: str, part: object) -> None:
    """Refuse what a loader gives where a checkpoint has no such part."""
    if part is None:
        raise ValueError(
            f"The {name} is empty, but pictures and words go through one: the checkpoint has "
            f"none, so connect a loader of its own."
        )


GUIDANCE_PATCHES = (
    "sampler_cfg_function",
    "sampler_pre_cfg_function",
    "sampler_post_cfg_function",
    "sampler_calc_cond_batch_function",
)


def guidance_patches(patcher: comfy.model_patcher.ModelPatcher) -> list[str]:
    """Patches that change how guidance is combined; s2st combines it itself, without them."""
    return [name for name in GUIDANCE_PATCHES if patcher.model_options.get(name)]
