"""LEDITS++ (Brack et al. 2311.16711): edit-friendly inversion with DPM-Solver++ and masked
guidance towards the target prompt.

Diffusers' LEditsPPPipelineStableDiffusion with the stochastic DPM-Solver++ it is meant for, which
knows v-prediction. The pipeline insists on leading spacing, and replaces the UNet's attention
processors, which are put back.
"""

from __future__ import annotations

import torch
from diffusers import DPMSolverMultistepScheduler, LEditsPPPipelineStableDiffusion
from torch import Tensor

from demo_world import prompt

from ..lab import Case, Lab, Meter
from ..method import Family, Method, Setting
from .pipelines import generators, kept_processors, pipeline_of, scheduler_settings


def solver(lab: Lab) -> DPMSolverMultistepScheduler:
    chosen = {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}
    return DPMSolverMultistepScheduler.from_config({**scheduler_settings(lab), **chosen})


def run(case: Case, setting: Setting, _: Meter) -> Tensor:
    schedulers = {"scheduler": solver(case.lab)}
    ledits = pipeline_of(case.lab, LEditsPPPipelineStableDiffusion, schedulers)
    with kept_processors(case.lab.parts.pipeline.unet):
        made = [
            edited(ledits, picture, generator, case, setting)
            for picture, generator in zip(case.source.split(1), generators(case), strict=True)
        ]
    return case.decoded(torch.cat(made))


def edited(
    ledits: LEditsPPPipelineStableDiffusion,
    picture: Tensor,
    generator: torch.Generator,
    case: Case,
    setting: Setting,
) -> Tensor:
    """The edited latent of one picture."""
    ledits.invert(
        image=picture,
        num_inversion_steps=case.lab.steps,
        skip=setting["skip"],
        generator=generator,
    )
    return ledits(
        editing_prompt=[prompt(case.pair.target)],
        edit_guidance_scale=setting["guidance"],
        edit_threshold=setting["threshold"],
        use_intersect_mask=bool(setting["masks"]),
        generator=generator,
        output_type="latent",
    ).images


METHOD = Method(
    name="LEDITS++",
    family=Family.RIVAL,
    run=run,
    settings=(
        {"guidance": 1.5, "skip": 0.0, "threshold": 0.0, "masks": 0},
        {"guidance": 3.0, "skip": 0.0, "threshold": 0.0, "masks": 0},
        {"guidance": 3.0, "skip": 0.1, "threshold": 0.0, "masks": 0},
        {"guidance": 3.0, "skip": 0.2, "threshold": 0.0, "masks": 0},
        {"guidance": 3.0, "skip": 0.0, "threshold": 0.3, "masks": 1},
    ),
    source="2311.16711",
)
