"""LATENT dictionaries and trajectories at the border: checked, converted, and marked with what
later nodes must know (the seed's noise level, the model, the picture's size before padding).
"""

from __future__ import annotations

import math
from dataclasses import asdict

import torch
from torch import Tensor

from ...s2st import Schedule, Trajectory
from ...s2st.model.checks import check_finite
from ...s2st.model.parameterization import from_variance_preserving, to_variance_preserving
from .facts import model_facts
from .fingerprint import fingerprint
from .layout import PictureSize
from .units import from_model_space, to_model_space

SEED_KEY = "s2st_seed"
PICTURE_KEY = "s2st_picture"
SAME_SIGMA = 1e-5  # more than rounding, less than from one timestep to the next


def picture_of(latent: dict) -> PictureSize | None:
    """The picture's size before it was padded, where our encoder made the latent."""
    return latent.get(PICTURE_KEY)


def trajectory_picture(trajectory: Trajectory) -> PictureSize | None:
    """The same, remembered by a trajectory."""
    size = trajectory.facts.get("picture")
    try:
        return None if size is None else PictureSize(**size)
    except TypeError as error:
        raise ValueError(
            f"The trajectory says that its picture's size is {size!r}, but that needs a height, a "
            f"width and a stride: its file is damaged, so save it again."
        ) from error


def trajectory_facts(patcher, latent: dict, source: list) -> dict[str, object]:
    """What a trajectory must remember of the model, of the picture and of the source prompt."""
    picture = picture_of(latent)
    facts: dict[str, object] = {"model": model_facts(patcher).as_dict()}
    facts |= fingerprint(patcher, source)
    return facts if picture is None else {**facts, "picture": asdict(picture)}


def unpacked(patcher, latent: dict, name: str) -> Tensor:
    """A LATENT's samples in the model's own space, checked against the model."""
    facts = model_facts(patcher)
    samples = _samples(latent, name)
    if samples.shape[1] != facts.channels:
        raise ValueError(
            f"{name} has {samples.shape[1]} channels, but the model ({facts.family}) works on "
            f"{facts.channels}: encode the picture with this model's own VAE."
        )
    check_finite(name, samples)
    return to_model_space(patcher, samples)


def normal_samples(latent: dict, name: str) -> Tensor:
    """A LATENT's samples where no model is at hand, in tensors that s2st takes."""
    samples = _samples(latent, name)
    check_finite(name, samples)
    with torch.inference_mode(False):
        return samples.detach().to("cpu", torch.float32).clone()


def pictures_in(latent: dict, name: str) -> Tensor:
    """A LATENT's samples, of one picture or more."""
    samples = latent["samples"]
    if getattr(samples, "is_nested", False) or samples.ndim != 4:
        raise ValueError(
            f"{name} has {samples.ndim} dimensions, but pictures have 4, [batch, channels, height, "
            f"width]: connect the latent of an image, not of a video or a sound."
        )
    if samples.numel() == 0:
        raise ValueError(f"{name} is empty, but at least 1 picture is needed: connect one or more.")
    return samples


def _samples(latent: dict, name: str) -> Tensor:
    samples = pictures_in(latent, name)
    if "noise_mask" in latent:
        raise ValueError(
            f"{name} carries a noise mask, but S2ST takes a mask at Trajectory Optimize or "
            f"Difference Path: connect it there and encode the picture without one."
        )
    return samples


def packed(patcher, latents: Tensor, picture: PictureSize | None) -> dict:
    """The model's latents as an ordinary LATENT."""
    latent = {"samples": from_model_space(patcher, latents)}
    return latent if picture is None else {**latent, PICTURE_KEY: picture}


def packed_seed(patcher, seed: Tensor, schedule: Schedule, picture: PictureSize | None) -> dict:
    """A seed (variance-preserving units) as a LATENT the core samples from without adding noise."""
    sigma = schedule.sigmas[0]
    latent = packed(patcher, from_variance_preserving(seed, sigma), picture)
    return {**latent, SEED_KEY: {"sigma": sigma, "model": model_facts(patcher).as_dict()}}


def unpacked_seed(patcher, latent: dict, name: str, schedule: Schedule) -> Tensor:
    """The seed of a LATENT made by `packed_seed`, in variance-preserving units.

    It stands at the noise level at which `schedule` begins, else it would mean another picture.
    """
    made = latent.get(SEED_KEY)
    if made is None:
        raise ValueError(
            f"{name} is an ordinary latent, but a seed is needed: connect the seed output of "
            f"DDIM Invert or Seed Translate."
        )
    check_same_model(name, made["model"], patcher)
    if not math.isclose(made["sigma"], schedule.sigmas[0], rel_tol=SAME_SIGMA):
        raise ValueError(
            f"{name} was made at sigma {made['sigma']:.6g}, but the run begins at "
            f"{schedule.sigmas[0]:.6g}: take the model, steps and spacing it was made with, or "
            f"connect the trajectory it was made from."
        )
    return to_variance_preserving(unpacked(patcher, latent, name), made["sigma"])


def check_same_model(name: str, made: object, patcher) -> None:
    """Refuse what was made with a model of another family."""
    own = model_facts(patcher).as_dict()
    if made == own:
        return
    other = made if isinstance(made, dict) else {}
    raise ValueError(
        f"{name} was made with a {other.get('family', 'model that is not named')} "
        f"({other.get('prediction', '?')}-prediction, {other.get('channels', '?')} channels), but "
        f"the model here is a {own['family']} ({own['prediction']}-prediction, {own['channels']} "
        f"channels): use the same checkpoint for both."
    )


def normal_trajectory(patcher, trajectory: Trajectory, device: torch.device) -> Trajectory:
    """The trajectory on `device` in tensors that autograd takes, checked against the model."""
    check_same_model("The trajectory", trajectory.facts.get("model"), patcher)
    states = trajectory.states.detach().clone().to(device)
    return Trajectory(states, trajectory.schedule, trajectory.facts)
