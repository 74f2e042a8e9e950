"""The difference path, the default, as a node."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from ...s2st import DifferenceConfig, InversionConfig, Schedule, difference_path
from ...s2st.path.difference_path import DEFAULT_GUIDANCE
from ...s2st.path.settings import PathSettings, expected_evaluations
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.denoiser import Calls
from ..core.domain import domain_input
from ..core.features import References, room_for_both
from ..core.guidance import guidance_input
from ..core.latents import packed, picture_of, unpacked
from ..core.progress import Progress
from ..core.reports import optimisation_report, relative_error, reported
from ..core.run import Recorder, Stage, run_stage
from ..core.settings import config_of, setting
from ..core.shown import unshown
from ..core.types import correlation_input, mask_input, regions_input
from ..core.units import sigma_table
from ..pictures.charts import line_chart
from .presets import preset_input, under_preset

READ, PATH = "references", "path"  # parts of the bar: their features are read, the path is run


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
                io.Conditioning.Input(
                    "source", tooltip="The source prompt: describe the picture as it is."
                ),
                io.Conditioning.Input(
                    "positive", tooltip="The target prompt: the picture as you want it."
                ),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                io.Latent.Input("latent", tooltip="The source pictures, encoded with the VAE."),
                guidance_input(
                    "1.5 to 3 suit this node.", DEFAULT_GUIDANCE, "four fifths of the time"
                ),
                setting(PathSettings, "steps"),
                setting(PathSettings, "spacing", advanced=True),
                setting(DifferenceConfig, "guided"),
                setting(DifferenceConfig, "iterations", advanced=True),
                setting(DifferenceConfig, "learning_rate", advanced=True),
                setting(DifferenceConfig, "structure_weight"),
                setting(DifferenceConfig, "appearance_weight"),
                setting(DifferenceConfig, "structure", advanced=True),
                setting(DifferenceConfig, "neighbours", advanced=True),
                setting(DifferenceConfig, "tolerance"),
                setting(DifferenceConfig, "noise_seed"),
                domain_input(
                    "A batch of pictures of the target domain, encoded; without it only the "
                    "structure is corrected.",
                    optional=True,
                ),
                correlation_input(),
                mask_input(),
                preset_input(),
                regions_input(),
                setting(DifferenceConfig, "first_draws", optional=True, advanced=True),
                setting(DifferenceConfig, "matching", optional=True),
                setting(DifferenceConfig, "grain", optional=True),
                setting(DifferenceConfig, "temperature", optional=True),
                setting(DifferenceConfig, "matched_until", optional=True, advanced=True),
                setting(DifferenceConfig, "rematches", optional=True, advanced=True),
                setting(DifferenceConfig, "stray", optional=True, advanced=True),
            ],
            outputs=[
                output(io.Latent, "translated", "The translated pictures, to be decoded."),
                output(io.Image, "chart", "The loss over the steps."),
                output(io.String, "report", "What was done."),
            ],
            **found_by("day to night", "relight", "weather", "season", "img2img"),
        )

    @classmethod
    def execute(cls, model, latent, **given) -> io.NodeOutput:
        given, told = under_preset(model, given)
        config, picture = config_of(DifferenceConfig, given), picture_of(latent)
        schedule = config_of(InversionConfig, given).schedule(sigma_table(model))
        source = unpacked(model, latent, "The source latent")
        asked = Asked.of(model, given, source, picture)
        result, recorder, calls = edited(model, asked, schedule, config)
        return io.NodeOutput(
            packed(model, result, picture),
            line_chart("difference path", {"loss": recorder.losses}, "step"),
            reported(
                [*told, *done_lines(result, asked, recorder), *matched_line(model, asked, config)],
                model,
                calls,
            ),
        )


def edited(
    model,
    asked: Asked,
    schedule: Schedule,
    config: DifferenceConfig,
    progress: Progress | None = None,
    part: str = PATH,
) -> tuple[Tensor, Recorder, Calls]:
    """(the translated latent on the CPU, the records of its path, the calls it took).

    Several paths under one bar are given its `progress` and each its own `part` of it.
    """
    recorder, matched = Recorder(), matched_with(model, asked, config)

    def work(stage: Stage) -> Tensor:
        task = asked.task(stage)
        if matched is not None:
            task = replace(task, exemplars=matched.exemplars(stage, stage.prompts["positive"]))
        return difference_path(
            stage.model,
            task,
            schedule,
            config,
            on_step=recorder.also(stage.progress.listener(part)),
            on_update=stage.on_update,
        ).cpu()

    expected, shape = bar(asked, config, schedule.steps, matched, part), tuple(asked.latent.shape)
    if matched is not None:
        first, *sizes = room_for_both(asked.latent, matched.latents)
        shape = (max(first, len(asked.latent)), *sizes)
    latent, calls = run_stage(
        model, asked.prompts, shape, schedule, expected, work, progress=progress
    )
    return latent, recorder, calls


def bar(
    asked: Asked,
    config: DifferenceConfig,
    steps: int,
    matched: References | None,
    part: str = PATH,
) -> dict[str, int]:
    """The parts of a path's bar, and the evaluations that each is expected to take."""
    asks = {part: expected_evaluations(config, asked.scale, steps, matched is not None)}
    return asks if matched is None else {READ: matched.evaluations, **asks}


def matched_with(model, asked: Asked, config: DifferenceConfig) -> References | None:
    """What the source's places are matched with, where it is asked for and can be done."""
    prompt, domain = asked.prompts["positive"], asked.domain
    if domain is None or domain.latents is None or not config.matching or unshown(model, prompt):
        return None
    return References(model, prompt, domain.latents, domain.features)


def matched_line(model, asked: Asked, config: DifferenceConfig) -> list[str]:
    """Whether places are matched, and why not where that was asked for."""
    if asked.domain is None or not config.matching:
        return []
    why = unshown(model, asked.prompts["positive"])
    if not why and asked.domain.latents is None:
        why = "The look was kept without features: make it again with model and positive connected."
    if why:
        return [f"note: places of the target domain are not matched. {why}"]
    return ["each place is drawn to its like in the target domain"]


def done_lines(result: Tensor, asked: Asked, recorder: Recorder) -> list[str]:
    """What a path did."""
    lines = optimisation_report("difference path", recorder.records)
    if asked.domain is None:
        lines.append("no target domain: only the structure was corrected")
    moved = relative_error(result, asked.latent)
    return [*lines, f"the latent moved by {moved:.2f} of the source's spread"]


NODES = [DifferencePath]
