"""Plain sampling from a seed as a node."""

from __future__ import annotations

import torch

from ...s2st import InversionConfig, Schedule, sample
from ..core.api import CATEGORY, found_by, io, output
from ..core.fingerprint import told_apart
from ..core.guidance import evaluations_of_a_step, guidance_input
from ..core.latents import check_same_model, packed, picture_of, trajectory_picture, unpacked_seed
from ..core.prompts import check_prompt_fits
from ..core.reports import replaced_negative, reported
from ..core.run import Stage, run_stage
from ..core.settings import STEPS, config_of, setting
from ..core.types import NullTextSocket, NullTextValue, TrajectorySocket
from ..core.units import sigma_table
from .fitted import check_null_text_fits, fitted_to, prompts_with_null_text


class SampleSeed(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_SampleSeed",
            display_name="S2ST Sample Seed",
            category=CATEGORY,
            description="Plain DDIM sampling from a seed, or from a trajectory's own seed.",
            inputs=[
                io.Model.Input("model", tooltip="The model the seed was made with."),
                io.Conditioning.Input("positive", tooltip="What to sample."),
                io.Conditioning.Input(
                    "negative",
                    tooltip="What to stay away from; may be empty. Null text takes its place.",
                ),
                guidance_input(""),
                setting(InversionConfig, "steps", default=STEPS),
                setting(InversionConfig, "spacing", advanced=True),
                io.Latent.Input(
                    "seed", optional=True, tooltip="From DDIM Invert or Seed Translate."
                ),
                TrajectorySocket.Input(
                    "trajectory",
                    optional=True,
                    tooltip="Its own seed where none is connected; its noise levels replace steps "
                    "and spacing.",
                ),
                NullTextSocket.Input(
                    "null_text", optional=True, tooltip="Replaces the negative prompt step by step."
                ),
            ],
            outputs=[
                output(io.Latent, "latent", "The sampled pictures, to be decoded."),
                output(io.String, "report", "What was done."),
            ],
            **found_by("ksampler", "resample", "sampler"),
        )

    @classmethod
    def execute(cls, model, cfg, seed=None, trajectory=None, null_text=None, **given):
        if trajectory is not None:
            schedule = trajectory.schedule
        else:
            schedule = config_of(InversionConfig, given).schedule(sigma_table(model))
        start, picture = _start(model, seed, trajectory, schedule)
        check_null_text_fits(model, null_text, schedule)
        given = prompts_with_null_text({**given, "null_text": null_text})
        prompts = {name: given[name] for name in ("positive", "negative")}
        latent, calls = sampled(model, start, schedule, prompts, cfg, null_text)
        report = [
            f"sampled in {schedule.steps} steps from sigma {schedule.sigmas[0]:.2f}",
            *replaced_negative(null_text),
            *([] if trajectory is None else told_apart(trajectory.facts, model)),
        ]
        return io.NodeOutput(packed(model, latent, picture), reported(report, model, calls))


def _start(model, seed, trajectory, schedule: Schedule):
    """(the seed in variance-preserving units, the picture's size before padding)."""
    if seed is not None:
        start = unpacked_seed(model, seed, "The seed", schedule)
        picture = picture_of(seed)
    elif trajectory is not None:
        check_same_model("The trajectory", trajectory.facts.get("model"), model)
        start, picture = trajectory.seed.clone(), trajectory_picture(trajectory)
    else:
        raise ValueError(
            "Neither a seed nor a trajectory is connected, but one of them is needed: connect "
            "DDIM Invert or Seed Translate."
        )
    if trajectory is not None and start.shape != trajectory.source.shape:
        raise ValueError(
            f"The seed has shape {tuple(start.shape)}, but the trajectory has "
            f"{tuple(trajectory.source.shape)}: make both from the same picture."
        )
    return start, picture


def sampled(model, start, schedule, prompts, scale: float, null_text: NullTextValue | None):
    """(the clean latent on the CPU, the calls it took)."""
    check_prompt_fits(model, prompts["positive"], "target prompt", len(start))
    check_prompt_fits(model, prompts["negative"], "negative prompt", len(start))

    def work(stage: Stage) -> torch.Tensor:
        target, fitted = stage.target(scale), fitted_to(stage, null_text)
        steps = target if fitted is None else fitted.prompts(target)
        listen = stage.progress.listener("sampling")
        return sample(stage.model, start.to(stage.device), steps, schedule, listen).cpu()

    expected = {"sampling": schedule.steps * evaluations_of_a_step(scale)}
    return run_stage(model, prompts, start.shape, schedule, expected, work)


NODES = [SampleSeed]
