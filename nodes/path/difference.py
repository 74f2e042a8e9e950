"""The difference path as a node."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ...s2st import (
    DifferenceConfig,
    InversionConfig,
    Schedule,
    Spacing,
    Trajectory,
    difference_path,
    references_of,
)
from ..core.api import CATEGORY, io, output
from ..core.guidance import guidance_input
from ..core.latents import normal_trajectory, packed, picture_of, trajectory_picture, unpacked
from ..core.layout import PictureSize
from ..core.prompts import check_prompt_fits
from ..core.reports import optimisation_report, relative_error, reported
from ..core.run import Recorder, Stage, run_stage
from ..core.settings import STEPS, config_of, setting
from ..core.types import TrajectorySocket, correlation_input, mask_input
from ..core.units import sigma_table
from ..pictures.charts import line_chart
from ..seeds.trajectory import fitted_mask

SPACING = Spacing.TRAILING  # the path begins at the highest noise
DEFAULT_GUIDANCE = 2.0  # both branches cancel what they share, so little of it goes far
BRANCHES = 2  # evaluations of a step: source and target prompt; guidance adds one


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
                io.Model.Input("model", tooltip="Any Stable Diffusion 1.x, 2.x, XL or flow model."),
                TrajectorySocket.Input(
                    "trajectory",
                    optional=True,
                    tooltip="From DDIM Invert, instead of a latent: brings the own noise.",
                ),
                io.Conditioning.Input(
                    "source", tooltip="The source prompt: describe the picture as it is."
                ),
                io.Conditioning.Input(
                    "positive", tooltip="The target prompt: the picture as you want it."
                ),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                guidance_input(
                    "1.5 to 3 suit this node.", DEFAULT_GUIDANCE, "three quarters of the time"
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
                correlation_input(),
                mask_input(),
                io.Latent.Input(
                    "source_latent",
                    optional=True,
                    tooltip="The source pictures, encoded with the VAE.",
                ),
                setting(
                    InversionConfig,
                    "steps",
                    default=STEPS,
                    optional=True,
                    meaning="Steps along the path; a connected trajectory brings its own.",
                ),
                setting(
                    InversionConfig,
                    "spacing",
                    default=SPACING,
                    optional=True,
                    meaning="Which of the model's timesteps are visited; a connected trajectory "
                    "brings its own.",
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
        trajectory=None,
        target_domain=None,
        correlation=None,
        mask=None,
        source_latent=None,
        steps=STEPS,
        spacing=SPACING.value,
    ) -> io.NodeOutput:
        values = {"own_noise": own_noise, "noise_seed": noise_seed, "guided": guided}
        values |= {"iterations": iterations, "learning_rate": learning_rate}
        values |= {"structure_weight": structure_weight, "appearance_weight": appearance_weight}
        values |= {"structure": structure, "neighbours": neighbours, "tolerance": tolerance}
        config = config_of(DifferenceConfig, values)
        check_own_noise(config, trajectory)
        own_schedule = config_of(InversionConfig, {"steps": steps, "spacing": spacing})
        origin = origin_of(model, trajectory, source_latent, own_schedule)
        prompts = {"source": source, "positive": positive, "negative": negative}
        extras = {"target_domain": target_domain, "correlation": correlation, "mask": mask}
        result, recorder = edited(model, origin, prompts, cfg, config, extras)
        return io.NodeOutput(
            packed(model, result, origin.picture),
            line_chart("difference path", {"loss": recorder.losses}, "step"),
            reported(_report(result, origin, recorder, target_domain), model),
        )


@dataclass(frozen=True)
class Origin:
    """Where a path begins, and at which noise levels it runs."""

    latent: Tensor  # in the model's own space
    schedule: Schedule
    picture: PictureSize | None
    trajectory: Trajectory | None = None


def origin_of(model, trajectory: Trajectory | None, latent, config: InversionConfig) -> Origin:
    """From a latent, or from a trajectory, which has its own schedule."""
    if (trajectory is None) == (latent is None):
        count = "no source" if latent is None else "two sources, source_latent and trajectory"
        raise ValueError(
            f"Difference Path has {count}, but needs one: connect the encoded picture to "
            f"source_latent, or DDIM Invert to trajectory."
        )
    if trajectory is None:
        source = unpacked(model, latent, "The source latent")
        return Origin(source, config.schedule(sigma_table(model)), picture_of(latent))
    path = normal_trajectory(model, trajectory, "cpu")
    return Origin(path.source, path.schedule, trajectory_picture(path), path)


def check_own_noise(config: DifferenceConfig, trajectory: Trajectory | None) -> None:
    if config.own_noise > 0 and trajectory is None:
        raise ValueError(
            f"own_noise is {config.own_noise:g}, but without a trajectory there is none: connect "
            f"DDIM Invert to trajectory instead of a latent, or set own_noise to 0."
        )


def edited(
    model,
    origin: Origin,
    prompts: dict[str, list],
    scale: float,
    config: DifferenceConfig,
    extras: dict,
) -> tuple[Tensor, Recorder]:
    """(the translated latent on the CPU, the records of its path)."""
    shape, schedule, recorder = origin.latent.shape, origin.schedule, Recorder()
    domain = extras["target_domain"]
    domain = None if domain is None else unpacked(model, domain, "The target domain")
    check_prompt_fits(model, prompts["source"], "source prompt", shape[0])
    check_prompt_fits(model, prompts["positive"], "target prompt", shape[0])
    check_prompt_fits(model, prompts["negative"], "negative prompt", shape[0])

    def work(stage: Stage) -> Tensor:
        correlation, trajectory = extras["correlation"], origin.trajectory
        return difference_path(
            stage.model,
            origin.latent.to(stage.device),
            schedule,
            stage.prompts["source"],
            stage.target(scale),
            None if domain is None else references_of(domain.to(stage.device)),
            config,
            trajectory=None if trajectory is None else trajectory.to(stage.device),
            eta=None if correlation is None else correlation.eta.clone().to(stage.device),
            mask=fitted_mask(extras["mask"], shape, origin.picture, stage.device),
            on_step=recorder.also(stage.progress.listener("path")),
        ).cpu()

    expected = {"path": expected_evaluations(config, scale, schedule.steps)}
    return run_stage(model, prompts, shape, schedule, expected, work), recorder


def expected_evaluations(config: DifferenceConfig, scale: float, steps: int) -> int:
    """Model evaluations of the whole path."""
    guided = sum(config.guides(index, steps) for index in range(steps)) if scale != 1.0 else 0
    return BRANCHES * steps + guided


def _report(result: Tensor, origin: Origin, recorder: Recorder, domain: dict | None) -> list[str]:
    lines = optimisation_report("difference path", recorder.records)
    if domain is None:
        lines.append("no target domain: only the structure was corrected")
    moved = relative_error(result, origin.latent)
    return [*lines, f"the latent moved by {moved:.2f} of the source's spread"]


NODES = [DifferencePath]
