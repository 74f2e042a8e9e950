"""Interleaved matching after an exemplar, MIDMs, as a node."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from ...s2st import (
    InterleavedConfig,
    InversionConfig,
    Schedule,
    interleaved,
)
from ...s2st.look.drawn import matchings
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.denoiser import Calls
from ..core.features import References, room_for_both
from ..core.guidance import evaluations_of_a_step, guidance_input
from ..core.latents import packed, picture_of, unpacked
from ..core.reports import optimisation_report, relative_error, reported
from ..core.run import Recorder, Stage, run_stage
from ..core.settings import STEPS, config_of, setting
from ..core.shown import check_features
from ..core.types import mask_input
from ..core.units import sigma_table
from ..pictures.charts import line_chart

READ, RUN = "features", "steps"  # parts of the bar


class ExemplarTranslate(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_ExemplarTranslate",
            display_name="S2ST Exemplar Translate",
            category=CATEGORY,
            description="Makes a picture out of an exemplar's own pixels, brought to where the "
            "source has the like of them, and matched again while it forms (MIDMs). S2ST "
            "Difference Path keeps more of the scene and takes the same pictures as its target "
            "domain.",
            inputs=[
                io.Model.Input("model", tooltip="A Stable Diffusion 1.x, 2.x or XL model."),
                io.Conditioning.Input("positive", tooltip="What the exemplar shows."),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                io.Latent.Input("latent", tooltip="The source pictures, encoded with the VAE."),
                io.Latent.Input(
                    "exemplar",
                    tooltip="One or more pictures of the wanted look, encoded; each place is taken "
                    "from the one that fits.",
                ),
                guidance_input("The paper has none.", 1.0),
                setting(InversionConfig, "steps", default=STEPS, meaning="Steps of the schedule."),
                setting(InversionConfig, "spacing", advanced=True),
                setting(InterleavedConfig, "start"),
                setting(InterleavedConfig, "rematches", advanced=True),
                setting(InterleavedConfig, "matched_until", advanced=True),
                setting(InterleavedConfig, "matching"),
                setting(InterleavedConfig, "grain", advanced=True),
                setting(InterleavedConfig, "temperature", advanced=True),
                setting(InterleavedConfig, "stray", advanced=True),
                setting(InterleavedConfig, "iterations", advanced=True),
                setting(InterleavedConfig, "learning_rate", advanced=True),
                setting(InterleavedConfig, "structure", advanced=True),
                setting(InterleavedConfig, "noise_seed"),
                mask_input(),
            ],
            outputs=[
                output(io.Latent, "translated", "The translated pictures, to be decoded."),
                output(io.Image, "chart", "The loss of the source's edges, where they are held."),
                output(io.String, "report", "What was done."),
            ],
            **found_by("style transfer", "reference", "exemplar", "midms"),
        )

    @classmethod
    def execute(cls, model, latent, exemplar, **given) -> io.NodeOutput:
        config, picture = config_of(InterleavedConfig, given), picture_of(latent)
        schedule = config_of(InversionConfig, given).schedule(sigma_table(model))
        source = unpacked(model, latent, "The source latent")
        asked = Asked.of(model, given, source, picture)
        check_features(model, asked.prompts["positive"])
        known = unpacked(model, exemplar, "The exemplar")
        result, recorder, calls = translated(model, asked, known, schedule, config)
        return io.NodeOutput(
            packed(model, result, picture),
            line_chart("interleaved matching", {"loss": recorder.losses}, "step"),
            reported(_report(result, asked, recorder), model, calls),
        )


def translated(
    model, asked: Asked, known: Tensor, schedule: Schedule, config: InterleavedConfig
) -> tuple[Tensor, Recorder, Calls]:
    """(the translated latent on the CPU, the records of its steps, the calls it took)."""
    recorder, steps = Recorder(), config.begun(schedule).steps
    references = References(model, asked.prompts["positive"], known)
    asks = steps * evaluations_of_a_step(asked.scale) + max(1, matchings(config, steps))
    expected = {READ: references.evaluations, RUN: asks}
    first, *sizes = room_for_both(asked.latent, known)
    shape = (max(first, len(asked.latent)), *sizes)

    def work(stage: Stage) -> Tensor:
        exemplars = references.exemplars(stage, stage.prompts["positive"])
        return interleaved(
            stage.model,
            replace(asked.task(stage), exemplars=exemplars),
            schedule,
            config,
            on_step=recorder.also(stage.progress.listener(RUN)),
            on_update=stage.on_update,
        ).cpu()

    latent, calls = run_stage(model, asked.prompts, shape, schedule, expected, work)
    return latent, recorder, calls


def _report(result: Tensor, asked: Asked, recorder: Recorder) -> list[str]:
    lines = optimisation_report("interleaved matching", recorder.records)
    moved = relative_error(result, asked.latent)
    return [*lines, f"the latent moved by {moved:.2f} of the source's spread"]


NODES = [ExemplarTranslate]
