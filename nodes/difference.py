"""The difference path as a node."""

from __future__ import annotations

import torch

from ..s2st import DifferenceConfig, Trajectory, difference_path, references_of
from .api import CATEGORY, io, output
from .charts import line_chart
from .guidance import guidance_input
from .latents import check_same_model, normal_trajectory, packed, trajectory_picture, unpacked
from .prompts import check_prompt_fits
from .reports import optimisation_report, relative_error, reported
from .run import Recorder, Stage, run_stage
from .settings import config_of, setting
from .trajectory import trajectory_mask
from .types import CorrelationSocket, TrajectorySocket

DEFAULT_GUIDANCE = 2.5  # both branches cancel what they share, so little of it goes far
BRANCHES = 2  # evaluations of a step: the source prompt and the target prompt; guidance adds one


class DifferencePath(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_DifferencePath",
            display_name="S2ST Difference Path",
            category=CATEGORY,
            description="Edits the picture itself along the difference between the source and the "
            "target prompt, so that what they share stays, and corrects every step towards the "
            "source's structure and the target domain's look.",
            inputs=[
                io.Model.Input("model", tooltip="The model the trajectory was made with."),
                TrajectorySocket.Input("trajectory", tooltip="From DDIM Invert."),
                io.Conditioning.Input(
                    "source", tooltip="The source prompt, the same as in DDIM Invert."
                ),
                io.Conditioning.Input(
                    "positive", tooltip="The target prompt: the picture as you want it."
                ),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                guidance_input(
                    "2 to 3 suit this node.", DEFAULT_GUIDANCE, "three quarters of the time"
                ),
                setting(DifferenceConfig, "own_noise"),
                setting(DifferenceConfig, "noise_seed"),
                setting(DifferenceConfig, "guided"),
                setting(DifferenceConfig, "iterations"),
                setting(DifferenceConfig, "learning_rate"),
                setting(DifferenceConfig, "structure_weight"),
                setting(DifferenceConfig, "appearance_weight"),
                setting(DifferenceConfig, "structure"),
                setting(DifferenceConfig, "neighbours"),
                setting(DifferenceConfig, "tolerance"),
                io.Latent.Input(
                    "target_domain",
                    optional=True,
                    tooltip="A batch of pictures of the target domain, encoded; without it only "
                    "the structure is corrected.",
                ),
                CorrelationSocket.Input(
                    "correlation", optional=True, tooltip="Channel weights; without it all alike."
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="White may change, black stays the source; any size.",
                ),
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
        source,
        positive,
        negative,
        cfg,
        own_noise,
        noise_seed,
        guided,
        iterations,
        learning_rate,
        structure_weight,
        appearance_weight,
        structure,
        neighbours,
        tolerance,
        target_domain=None,
        correlation=None,
        mask=None,
    ) -> io.NodeOutput:
        values = {"own_noise": own_noise, "noise_seed": noise_seed, "guided": guided}
        values |= {"iterations": iterations, "learning_rate": learning_rate}
        values |= {"structure_weight": structure_weight, "appearance_weight": appearance_weight}
        values |= {"structure": structure, "neighbours": neighbours, "tolerance": tolerance}
        config = config_of(DifferenceConfig, values)
        prompts = {"source": source, "positive": positive, "negative": negative}
        extras = {"target_domain": target_domain, "correlation": correlation, "mask": mask}
        latent, recorder = edited(model, trajectory, prompts, cfg, config, extras)
        return io.NodeOutput(
            packed(model, latent, trajectory_picture(trajectory)),
            line_chart("difference path", {"loss": recorder.losses}, "step"),
            reported(_report(latent, trajectory, recorder, target_domain), model),
        )


def edited(
    model,
    trajectory: Trajectory,
    prompts: dict[str, list],
    scale: float,
    config: DifferenceConfig,
    extras: dict,
):
    """(the translated latent on the CPU, the records of its path)."""
    shape, recorder = trajectory.source.shape, Recorder()
    check_same_model("The trajectory", trajectory.facts.get("model"), model)
    domain = extras["target_domain"]
    domain = None if domain is None else unpacked(model, domain, "The target domain")
    check_prompt_fits(model, prompts["source"], "source prompt", shape[0])
    check_prompt_fits(model, prompts["positive"], "target prompt", shape[0])
    check_prompt_fits(model, prompts["negative"], "negative prompt", shape[0])

    def work(stage: Stage) -> torch.Tensor:
        correlation = extras["correlation"]
        return difference_path(
            stage.model,
            normal_trajectory(model, trajectory, stage.device),
            stage.prompts["source"],
            stage.target(scale),
            None if domain is None else references_of(domain.to(stage.device)),
            config,
            eta=None if correlation is None else correlation.eta.clone().to(stage.device),
            mask=trajectory_mask(extras["mask"], trajectory, stage.device),
            on_step=recorder.also(stage.progress.listener("path")),
        ).cpu()

    schedule = trajectory.schedule
    expected = {"path": expected_evaluations(config, scale, schedule.steps)}
    return run_stage(model, prompts, shape, schedule, expected, work), recorder


def expected_evaluations(config: DifferenceConfig, scale: float, steps: int) -> int:
    """Model evaluations of the whole path."""
    guided = sum(config.guides(index, steps) for index in range(steps)) if scale != 1.0 else 0
    return BRANCHES * steps + guided


def _report(
    latent: torch.Tensor, trajectory: Trajectory, recorder: Recorder, domain: dict | None
) -> list[str]:
    lines = optimisation_report("difference path", recorder.records)
    if domain is None:
        lines.append("no target domain: only the structure was corrected")
    moved = relative_error(latent, trajectory.source.cpu())
    return [*lines, f"the latent moved by {moved:.2f} of the source's spread"]


NODES = [DifferencePath]
