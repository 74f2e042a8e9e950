"""The rivals that run as pipelines of diffusers, on the lab's own networks, with latents handed
over or the posterior's mode taken, so that no encoder noise harms them. Those that mix up the rows
of a batch, or take means over it, are given one picture at a time.

SDEdit (Meng et al. 2108.01073): noise the source and denoise it with the target prompt. Of the
lab's steps it runs the last `strength`.

CycleDiffusion (Wu & De la Torre 2210.05559): the noises that would have made the source are worked
out step by step and spent again on the target prompt. It takes every prediction for eps, so our
v-model is made to give eps. It ends at the lowest trained noise level, since at 0 its noises are
0 / 0.

DiffEdit (Couairon et al. 2210.11427): find where the prompts disagree, and repaint only there. Two
things are put right for it. Its own inversion asks the model at the wrong noise level, which costs
much with few steps and all with v-prediction: it gets the inversion that all others get. And
outside the mask it puts every state back one step late, so that the result would keep some noise
there: we hand the states over one level lower, ending in the source itself.

LEDITS++ (Brack et al. 2311.16711): edit-friendly inversion with the stochastic DPM-Solver++ it is
meant for, which knows v-prediction, and masked guidance towards the target prompt. The pipeline
insists on leading spacing, and replaces the UNet's attention processors, which are put back.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import contextmanager

import diffusers
import torch
from torch import Tensor

from demo_world import prompt
from s2st import Trajectory
from s2st.model.parameterization import to_variance_preserving

from ..lab import Case, Family, Lab, Meter, Method, Setting, settings
from .injection import kept_processors

MAPS = 8  # noise draws that a mask of DiffEdit is averaged over; the paper takes 10


def scheduler_settings(lab: Lab) -> dict[str, object]:
    """The model's own scheduler settings, with the lab's spacing."""
    scheduler = lab.parts.pipeline.scheduler
    if not hasattr(scheduler, "alphas_cumprod"):
        raise ValueError(
            f"The model's scheduler is a {type(scheduler).__name__}, but these pipelines of "
            f"diffusers know eps and v only: on such a model they cannot be compared."
        )
    return {**scheduler.config, "timestep_spacing": lab.spacing.value}


def ddim_scheduler(
    lab: Lab, *, to_zero: bool = True, noise: bool = False
) -> diffusers.DDIMScheduler:
    """A scheduler of the caller's own.

    `to_zero` ends at sigma = 0, as our own schedule does, instead of at the lowest trained level;
    `noise` is for use inside `predicting_noise`.
    """
    changes: dict[str, object] = {"set_alpha_to_one": to_zero}
    if noise:
        changes["prediction_type"] = "epsilon"
    return diffusers.DDIMScheduler.from_config({**scheduler_settings(lab), **changes})


def pipeline_of(
    lab: Lab, kind: type[diffusers.DiffusionPipeline], **schedulers: object
) -> diffusers.DiffusionPipeline:
    """Another kind of pipeline around the same networks, with schedulers of its own."""
    parts: Mapping[str, object] = {**lab.parts.pipeline.components, **schedulers}
    wanted = inspect.signature(kind.__init__).parameters
    chosen = {name: part for name, part in parts.items() if name in wanted}
    level = diffusers.utils.logging.get_verbosity()
    diffusers.utils.logging.set_verbosity_error()  # else it says that a pipeline is an old one
    try:
        pipeline = kind(**chosen, requires_safety_checker=False)
    finally:
        diffusers.utils.logging.set_verbosity(level)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


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


def run_sdedit(case: Case, setting: Setting, _: Meter) -> Tensor:
    scheduler = ddim_scheduler(case.lab)
    img2img = pipeline_of(case.lab, diffusers.StableDiffusionImg2ImgPipeline, scheduler=scheduler)
    latents = img2img(
        image=case.latents,
        prompt_embeds=case.embedding(case.pair.target),
        negative_prompt_embeds=case.embedding(""),
        strength=setting["strength"],
        guidance_scale=setting["guidance"],
        num_inference_steps=case.lab.steps,
        generator=case.generators(),
        output_type="latent",
    ).images
    return case.decoded(latents)


def run_cycle(case: Case, setting: Setting, _: Meter) -> Tensor:
    scheduler, made = ddim_scheduler(case.lab, to_zero=False, noise=True), []
    cycle = pipeline_of(case.lab, diffusers.CycleDiffusionPipeline, scheduler=scheduler)
    with predicting_noise(case.lab):
        for latent, generator in zip(case.latents.split(1), case.generators(), strict=True):
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


def run_diffedit(case: Case, setting: Setting, meter: Meter) -> Tensor:
    scheduler = ddim_scheduler(case.lab)
    diffedit = pipeline_of(
        case.lab,
        diffusers.StableDiffusionDiffEditPipeline,
        scheduler=scheduler,
        inverse_scheduler=diffusers.DDIMInverseScheduler.from_config(scheduler.config),  # unused
    )
    shared = {"guidance_scale": setting["guidance"], "num_inference_steps": case.lab.steps}
    states, made = visited_states(case.inverted(meter), setting["strength"]), []
    pictures = zip(states.split(1), case.latents.split(1), case.generators(), strict=True)
    for own, latent, generator in pictures:
        mask = diffedit.generate_mask(
            image=latent,
            source_prompt=prompt(case.pair.source),
            target_prompt=prompt(case.pair.target),
            mask_thresholding_ratio=setting["ratio"],
            num_maps_per_mask=MAPS,
            generator=generator,
            output_type="np",
            **shared,
        )
        result = diffedit(
            prompt=prompt(case.pair.target),
            mask_image=torch.from_numpy(mask).float()[:, None],
            image_latents=own,
            inpaint_strength=setting["strength"],
            output_type="latent",
            **shared,
        )
        made.append(result.images)
    return case.decoded(torch.cat(made))


def visited_states(trajectory: Trajectory, strength: float) -> Tensor:
    """[B, n, C, H, W]: the state to start from, then for each later step the one it returns to."""
    begin = int(trajectory.schedule.steps * strength)
    levels = [begin, *reversed(range(begin - 1))]
    states = [
        to_variance_preserving(trajectory.state(t), trajectory.schedule.sigma(t)) for t in levels
    ]
    return torch.stack(states, dim=1)


def run_ledits(case: Case, setting: Setting, _: Meter) -> Tensor:
    chosen = {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}
    solver = diffusers.DPMSolverMultistepScheduler.from_config(
        {**scheduler_settings(case.lab), **chosen}
    )
    ledits = pipeline_of(case.lab, diffusers.LEditsPPPipelineStableDiffusion, scheduler=solver)
    made = []
    with kept_processors(case.lab.parts.pipeline.unet):
        for picture, generator in zip(case.source.split(1), case.generators(), strict=True):
            ledits.invert(
                image=picture,
                num_inversion_steps=case.lab.steps,
                skip=setting["skip"],
                generator=generator,
            )
            result = ledits(
                editing_prompt=[prompt(case.pair.target)],
                edit_guidance_scale=setting["guidance"],
                edit_threshold=setting["threshold"],
                use_intersect_mask=bool(setting["masks"]),
                generator=generator,
                output_type="latent",
            )
            made.append(result.images)
    return case.decoded(torch.cat(made))


SDEDIT = Method(
    name="SDEdit",
    family=Family.RIVAL,
    run=run_sdedit,
    settings=settings(
        "strength guidance",
        *((0.4, 3.0), (0.5, 5.0), (0.6, 5.0), (0.7, 5.0), (0.8, 3.0), (0.9, 5.0)),
    ),
    source="2108.01073",
)
CYCLE = Method(
    name="CycleDiffusion",
    family=Family.RIVAL,
    run=run_cycle,
    settings=settings(
        "strength guidance eta",
        *((0.85, 2.0, 0.1), (1.0, 1.5, 0.1), (1.0, 3.0, 0.1), (1.0, 2.0, 0.5), (1.0, 2.0, 1.0)),
    ),
    source="2210.05559",
)
DIFFEDIT = Method(
    name="DiffEdit",
    family=Family.RIVAL,
    run=run_diffedit,
    settings=settings(
        "guidance strength ratio",
        *((2.0, 1.0, 0.5), (3.0, 1.0, 0.5), (3.0, 1.0, 1.0), (3.0, 0.9, 0.5), (3.0, 0.8, 0.5)),
    ),
    source="2210.11427",
)
LEDITS = Method(
    name="LEDITS++",
    family=Family.RIVAL,
    run=run_ledits,
    settings=settings(
        "guidance skip threshold masks",
        *((1.5, 0.0, 0.0, 0), (3.0, 0.0, 0.0, 0), (3.0, 0.1, 0.0, 0), (3.0, 0.2, 0.0, 0)),
        (3.0, 0.0, 0.3, 1),
    ),
    source="2311.16711",
)
