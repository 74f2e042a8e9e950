"""CycleDiffusion (Wu & De la Torre 2210.05559): the noises that would have made the source are
worked out step by step and spent again on the target prompt.

Diffusers' CycleDiffusionPipeline, one picture at a time, as it mixes up the rows of a batch. It
takes every prediction for eps, so our v-model is made to give eps. It ends at the lowest trained
noise level, since at 0 its noises are 0 / 0.
"""

from __future__ import annotations

import torch
from diffusers import CycleDiffusionPipeline
from torch import Tensor

from demo_world import prompt

from ..lab import Case, Meter
from ..method import Family, Method, Setting
from .pipelines import ddim_scheduler, generators, pipeline_of, predicting_noise


def run(case: Case, setting: Setting, _: Meter) -> Tensor:
    scheduler = ddim_scheduler(case.lab, to_zero=False, noise=True)
    cycle = pipeline_of(case.lab, CycleDiffusionPipeline, {"scheduler": scheduler})
    made = []
    with predicting_noise(case.lab):
        for latent, generator in zip(case.latents.split(1), generators(case), strict=True):
            result = cycle(
                prompt=prompt(case.pair.target),
                source_prompt=prompt(case.pair.source),
                image=latent,
                strength=setting["strength"],
                guidance_scale=setting["guidance"],
                eta=setting["eta"],
                num_inference_steps=case.lab.steps,
                generator=generator,
                output_type="latent",
            )
            made.append(result.images)
    return case.decoded(torch.cat(made))


METHOD = Method(
    name="CycleDiffusion",
    family=Family.RIVAL,
    run=run,
    settings=(
        {"strength": 0.85, "guidance": 2.0, "eta": 0.1},
        {"strength": 1.0, "guidance": 1.5, "eta": 0.1},
        {"strength": 1.0, "guidance": 3.0, "eta": 0.1},
        {"strength": 1.0, "guidance": 2.0, "eta": 0.5},
        {"strength": 1.0, "guidance": 2.0, "eta": 1.0},
    ),
    source="2210.05559",
)
