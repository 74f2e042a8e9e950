"""Seed translation and plain sampling from a seed as nodes."""

from __future__ import annotations

import torch

from ...s2st import (
    InversionConfig,
    NullText,
    SeedConfig,
    Trajectory,
    domain_statistics,
    sample,
    translate_seed,
)
from ...s2st.model.parameterization import from_variance_preserving
from ..core.api import CATEGORY, io, output
from ..core.guidance import guidance_input
from ..core.latents import (
    check_same_model,
    normal_trajectory,
    packed,
    packed_seed,
    picture_of,
    trajectory_picture,
    unpacked,
    unpacked_seed,
)
from ..core.prompts import check_prompt_fits
from ..core.reports import optimisation_report, reported, seed_line
from ..core.run import Recorder, Stage, check_gradients, run_stage
from ..core.settings import STEPS, config_of, setting
from ..core.types import NullTextSocket, NullTextValue, TrajectorySocket, correlation_input
from ..core.units import core_sigmas, initial_noise, sigma_table, to_model_space
from ..pictures.charts import line_chart

GUIDED = 2  # evaluations of a guided step


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
                io.Latent.Input(
                    "target_domain", tooltip="One or more pictures of the target domain, encoded."
                ),
                setting(SeedConfig, "iterations"),
                setting(SeedConfig, "learning_rate"),
                setting(SeedConfig, "structure_weight"),
                setting(SeedConfig, "appearance_weight"),
                setting(SeedConfig, "lookahead"),
                guidance_input("In the lookahead.", default=1.0),
                setting(SeedConfig, "keep_shell"),
                setting(SeedConfig, "structure"),
                setting(SeedConfig, "distance"),
                correlation_input(),
            ],
            outputs=[
                output(io.Latent, "seed", "The translated seed."),
                output(io.Noise, "noise", "The same seed for SamplerCustomAdvanced."),
                output(io.Image, "chart", "The loss over the iterations."),
                output(io.String, "report", "What was done."),
                output(io.Sigmas, "sigmas", "The trajectory's noise levels."),
            ],
        )

    @classmethod
    def execute(
        cls,
        model,
        trajectory,
        positive,
        negative,
        target_domain,
        iterations,
        learning_rate,
        structure_weight,
        appearance_weight,
        lookahead,
        cfg,
        keep_shell,
        structure,
        distance,
        correlation=None,
    ) -> io.NodeOutput:
        values = {"iterations": iterations, "learning_rate": learning_rate}
        values |= {"structure_weight": structure_weight, "appearance_weight": appearance_weight}
        values |= {"lookahead": lookahead, "keep_shell": keep_shell}
        values |= {"structure": structure, "distance": distance}
        config = config_of(SeedConfig, values)
        prompts = {"positive": positive, "negative": negative}
        seed, recorder = translated_seed(
            model, trajectory, prompts, target_domain, cfg, config, correlation
        )
        schedule, picture = trajectory.schedule, trajectory_picture(trajectory)
        report = optimisation_report("seed translation", recorder.records)
        return io.NodeOutput(
            packed_seed(model, seed, schedule, picture),
            SeedNoise(model, seed, schedule.sigmas[0]),
            line_chart("seed translation", {"loss": recorder.losses}, "iteration"),
            reported([*report, seed_line(seed)], model),
            core_sigmas(model, schedule.sigmas),
        )


def translated_seed(
    model, trajectory: Trajectory, prompts, target_domain, scale, config: SeedConfig, correlation
):
    """(the seed in variance-preserving units on the CPU, the records of its optimisation)."""
    shape, recorder = trajectory.source.shape, Recorder()
    references = unpacked(model, target_domain, "The target domain")
    check_prompt_fits(model, prompts["positive"], "target prompt", shape[0])
    check_prompt_fits(model, prompts["negative"], "negative prompt", shape[0])

    def work(stage: Stage) -> torch.Tensor:
        path = normal_trajectory(model, trajectory, stage.device)
        if config.iterations > 0:
            check_gradients(stage, path)
        domain = domain_statistics(references.to(stage.device))
        eta = None if correlation is None else correlation.eta.clone().to(stage.device)
        listen = recorder.also(stage.progress.listener("seed"))
        target = stage.target(scale)
        return translate_seed(stage.model, path, target, domain, config, eta, listen).cpu()

    per_step = GUIDED if scale != 1.0 else 1
    # Each evaluation of the lookahead is run once forward and once more on the way back.
    expected = {"seed": max(1, config.iterations * config.lookahead * per_step * 2)}
    seed = run_stage(
        model, prompts, shape, trajectory.schedule, expected, work, gradients=config.iterations > 0
    )
    return seed, recorder


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
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                guidance_input(""),
                setting(InversionConfig, "steps", default=STEPS),
                setting(InversionConfig, "spacing"),
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
            outputs=[output(io.Latent, "latent", "The sampled pictures, to be decoded.")],
        )

    @classmethod
    def execute(
        cls,
        model,
        positive,
        negative,
        cfg,
        steps,
        spacing,
        seed=None,
        trajectory=None,
        null_text=None,
    ) -> io.NodeOutput:
        start, picture = _start(model, seed, trajectory)
        if trajectory is not None:
            schedule = trajectory.schedule
        else:
            config = config_of(InversionConfig, {"steps": steps, "spacing": spacing})
            schedule = config.schedule(sigma_table(model))
        check_null_text_fits(model, null_text, schedule)
        prompts = prompts_with_null_text(positive, negative, null_text)
        latent = sampled(model, start, schedule, prompts, cfg, null_text)
        return io.NodeOutput(packed(model, latent, picture))


def _start(model, seed, trajectory):
    """(the seed in variance-preserving units, the picture's size before padding)."""
    if seed is not None:
        start, picture = unpacked_seed(model, seed, "The seed"), picture_of(seed)
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
    """The clean latent on the CPU."""
    check_prompt_fits(model, prompts["positive"], "target prompt", len(start))
    check_prompt_fits(model, prompts["negative"], "negative prompt", len(start))

    def work(stage: Stage) -> torch.Tensor:
        target = stage.target(scale)
        steps = target
        if null_text is not None:
            steps = fitted_to(stage, null_text).prompts(target)
        listen = stage.progress.listener("sampling")
        return sample(stage.model, start.to(stage.device), steps, schedule, listen).cpu()

    expected = {"sampling": schedule.steps * (GUIDED if scale != 1.0 else 1)}
    return run_stage(model, prompts, start.shape, schedule, expected, work)


def prompts_with_null_text(positive, negative, null_text: NullTextValue | None) -> dict[str, list]:
    """The session's prompts; null text brings the CONDITIONING its embeddings belong to."""
    return {"positive": positive, "negative": negative if null_text is None else null_text.base}


def fitted_to(stage: Stage, null_text: NullTextValue) -> NullText:
    """Null text whose embeddings stand for this session's negative prompt."""
    return null_text.rebuilt(stage.prompts["negative"])


def check_null_text_fits(model, null_text: NullTextValue | None, schedule) -> None:
    """Refuse null text of another model or of other noise levels."""
    if null_text is None:
        return
    check_same_model("The null text", null_text.model, model)
    if null_text.schedule != schedule:
        raise ValueError(
            f"The null text was made for {null_text.schedule.steps} steps from sigma "
            f"{null_text.schedule.sigmas[0]:.2f}, but the run has {schedule.steps} from "
            f"{schedule.sigmas[0]:.2f}: use the trajectory the null text was made with."
        )


NODES = [SeedTranslate, SampleSeed]
