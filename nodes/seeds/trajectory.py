"""Trajectory optimisation as a node."""

from __future__ import annotations

import torch

from ...s2st import Gradient, Trajectory, TrajectoryConfig, domain_statistics, optimize_trajectory
from ..core.api import CATEGORY, io, output
from ..core.guidance import guidance_input
from ..core.latents import (
    normal_trajectory,
    packed,
    trajectory_picture,
    unpacked,
    unpacked_seed,
)
from ..core.layout import PictureSize, mask_for_latent
from ..core.prompts import check_prompt_fits
from ..core.reports import optimisation_report, reported
from ..core.run import Recorder, Stage, check_gradients, run_stage
from ..core.settings import config_of, setting
from ..core.types import NullTextSocket, TrajectorySocket, correlation_input, mask_input
from ..pictures.charts import line_chart
from .seed import GUIDED, check_null_text_fits, fitted_to, prompts_with_null_text


class TrajectoryOptimize(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_TrajectoryOptimize",
            display_name="S2ST Trajectory Optimize",
            category=CATEGORY,
            description="Samples from a seed with the target prompt and corrects every step, so "
            "that the source's structure and the target domain's look are both kept.",
            inputs=[
                io.Model.Input("model", tooltip="The model the trajectory was made with."),
                TrajectorySocket.Input("trajectory", tooltip="From DDIM Invert."),
                io.Latent.Input("seed", tooltip="From Seed Translate or DDIM Invert."),
                io.Conditioning.Input(
                    "positive", tooltip="The target prompt: the picture as you want it."
                ),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                io.Latent.Input(
                    "target_domain", tooltip="One or more pictures of the target domain, encoded."
                ),
                guidance_input("With null text it must be the one that was made for."),
                setting(TrajectoryConfig, "iterations"),
                setting(TrajectoryConfig, "learning_rate"),
                setting(TrajectoryConfig, "structure_weight"),
                setting(TrajectoryConfig, "appearance_weight"),
                setting(TrajectoryConfig, "start"),
                setting(TrajectoryConfig, "end"),
                setting(TrajectoryConfig, "gradient"),
                setting(TrajectoryConfig, "reference"),
                setting(TrajectoryConfig, "structure"),
                setting(TrajectoryConfig, "distance"),
                NullTextSocket.Input(
                    "null_text", optional=True, tooltip="Replaces the negative prompt step by step."
                ),
                correlation_input(),
                mask_input(),
            ],
            outputs=[
                output(io.Latent, "latent", "The translated pictures, to be decoded."),
                output(io.Image, "chart", "The loss over the steps."),
                output(io.String, "report", "What was done."),
            ],
        )

    @classmethod
    def execute(
        cls,
        model,
        trajectory,
        seed,
        positive,
        negative,
        target_domain,
        cfg,
        iterations,
        learning_rate,
        structure_weight,
        appearance_weight,
        start,
        end,
        gradient,
        reference,
        structure,
        distance,
        null_text=None,
        correlation=None,
        mask=None,
    ) -> io.NodeOutput:
        values = {"iterations": iterations, "learning_rate": learning_rate}
        values |= {"structure_weight": structure_weight, "appearance_weight": appearance_weight}
        values |= {"start": start, "end": end, "gradient": gradient, "reference": reference}
        values |= {"structure": structure, "distance": distance}
        config = config_of(TrajectoryConfig, values)
        check_null_text_fits(model, null_text, trajectory.schedule)
        prompts = prompts_with_null_text(positive, negative, null_text)
        extras = {"null_text": null_text, "correlation": correlation, "mask": mask}
        latent, recorder = optimised(
            model, trajectory, seed, prompts, target_domain, cfg, config, extras
        )
        return io.NodeOutput(
            packed(model, latent, trajectory_picture(trajectory)),
            line_chart("trajectory optimisation", {"loss": recorder.losses}, "step"),
            reported(optimisation_report("trajectory optimisation", recorder.records), model),
        )


def optimised(
    model,
    trajectory: Trajectory,
    seed: dict,
    prompts: dict[str, list],
    target_domain: dict,
    scale: float,
    config: TrajectoryConfig,
    extras: dict,
):
    """(the translated latent on the CPU, the records of its optimisation)."""
    shape, recorder = trajectory.source.shape, Recorder()
    start = unpacked_seed(model, seed, "The seed")
    references = unpacked(model, target_domain, "The target domain")
    check_prompt_fits(model, prompts["positive"], "target prompt", shape[0])
    check_prompt_fits(model, prompts["negative"], "negative prompt", shape[0])
    exact = config.gradient is Gradient.EXACT and config.iterations > 0

    def work(stage: Stage) -> torch.Tensor:
        path = normal_trajectory(model, trajectory, stage.device)
        if exact:
            check_gradients(stage, path)
        null_text, correlation = extras["null_text"], extras["correlation"]
        return optimize_trajectory(
            stage.model,
            path,
            start.to(stage.device),
            stage.target(scale),
            domain_statistics(references.to(stage.device)),
            config,
            null_text=None if null_text is None else fitted_to(stage, null_text),
            eta=None if correlation is None else correlation.eta.clone().to(stage.device),
            mask=fitted_mask(extras["mask"], shape, trajectory_picture(trajectory), stage.device),
            on_step=recorder.also(stage.progress.listener("trajectory")),
        ).cpu()

    per_step = GUIDED if scale != 1.0 else 1
    passes = 1 + (2 * config.iterations if exact else 0)
    expected = {"trajectory": trajectory.schedule.steps * per_step * passes}
    latent = run_stage(model, prompts, shape, trajectory.schedule, expected, work, gradients=exact)
    return latent, recorder


def fitted_mask(
    mask, shape: tuple[int, ...], picture: PictureSize | None, device: torch.device
) -> torch.Tensor | None:
    """A MASK as latents of this shape need it."""
    if mask is None:
        return None
    batch, _, height, width = shape
    return mask_for_latent(mask, batch, (height, width), picture).to(device)


NODES = [TrajectoryOptimize]
