"""DiffEdit (Couairon et al. 2210.11427): find where the prompts disagree, and repaint only there.

Diffusers' StableDiffusionDiffEditPipeline, one picture at a time, as its mask's threshold is a
mean over the batch. Two things are put right for it. Its inversion reads v at the wrong noise
level, so our v-model is made to give eps. Outside the mask it puts every state back one step late,
so the result would keep some noise there; we hand the states over one level lower, ending in the
source itself.
"""

from __future__ import annotations

import torch
from diffusers import DDIMInverseScheduler, StableDiffusionDiffEditPipeline
from torch import Tensor

from demo_world import prompt

from ..lab import Case, Meter
from ..method import Family, Method, Setting
from .pipelines import ddim_scheduler, generators, pipeline_of, predicting_noise

MAPS = 8  # noise draws that a mask is averaged over; the paper takes 10


def run(case: Case, setting: Setting, _: Meter) -> Tensor:
    scheduler = ddim_scheduler(case.lab, noise=True)
    schedulers = {
        "scheduler": scheduler,
        "inverse_scheduler": DDIMInverseScheduler.from_config(scheduler.config),
    }
    diffedit = pipeline_of(case.lab, StableDiffusionDiffEditPipeline, schedulers)
    pairs = zip(case.latents.split(1), generators(case), strict=True)
    with predicting_noise(case.lab):
        made = [edited(diffedit, latent, generator, case, setting) for latent, generator in pairs]
    return case.decoded(torch.cat(made))


def edited(
    diffedit: StableDiffusionDiffEditPipeline,
    latent: Tensor,
    generator: torch.Generator,
    case: Case,
    setting: Setting,
) -> Tensor:
    """The edited latent of one picture."""
    source, target, steps = prompt(case.pair.source), prompt(case.pair.target), case.lab.steps
    mask = diffedit.generate_mask(
        image=latent,
        source_prompt=source,
        target_prompt=target,
        guidance_scale=setting["guidance"],
        mask_thresholding_ratio=setting["ratio"],
        num_maps_per_mask=MAPS,
        num_inference_steps=steps,
        generator=generator,
        output_type="np",
    )
    states = diffedit.invert(
        prompt=source,
        image=latent,
        guidance_scale=1.0,
        inpaint_strength=setting["strength"],
        num_inference_steps=steps,
    ).latents
    return diffedit(
        prompt=target,
        mask_image=torch.from_numpy(mask).float()[:, None],
        image_latents=put_back_in_time(states, latent),
        inpaint_strength=setting["strength"],
        guidance_scale=setting["guidance"],
        num_inference_steps=steps,
        output_type="latent",
    ).images


def put_back_in_time(states: Tensor, latent: Tensor) -> Tensor:
    """States [1, n, C, H, W] from noise to image: the first to start from, then each one's next."""
    shifted = torch.cat([states[:, :1], states[:, 2:], latent[:, None]], dim=1)
    return shifted[:, : states.shape[1]]


METHOD = Method(
    name="DiffEdit",
    family=Family.RIVAL,
    run=run,
    settings=(
        {"guidance": 2.0, "strength": 1.0, "ratio": 0.5},
        {"guidance": 3.0, "strength": 1.0, "ratio": 0.5},
        {"guidance": 3.0, "strength": 0.8, "ratio": 0.5},
        {"guidance": 3.0, "strength": 0.8, "ratio": 1.5},
    ),
    source="2210.11427",
)
