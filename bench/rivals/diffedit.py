"""DiffEdit (Couairon et al. 2210.11427): find where the prompts disagree, and repaint only there.

Diffusers' StableDiffusionDiffEditPipeline, one picture at a time, as its mask's threshold is a
mean over the batch. Two things are put right for it. Its own inversion asks the model at the wrong
noise level, which costs much with few steps and all with v-prediction: it gets the inversion that
all others get. And outside the mask it puts every state back one step late, so that the result
would keep some noise there: we hand the states over one level lower, ending in the source itself.
"""

from __future__ import annotations

import torch
from diffusers import DDIMInverseScheduler, StableDiffusionDiffEditPipeline
from torch import Tensor

from demo_world import prompt
from s2st import Trajectory
from s2st.model.parameterization import to_variance_preserving

from ..lab import Case, Meter
from ..method import Family, Method, Setting, trajectory_of
from .pipelines import ddim_scheduler, generators, pipeline_of

MAPS = 8  # noise draws that a mask is averaged over; the paper takes 10


def run(case: Case, setting: Setting, meter: Meter) -> Tensor:
    scheduler = ddim_scheduler(case.lab)
    unused = DDIMInverseScheduler.from_config(scheduler.config)
    schedulers = {"scheduler": scheduler, "inverse_scheduler": unused}
    diffedit = pipeline_of(case.lab, StableDiffusionDiffEditPipeline, schedulers)
    states = visited_states(trajectory_of(case, meter), setting["strength"])
    made = [
        repainted(diffedit, own, mask_of(diffedit, latent, generator, case, setting), case, setting)
        for own, latent, generator in zip(
            states.split(1), case.latents.split(1), generators(case), strict=True
        )
    ]
    return case.decoded(torch.cat(made))


def mask_of(
    diffedit: StableDiffusionDiffEditPipeline,
    latent: Tensor,
    generator: torch.Generator,
    case: Case,
    setting: Setting,
) -> Tensor:
    """Where one picture's prompts disagree, [1, 1, H, W]: 1 is to be repainted."""
    mask = diffedit.generate_mask(
        image=latent,
        source_prompt=prompt(case.pair.source),
        target_prompt=prompt(case.pair.target),
        guidance_scale=setting["guidance"],
        mask_thresholding_ratio=setting["ratio"],
        num_maps_per_mask=MAPS,
        num_inference_steps=case.lab.steps,
        generator=generator,
        output_type="np",
    )
    return torch.from_numpy(mask).float()[:, None]


def repainted(
    diffedit: StableDiffusionDiffEditPipeline,
    states: Tensor,
    mask: Tensor,
    case: Case,
    setting: Setting,
) -> Tensor:
    """The edited latent of one picture."""
    return diffedit(
        prompt=prompt(case.pair.target),
        mask_image=mask,
        image_latents=states,
        inpaint_strength=setting["strength"],
        guidance_scale=setting["guidance"],
        num_inference_steps=case.lab.steps,
        output_type="latent",
    ).images


def visited_states(trajectory: Trajectory, strength: float) -> Tensor:
    """[B, n, C, H, W]: the state to start from, then for each later step the one it returns to."""
    begin = int(trajectory.schedule.steps * strength)
    levels = [begin, *reversed(range(begin - 1))]
    states = [
        to_variance_preserving(trajectory.state(t), trajectory.schedule.sigma(t)) for t in levels
    ]
    return torch.stack(states, dim=1)


METHOD = Method(
    name="DiffEdit",
    family=Family.RIVAL,
    run=run,
    settings=(
        {"guidance": 2.0, "strength": 1.0, "ratio": 0.5},
        {"guidance": 3.0, "strength": 1.0, "ratio": 0.5},
        {"guidance": 3.0, "strength": 1.0, "ratio": 1.0},
        {"guidance": 3.0, "strength": 0.9, "ratio": 0.5},
        {"guidance": 3.0, "strength": 0.8, "ratio": 0.5},
    ),
    source="2210.11427",
)
