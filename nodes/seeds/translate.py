"""The whole method in one node."""

from __future__ import annotations

from dataclasses import replace

import torch

from ...s2st import (
    CorrelationConfig,
    Gradient,
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    SeedConfig,
    Stages,
    TrajectoryConfig,
    Translation,
    translate,
)
from ..core.api import CATEGORY, io, output
from ..core.guidance import guidance_input
from ..core.latents import packed, packed_seed, picture_of, unpacked
from ..core.layout import mask_for_latent
from ..core.prompts import check_prompt_fits
from ..core.reports import optimisation_report, relative_error, reported, seed_line
from ..core.run import Recorder, Stage, check_gradients_at, run_stage
from ..core.settings import STEPS, config_of, setting
from ..core.types import mask_input
from ..core.units import sigma_table
from ..pictures.charts import line_chart
from .seed import GUIDED

WITHOUT_NULL_TEXT = "off"
DEFAULTS = Stages()
STAGE_NAMES = ("inversion", "null text", "seed translation", "trajectory optimisation")


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
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                io.Latent.Input("latent", tooltip="The source pictures, encoded with the VAE."),
                io.Latent.Input(
                    "target_domain", tooltip="One or more pictures of the target domain, encoded."
                ),
                guidance_input(""),
                setting(InversionConfig, "steps", default=STEPS),
                setting(InversionConfig, "spacing"),
                setting(InversionConfig, "refine"),
                io.Combo.Input(
                    "null_text",
                    options=methods,
                    default=used,
                    tooltip="Empty prompts with which guided sampling returns to the source: less "
                    "of its edges for more of the look. negative prompt is free, fast null-text "
                    "corrects it where it misses, null-text is the published one, and slow.",
                ),
                setting(SeedConfig, "iterations", called="seed_iterations"),
                setting(SeedConfig, "learning_rate", called="seed_learning_rate"),
                setting(SeedConfig, "lookahead"),
                setting(TrajectoryConfig, "iterations", called="trajectory_iterations"),
                setting(TrajectoryConfig, "learning_rate", called="trajectory_learning_rate"),
                setting(TrajectoryConfig, "gradient"),
                setting(TrajectoryConfig, "structure_weight"),
                setting(TrajectoryConfig, "appearance_weight"),
                setting(TrajectoryConfig, "distance"),
                io.Latent.Input(
                    "source_domain",
                    optional=True,
                    tooltip="Pictures like your source, encoded; they let the node weigh the "
                    "latent channels.",
                ),
                mask_input(),
                setting(
                    TrajectoryConfig,
                    "start",
                    called="trajectory_start",
                    optional=True,
                    meaning="Fraction of the run after which the trajectory is optimised. After "
                    "seed translation 0.4 is better, with structure_weight 3.",
                ),
                io.Boolean.Input(
                    "guided_seed",
                    default=True,
                    optional=True,
                    tooltip="Whether cfg acts in seed translation too. Off is as good for half its "
                    "price; on is what workflows from before this input do.",
                ),
            ],
            outputs=[
                output(io.Latent, "translated", "The translated pictures, to be decoded."),
                output(io.Image, "charts", "The losses of the two optimisations."),
                output(io.String, "report", "What was done and how exact it is."),
                output(io.Latent, "seed", "The translated seed."),
            ],
        )

    @classmethod
    def execute(
        cls,
        model,
        source,
        positive,
        negative,
        latent,
        target_domain,
        cfg,
        steps,
        spacing,
        refine,
        null_text,
        seed_iterations,
        seed_learning_rate,
        lookahead,
        trajectory_iterations,
        trajectory_learning_rate,
        gradient,
        structure_weight,
        appearance_weight,
        distance,
        source_domain=None,
        mask=None,
        trajectory_start=0.0,
        guided_seed=True,
    ) -> io.NodeOutput:
        weights = {"structure_weight": structure_weight, "appearance_weight": appearance_weight}
        inversion = {"steps": steps, "spacing": spacing, "refine": refine}
        seed = {"iterations": seed_iterations, "learning_rate": seed_learning_rate}
        seed |= {"lookahead": lookahead, "distance": distance}
        trajectory = {"iterations": trajectory_iterations, "gradient": gradient}
        trajectory |= {"learning_rate": trajectory_learning_rate, "distance": distance}
        trajectory |= {"start": trajectory_start}
        stages = Stages(
            inversion=config_of(InversionConfig, inversion),
            null_text=_null_text_config(null_text),
            seed=config_of(SeedConfig, seed | weights) if seed_iterations else None,
            guided_seed=guided_seed,
            trajectory=config_of(TrajectoryConfig, trajectory | weights),
            correlation=CorrelationConfig(),
        )
        prompts = {"source": source, "positive": positive, "negative": negative}
        pictures = {"source": latent, "target": target_domain, "source_domain": source_domain}
        done, recorders = translated(model, prompts, pictures, cfg, stages, mask)
        picture = picture_of(latent)
        schedule = done.trajectory.schedule
        return io.NodeOutput(
            packed(model, done.latent, picture),
            _charts(recorders),
            reported(_report(done, recorders), model),
            packed_seed(model, done.seed, schedule, picture),
        )


def _null_text_config(name: str) -> NullTextConfig | None:
    if name == WITHOUT_NULL_TEXT:
        return None
    return config_of(NullTextConfig, {"method": name})


def translated(
    model, prompts: dict[str, list], pictures: dict, scale: float, stages: Stages, mask
) -> tuple[Translation, dict[str, Recorder]]:
    """s2st.translate on the loaded model; everything comes back on the CPU."""
    source = unpacked(model, pictures["source"], "The source latent")
    references = unpacked(model, pictures["target"], "The target domain")
    examples = pictures["source_domain"]
    if examples is not None:
        examples = unpacked(model, examples, "The source domain")
    for name, prompt in prompts.items():
        check_prompt_fits(model, prompt, f"{name} prompt", len(source))
    table = sigma_table(model)
    schedule = stages.inversion.schedule(table)
    recorders = {name: Recorder() for name in STAGE_NAMES}

    def work(stage: Stage) -> Translation:
        device = stage.device
        if _goes_through_model(stages):
            check_gradients_at(stage, source.to(device), schedule)
        listeners = {
            name: recorder.also(stage.progress.listener(name))
            for name, recorder in recorders.items()
        }
        done = translate(
            stage.model,
            table,
            source.to(device),
            stage.prompts["source"],
            stage.target(scale),
            references.to(device),
            stages,
            source_domain_latents=None if examples is None else examples.to(device),
            mask=_mask(mask, source, picture_of(pictures["source"]), device),
            on_step=lambda name, record: listeners[name](record),
        )
        return on_cpu(done)

    expected = expected_evaluations(stages, scale, schedule.steps)
    done = run_stage(
        model, prompts, source.shape, schedule, expected, work, _goes_through_model(stages)
    )
    return done, recorders


def _goes_through_model(stages: Stages) -> bool:
    null_text, trajectory = stages.null_text, stages.trajectory
    return (
        (null_text is not None and null_text.method.optimises)
        or stages.seed is not None
        or (trajectory is not None and trajectory.gradient is Gradient.EXACT)
    )


def expected_evaluations(stages: Stages, scale: float, steps: int) -> dict[str, int]:
    """Model evaluations of each stage at most, recomputation in backward passes included."""
    per_step = GUIDED if scale != 1.0 else 1
    ahead = per_step if stages.guided_seed else 1
    inversion, null_text, seed = stages.inversion, stages.null_text, stages.seed
    trajectory = stages.trajectory or TrajectoryConfig(iterations=0)
    exact = trajectory.gradient is Gradient.EXACT
    amounts = (
        steps * (1 + inversion.refine),
        0 if null_text is None else steps * null_text.evaluations_per_step,
        0 if seed is None else 2 * seed.iterations * seed.lookahead * ahead,
        steps * per_step * (1 + (2 * trajectory.iterations if exact else 0)),
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


def _mask(mask, source: torch.Tensor, picture, device: torch.device) -> torch.Tensor | None:
    if mask is None:
        return None
    size = (source.shape[-2], source.shape[-1])
    return mask_for_latent(mask, len(source), size, picture).to(device)


def _charts(recorders: dict[str, Recorder]) -> torch.Tensor:
    charts = [
        line_chart(name, {"loss": recorders[name].losses}, across)
        for name, across in zip(STAGE_NAMES[2:], ("iteration", "step"), strict=True)
    ]
    return torch.cat(charts)


def _report(done: Translation, recorders: dict[str, Recorder]) -> list[str]:
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
    return lines


NODES = [Translate]
