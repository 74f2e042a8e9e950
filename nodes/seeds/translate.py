"""The paper's whole method in one node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from ...s2st import (
    Gradient,
    InversionConfig,
    Look,
    NullTextConfig,
    NullTextMethod,
    SeedConfig,
    Stages,
    TrajectoryConfig,
    Translation,
    translate,
)
from ...s2st.seeds.translate import AFTER_SEED_TRANSLATION
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.denoiser import Calls
from ..core.domain import domain_input, domain_of
from ..core.guidance import evaluations_of_a_step, guidance_input
from ..core.latents import packed, packed_seed, picture_of, unpacked
from ..core.reports import optimisation_report, relative_error, reported, seed_line, unread_negative
from ..core.run import Recorder, Stage, check_gradients, run_stage
from ..core.settings import STEPS, config_of, folded, setting
from ..core.types import mask_input, regions_input
from ..core.units import sigma_table
from ..pictures.charts import line_chart

WITHOUT_NULL_TEXT = "off"
DEFAULTS = Stages()
STAGE_NAMES = ("inversion", "null text", "seed translation", "trajectory optimisation")
# Where the stages' configs share a name, the node's inputs begin with the stage's.
SEED_INPUTS = {name: f"seed_{name}" for name in ("iterations", "learning_rate", "structure_weight")}
TRAJECTORY_INPUTS = {
    name: f"trajectory_{name}" for name in ("iterations", "learning_rate", "start")
}


class Translate(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        methods = [WITHOUT_NULL_TEXT, *(method.value for method in NullTextMethod)]
        used = WITHOUT_NULL_TEXT if DEFAULTS.null_text is None else DEFAULTS.null_text.method.value
        return io.Schema(
            node_id="S2ST_Translate",
            display_name="S2ST Translate",
            category=CATEGORY,
            description="Seed-to-seed translation in one node: invert the source, translate its "
            "seed, optimise its trajectory towards the target domain.",
            inputs=[
                io.Model.Input("model", tooltip="Any Stable Diffusion 1.x, 2.x, XL or flow model."),
                io.Conditioning.Input("source", tooltip="The picture as it is, in words."),
                io.Conditioning.Input("positive", tooltip="The picture as you want it, in words."),
                io.Conditioning.Input(
                    "negative",
                    tooltip="What to stay away from; may be empty. Where null_text is negative "
                    "prompt or fast null-text, only a guided seed translation reads it.",
                ),
                io.Latent.Input("latent", tooltip="The source pictures, encoded with the VAE."),
                domain_input("One or more pictures of the target domain, encoded."),
                guidance_input(""),
                setting(InversionConfig, "steps", default=STEPS),
                setting(InversionConfig, "spacing", advanced=True),
                setting(InversionConfig, "refine", advanced=True),
                io.Combo.Input(
                    "null_text",
                    options=methods,
                    default=used,
                    tooltip="Empty prompts with which guided sampling returns to the source: less "
                    "of its edges for more of the look. negative prompt is free, fast null-text "
                    "corrects it where it misses, null-text is the published one, and slow. "
                    "All but the last take the source prompt in place of your negative prompt.",
                ),
                setting(SeedConfig, "iterations", called="seed_iterations", advanced=True),
                setting(SeedConfig, "learning_rate", called="seed_learning_rate", advanced=True),
                setting(
                    SeedConfig, "structure_weight", called="seed_structure_weight", advanced=True
                ),
                setting(SeedConfig, "lookahead", advanced=True),
                io.Boolean.Input(
                    "guided_seed",
                    default=DEFAULTS.guided_seed,
                    tooltip="Whether cfg acts in seed translation too: twice the price, and no "
                    "better.",
                    **folded(),
                ),
                setting(
                    TrajectoryConfig, "iterations", called="trajectory_iterations", advanced=True
                ),
                setting(
                    TrajectoryConfig,
                    "learning_rate",
                    called="trajectory_learning_rate",
                    advanced=True,
                ),
                setting(
                    TrajectoryConfig,
                    "start",
                    called="trajectory_start",
                    default=AFTER_SEED_TRANSLATION.start,
                    meaning="Fraction of the run after which the trajectory is optimised; the "
                    "translated seed holds what comes before. Without one, 0 is better.",
                    advanced=True,
                ),
                setting(TrajectoryConfig, "gradient", advanced=True),
                setting(
                    TrajectoryConfig,
                    "structure_weight",
                    default=AFTER_SEED_TRANSLATION.structure_weight,
                ),
                setting(TrajectoryConfig, "appearance_weight"),
                setting(TrajectoryConfig, "distance", advanced=True),
                domain_input(
                    "Pictures like your source, encoded; they let the node weigh the latent "
                    "channels.",
                    "source_domain",
                    optional=True,
                ),
                mask_input(),
                regions_input(),
            ],
            outputs=[
                output(io.Latent, "translated", "The translated pictures, to be decoded."),
                output(io.Image, "charts", "The losses of the two optimisations."),
                output(io.String, "report", "What was done and how exact it is."),
                output(io.Latent, "seed", "The translated seed."),
            ],
            **found_by("day to night", "seed to seed", "image to image", "img2img", "paper"),
        )

    @classmethod
    def execute(cls, model, latent, source_domain=None, **given) -> io.NodeOutput:
        stages, picture = stages_of(given), picture_of(latent)
        source = unpacked(model, latent, "The source latent")
        asked = Asked.of(model, given, source, picture)
        own = None
        if source_domain is not None:
            own = domain_of(model, source_domain, "The source domain").look
        done, recorders, calls = translated(model, asked, stages, own)
        return io.NodeOutput(
            packed(model, done.latent, picture),
            _charts(recorders),
            reported(_report(done, recorders, stages), model, calls),
            packed_seed(model, done.seed, done.trajectory.schedule, picture),
        )


def stages_of(given: Mapping[str, Any]) -> Stages:
    """The stages that the node's inputs ask for."""
    seeded = given["seed_iterations"] != 0
    return Stages(
        inversion=config_of(InversionConfig, given),
        null_text=_null_text_config(given["null_text"]),
        seed=config_of(SeedConfig, given, SEED_INPUTS) if seeded else None,
        guided_seed=given["guided_seed"],
        trajectory=config_of(TrajectoryConfig, given, TRAJECTORY_INPUTS),
    )


def _null_text_config(name: str) -> NullTextConfig | None:
    if name == WITHOUT_NULL_TEXT:
        return None
    return config_of(NullTextConfig, {"method": name})


def translated(
    model, asked: Asked, stages: Stages, source_look: Look | None
) -> tuple[Translation, dict[str, Recorder], Calls]:
    """s2st.translate on the loaded model; everything comes back on the CPU."""
    table = sigma_table(model)
    schedule = stages.inversion.schedule(table)
    recorders = {name: Recorder() for name in STAGE_NAMES}
    kept = kept_graphs(stages, asked.scale)

    def work(stage: Stage) -> Translation:
        task = asked.task(stage)
        if kept:
            check_gradients(stage, task.latent)
        listeners = {
            name: recorder.also(stage.progress.listener(name))
            for name, recorder in recorders.items()
        }
        done = translate(
            stage.model,
            table,
            task,
            stages,
            source_look=source_look,
            on_step=lambda name, record: listeners[name](record),
            on_update=stage.on_update,
        )
        return on_cpu(done)

    expected = expected_evaluations(stages, asked.scale)
    shape = asked.latent.shape
    done, calls = run_stage(model, asked.prompts, shape, schedule, expected, work, kept)
    return done, recorders, calls


def kept_graphs(stages: Stages, scale: float) -> int:
    """How many evaluations are gone back through at once, at most."""
    per_step, null_text, seed = evaluations_of_a_step(scale), stages.null_text, stages.seed
    exact = stages.trajectory is not None and stages.trajectory.gradient is Gradient.EXACT
    return max(
        1 if null_text is not None and null_text.method.optimises else 0,
        0 if seed is None else seed.lookahead * (per_step if stages.guided_seed else 1),
        per_step if exact else 0,
    )


def _fitting(null_text: NullTextConfig | None) -> int:
    """Evaluations of a step of null-text inversion; the negative prompt itself needs none."""
    if null_text is None or null_text.method is NullTextMethod.NEGATIVE_PROMPT:
        return 0
    return null_text.evaluations_per_step


def expected_evaluations(stages: Stages, scale: float) -> dict[str, int]:
    """Model evaluations of each stage at most."""
    steps, per_step = stages.inversion.steps, evaluations_of_a_step(scale)
    seed = stages.seed
    trajectory = stages.trajectory or TrajectoryConfig(iterations=0)
    ahead = per_step if stages.guided_seed else 1
    amounts = (
        stages.inversion.evaluations,
        steps * _fitting(stages.null_text),
        0 if seed is None else seed.iterations * seed.lookahead * ahead,
        trajectory.asks(steps) * per_step,
    )
    return dict(zip(STAGE_NAMES, amounts, strict=True))


def on_cpu(done: Translation) -> Translation:
    """The same translation without anything on the computing device."""
    return replace(
        done,
        latent=done.latent.cpu(),
        trajectory=done.trajectory.to("cpu"),
        seed=done.seed.cpu(),
        null_text=None,
        eta=None if done.eta is None else done.eta.cpu(),
    )


def _charts(recorders: dict[str, Recorder]) -> torch.Tensor:
    charts = [
        line_chart(name, {"loss": recorders[name].losses}, across)
        for name, across in zip(STAGE_NAMES[2:], ("iteration", "step"), strict=True)
    ]
    return torch.cat(charts)


def _report(done: Translation, recorders: dict[str, Recorder], stages: Stages) -> list[str]:
    changed = relative_error(done.latent, done.trajectory.source)
    lines = [
        line
        for name, recorder in recorders.items()
        for line in optimisation_report(name, recorder.records)
    ]
    if done.eta is not None:
        lines.append("eta per channel: " + ", ".join(f"{one:.2f}" for one in done.eta.tolist()))
    lines.append(seed_line(done.seed))
    lines.append(f"the latent moved by {changed:.2f} of the source's spread")
    if stages.null_text is not None:
        lines += unread_negative(stages.null_text.method)
    return lines


NODES = [Translate]
