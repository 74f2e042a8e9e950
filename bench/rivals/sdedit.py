"""SDEdit (Meng et al. 2108.01073): noise the source and denoise it with the target prompt.

Diffusers' StableDiffusionImg2ImgPipeline, given latents, so that no encoder noise harms it. Of the
lab's steps it runs the last `strength`.
"""

from __future__ import annotations

from diffusers import StableDiffusionImg2ImgPipeline
from torch import Tensor

from ..lab import Case, Meter
from ..method import Family, Method, Setting
from .pipelines import ddim_scheduler, embedding, generators, pipeline_of


def run(case: Case, setting: Setting, _: Meter) -> Tensor:
    scheduler = ddim_scheduler(case.lab)
    img2img = pipeline_of(case.lab, StableDiffusionImg2ImgPipeline, {"scheduler": scheduler})
    latents = img2img(
        image=case.latents,
        prompt_embeds=embedding(case, case.pair.target),
        negative_prompt_embeds=embedding(case, ""),
        strength=setting["strength"],
        guidance_scale=setting["guidance"],
        num_inference_steps=case.lab.steps,
        generator=generators(case),
        output_type="latent",
    ).images
    return case.decoded(latents)


METHOD = Method(
    name="SDEdit",
    family=Family.RIVAL,
    run=run,
    settings=(
        {"strength": 0.4, "guidance": 3.0},
        {"strength": 0.5, "guidance": 5.0},
        {"strength": 0.6, "guidance": 5.0},
        {"strength": 0.7, "guidance": 5.0},
        {"strength": 0.8, "guidance": 3.0},
        {"strength": 0.9, "guidance": 5.0},
    ),
    source="2108.01073",
)
