"""Seed translation as a node."""

from __future__ import annotations

from dataclasses import replace

import torch

from ...s2st import SeedConfig, Trajectory, translate_seed
from ...s2st.model.parameterization import from_variance_preserving
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.domain import domain_input
from ..core.fingerprint import told_apart
from ..core.guidance import evaluations_of_a_step, guidance_input
from ..core.latents import normal_trajectory, packed_seed, trajectory_picture
from ..core.reports import optimisation_report, reported, seed_line
from ..core.run import Recorder, Stage, check_gradients, run_stage
from ..core.settings import config_of, setting
from ..core.types import TrajectorySocket, correlation_input, regions_input
from ..core.units import core_sigmas, initial_noise, to_model_space
from ..pictures.charts import line_chart


class SeedTranslate(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_SeedTranslate",
            display_name="S2ST Seed Translate",
            category=CATEGORY,
            description="Moves the inverted seed so that what it grows into keeps the source's "
            "structure and takes the target domain's look.",
            inputs=[
                io.Model.Input("model", tooltip="The model the trajectory was made with."),
                TrajectorySocket.Input("trajectory", tooltip="From DDIM Invert."),
                io.Conditioning.Input(
                    "positive", tooltip="The target prompt: the picture as you want it."
                ),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                domain_input("One or more pictures of the target domain, encoded."),
                setting(SeedConfig, "iterations"),
                setting(SeedConfig, "learning_rate"),
                setting(SeedConfig, "structure_weight"),
                setting(SeedConfig, "appearance_weight"),
                setting(SeedConfig, "lookahead", advanced=True),
                guidance_input("In the lookahead.", default=1.0),
                setting(SeedConfig, "keep_shell", advanced=True),
                setting(SeedConfig, "structure", advanced=True),
                setting(SeedConfig, "distance", advanced=True),
                correlation_input(),
                regions_input(),
            ],
            outputs=[
                output(io.Latent, "seed", "The translated seed."),
                output(io.Noise, "noise", "The same seed for SamplerCustomAdvanced."),
                output(io.Image, "chart", "The loss over the iterations."),
                output(io.String, "report", "What was done."),
                output(io.Sigmas, "sigmas", "The trajectory's noise levels."),
            ],
            **found_by("seed to seed", "noise optimisation", "initial noise"),
        )

    @classmethod
    def execute(cls, model, trajectory, **given) -> io.NodeOutput:
        config, picture = config_of(SeedConfig, given), trajectory_picture(trajectory)
        asked = Asked.of(model, given, trajectory.source, picture)
        seed, recorder, calls = translated_seed(model, trajectory, asked, config)
        schedule = trajectory.schedule
        report = optimisation_report("seed translation", recorder.records)
        notes = told_apart(trajectory.facts, model)
        return io.NodeOutput(
            packed_seed(model, seed, schedule, picture),
            SeedNoise(model, seed, schedule.sigmas[0]),
            line_chart("seed translation", {"loss": recorder.losses}, "iteration"),
            reported([*report, seed_line(seed), *notes], model, calls),
            core_sigmas(model, schedule.sigmas),
        )


def translated_seed(model, trajectory: Trajectory, asked: Asked, config: SeedConfig):
    """(the seed in variance-preserving units on the CPU, its records, the calls it took)."""
    recorder, updates = Recorder(), config.iterations > 0

    def work(stage: Stage) -> torch.Tensor:
        path = normal_trajectory(model, trajectory, stage.device)
        if updates:
            check_gradients(stage, path.source)
        listen = recorder.also(stage.progress.listener("seed"))
        task = replace(asked.task(stage), latent=path.source)
        return translate_seed(stage.model, path, task, config, on_step=listen).cpu()

    each = config.lookahead * evaluations_of_a_step(asked.scale)
    expected = {"seed": max(1, config.iterations * each)}
    shape, schedule = trajectory.source.shape, trajectory.schedule
    kept = each if updates else 0
    seed, calls = run_stage(model, asked.prompts, shape, schedule, expected, work, kept)
    return seed, recorder, calls


class SeedNoise:
    """The core's NOISE: whatever the core adds to the latent, sampling starts at our seed."""

    def __init__(self, model, seed: torch.Tensor, sigma: float) -> None:
        self.seed = 0  # the core asks for it; no randomness is left here
        self._model, self._sigma = model, sigma
        self._state = from_variance_preserving(seed, sigma)

    def generate_noise(self, input_latent: dict) -> torch.Tensor:
        clean = input_latent["samples"]
        if clean.shape != self._state.shape:
            raise ValueError(
                f"The latent has shape {tuple(clean.shape)}, but the seed has "
                f"{tuple(self._state.shape)}: connect the source latent or an empty one of its "
                f"size and batch."
            )
        shifted = torch.count_nonzero(clean) > 0  # the core leaves an empty latent alone
        clean = to_model_space(self._model, clean) if shifted else torch.zeros_like(self._state)
        return initial_noise(self._model, self._state, self._sigma, clean)


NODES = [SeedTranslate]
