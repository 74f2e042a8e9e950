"""Trajectory optimisation as a node."""

from __future__ import annotations

from dataclasses import replace

import torch

from ...s2st import Gradient, Trajectory, TrajectoryConfig, optimize_trajectory
from ...s2st.seeds.translate import AFTER_SEED_TRANSLATION
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.domain import domain_input
from ..core.fingerprint import told_apart
from ..core.guidance import evaluations_of_a_step, guidance_input
from ..core.latents import normal_trajectory, packed, trajectory_picture, unpacked_seed
from ..core.reports import optimisation_report, replaced_negative, reported
from ..core.run import Recorder, Stage, check_gradients, run_stage
from ..core.settings import config_of, setting
from ..core.types import (
    NullTextSocket,
    NullTextValue,
    TrajectorySocket,
    correlation_input,
    mask_input,
    regions_input,
)
from ..pictures.charts import line_chart
from .fitted import check_null_text_fits, fitted_to, prompts_with_null_text


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
                io.Conditioning.Input(
                    "negative",
                    tooltip="What to stay away from; may be empty. Null text takes its place.",
                ),
                domain_input("One or more pictures of the target domain, encoded."),
                guidance_input("With null text it must be the one that was made for."),
                setting(TrajectoryConfig, "iterations", advanced=True),
                setting(TrajectoryConfig, "learning_rate"),
                setting(
                    TrajectoryConfig,
                    "structure_weight",
                    default=AFTER_SEED_TRANSLATION.structure_weight,
                ),
                setting(TrajectoryConfig, "appearance_weight"),
                setting(TrajectoryConfig, "start", default=AFTER_SEED_TRANSLATION.start),
                setting(TrajectoryConfig, "end"),
                setting(TrajectoryConfig, "gradient", advanced=True),
                setting(TrajectoryConfig, "reference", advanced=True),
                setting(TrajectoryConfig, "structure", advanced=True),
                setting(TrajectoryConfig, "distance", advanced=True),
                NullTextSocket.Input(
                    "null_text", optional=True, tooltip="Replaces the negative prompt step by step."
                ),
                correlation_input(),
                mask_input(),
                regions_input(),
            ],
            outputs=[
                output(io.Latent, "translated", "The translated pictures, to be decoded."),
                output(io.Image, "chart", "The loss over the steps."),
                output(io.String, "report", "What was done."),
            ],
            **found_by("seed to seed", "sampler", "loss guidance"),
        )

    @classmethod
    def execute(cls, model, trajectory, seed, null_text=None, **given) -> io.NodeOutput:
        config, picture = config_of(TrajectoryConfig, given), trajectory_picture(trajectory)
        check_null_text_fits(model, null_text, trajectory.schedule)
        given = prompts_with_null_text({**given, "null_text": null_text})
        asked = Asked.of(model, given, trajectory.source, picture)
        start = unpacked_seed(model, seed, "The seed", trajectory.schedule)
        latent, recorder, calls = optimised(model, trajectory, start, asked, config, null_text)
        report = optimisation_report("trajectory optimisation", recorder.records)
        report += replaced_negative(null_text) + told_apart(trajectory.facts, model)
        return io.NodeOutput(
            packed(model, latent, picture),
            line_chart("trajectory optimisation", {"loss": recorder.losses}, "step"),
            reported(report, model, calls),
        )


def optimised(
    model,
    trajectory: Trajectory,
    start: torch.Tensor,
    asked: Asked,
    config: TrajectoryConfig,
    null_text: NullTextValue | None,
):
    """(the translated latent on the CPU, its records, the calls it took)."""
    recorder = Recorder()
    exact = config.gradient is Gradient.EXACT and config.iterations > 0

    def work(stage: Stage) -> torch.Tensor:
        path = normal_trajectory(model, trajectory, stage.device)
        if exact:
            check_gradients(stage, path.source)
        return optimize_trajectory(
            stage.model,
            path,
            start.to(stage.device),
            replace(asked.task(stage), latent=path.source),
            config,
            null_text=fitted_to(stage, null_text),
            on_step=recorder.also(stage.progress.listener("trajectory")),
            on_update=stage.on_update,
        ).cpu()

    shape, schedule = trajectory.source.shape, trajectory.schedule
    each = evaluations_of_a_step(asked.scale)
    expected = {"trajectory": config.asks(schedule.steps) * each}
    kept = each if exact else 0
    latent, calls = run_stage(model, asked.prompts, shape, schedule, expected, work, kept)
    return latent, recorder, calls


NODES = [TrajectoryOptimize]
