"""What the rivals share that run as pipelines of diffusers, on the lab's own networks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import contextmanager

import torch
from diffusers import DDIMScheduler, DiffusionPipeline, UNet2DConditionModel
from diffusers.utils import logging
from torch import Tensor

from ..lab import Case, Lab


def generators(case: Case) -> list[torch.Generator]:
    """One for every picture, so that a batch draws what single pictures draw."""
    return [torch.Generator().manual_seed(seed) for seed in case.seeds]


def embedding(case: Case, domain: str, rows: int | None = None) -> Tensor:
    """A domain's prompt (the empty text for ''), once for every picture."""
    return case.lab.prompt(domain).embedding.repeat(case.batch if rows is None else rows, 1, 1)


def scheduler_settings(lab: Lab) -> dict[str, object]:
    """The model's own scheduler settings, with the lab's spacing."""
    return {**lab.parts.pipeline.scheduler.config, "timestep_spacing": lab.spacing.value}


def ddim_scheduler(lab: Lab, *, to_zero: bool = True, noise: bool = False) -> DDIMScheduler:
    """A scheduler of the caller's own.

    `to_zero` ends at sigma = 0, as our own schedule does, instead of at the lowest trained level;
    `noise` is for use inside `predicting_noise`.
    """
    changes: dict[str, object] = {"set_alpha_to_one": to_zero}
    if noise:
        changes["prediction_type"] = "epsilon"
    return DDIMScheduler.from_config({**scheduler_settings(lab), **changes})


def pipeline_of(
    lab: Lab, kind: type[DiffusionPipeline], schedulers: Mapping[str, object]
) -> DiffusionPipeline:
    """Another kind of pipeline around the same networks, with schedulers of its own."""
    parts = {**lab.parts.pipeline.components, **schedulers}
    wanted = inspect.signature(kind.__init__).parameters
    chosen = {name: part for name, part in parts.items() if name in wanted}
    with quiet():
        pipeline = kind(**chosen, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@contextmanager
def quiet():
    """Without diffusers' notices, say that a pipeline is an old one."""
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)


@contextmanager
def kept_processors(unet: UNet2DConditionModel):
    """Give the UNet its own attention processors back afterwards."""
    before = dict(unet.attn_processors)
    try:
        yield
    finally:
        unet.set_attn_processor(before)


@contextmanager
def predicting_noise(lab: Lab):
    """Let a UNet that predicts v give eps, for pipelines that take every prediction for eps.

    eps = sqrt(alpha_bar) v + sqrt(1 - alpha_bar) z_t (Salimans & Ho 2202.00512).
    """
    if lab.parts.denoiser.prediction_type == "epsilon":
        yield
        return
    alphas = lab.parts.pipeline.scheduler.alphas_cumprod

    def convert(_, arguments, named, output):
        timestep = named["timestep"] if "timestep" in named else arguments[1]
        alpha = alphas[int(timestep)]
        output.sample = alpha.sqrt() * output.sample + (1 - alpha).sqrt() * arguments[0]
        return output

    handle = lab.parts.pipeline.unet.register_forward_hook(convert, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
