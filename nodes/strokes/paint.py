"""Painting over strokes, in rounds, by GradOP+ and by GradOP, as a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import torch
from torch import Tensor

from ...s2st import (
    GradopConfig,
    GradopPlusConfig,
    InversionConfig,
    RoundsConfig,
    Schedule,
    Spacing,
    Strokes,
    gradop,
    gradop_plus,
    paint_in_rounds,
    verify_decoder,
)
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.autoencoder import ComfyAutoencoder, check_vae_fits, loaded_with
from ..core.denoiser import Calls
from ..core.domain import domain_input
from ..core.guidance import evaluations_of_a_step, guidance_input
from ..core.latents import packed, unpacked
from ..core.layout import PictureSize, mask_for_pictures, padded, to_channels_first
from ..core.reports import optimisation_report, reported
from ..core.run import CHECK_SEED, Recorder, Stage, run_stage
from ..core.settings import STEPS, config_of, member, setting
from ..core.types import correlation_input
from ..core.units import sigma_table
from ..pictures.charts import line_chart
from ..pictures.images import decoded, encoded

SPACING = Spacing.TRAILING  # painting begins at the highest noise
CALLED = {"updates": "faithfulness"}  # as the node calls a config's field
OPTIMISED = "GradOP+: how many steps are optimised, from the first on."
Config = RoundsConfig | GradopPlusConfig | GradopConfig


class Method(str, Enum):
    """Which of the three."""

    ROUNDS = "in rounds"
    PLUS = "GradOP+"
    PLAIN = "GradOP"

    def config(self, given: Mapping[str, Any]) -> Config:
        return config_of(CONFIGS[self], given, CALLED)


CONFIGS: Mapping[Method, type[Config]] = {
    Method.ROUNDS: RoundsConfig,
    Method.PLUS: GradopPlusConfig,
    Method.PLAIN: GradopConfig,
}


class PaintStrokes(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_PaintStrokes",
            display_name="S2ST Paint Strokes",
            category=CATEGORY,
            description="Turns coarse strokes and a prompt into a picture: the strokes are noised "
            "and denoised a few times, and drawn to what was painted in between.",
            inputs=[
                io.Model.Input("model", tooltip="Any Stable Diffusion 1.x, 2.x, XL or flow model."),
                io.Vae.Input("vae", tooltip="The VAE of the same checkpoint."),
                io.Conditioning.Input("positive", tooltip="What the picture shall show."),
                io.Conditioning.Input("negative", tooltip="What to stay away from; may be empty."),
                io.Image.Input(
                    "strokes",
                    tooltip="The stroke pictures, of any size; the result is as large.",
                ),
                io.Combo.Input(
                    "method",
                    options=[one.value for one in Method],
                    default=Method.ROUNDS.value,
                    tooltip="In rounds is ours, and the nearest to the strokes for its realism. "
                    "GradOP+ asks for them within one sampling run, GradOP of a finished sample, "
                    "which it denoises again: for both strength 0.8 and many more updates.",
                ),
                guidance_input(""),
                setting(InversionConfig, "steps", default=STEPS, meaning="Steps of sampling."),
                setting(
                    InversionConfig,
                    "spacing",
                    default=SPACING,
                    meaning="Which of the model's timesteps are visited (names as in diffusers).",
                    advanced=True,
                ),
                setting(GradopPlusConfig, "noise_seed"),
                setting(
                    RoundsConfig,
                    "strength",
                    meaning="In rounds: how far each goes back, 1 to pure noise. GradOP+ and "
                    "GradOP: where the strokes begin to count, for which 0.8 is usual.",
                ),
                setting(
                    RoundsConfig,
                    "updates",
                    called="faithfulness",
                    meaning="Gradient steps towards the strokes: between two rounds, in every "
                    "optimised step for GradOP+, where 12 are usual, in all for GradOP, where 60 "
                    "are. 0 asks nothing of the strokes.",
                ),
                setting(GradopPlusConfig, "optimised", meaning=OPTIMISED),
                setting(GradopPlusConfig, "learning_rate", advanced=True),
                setting(GradopPlusConfig, "variable", advanced=True),
                setting(GradopPlusConfig, "noise", advanced=True),
                setting(GradopPlusConfig, "clamp", advanced=True),
                setting(GradopPlusConfig, "length", advanced=True),
                setting(GradopPlusConfig, "painting", advanced=True),
                setting(GradopPlusConfig, "colours", advanced=True),
                setting(GradopConfig, "gamma", advanced=True),
                setting(GradopPlusConfig, "structure_weight", advanced=True),
                setting(GradopPlusConfig, "appearance_weight", advanced=True),
                setting(GradopPlusConfig, "shared_noise", advanced=True),
                io.Mask.Input(
                    "painted",
                    optional=True,
                    tooltip="Where the strokes are: white counts, black is left to the model; any "
                    "size.",
                ),
                domain_input(
                    "Pictures of the wanted look, encoded: the layout is taken from the strokes, "
                    "colours and light from these.",
                    optional=True,
                ),
                correlation_input(),
                setting(RoundsConfig, "rounds", optional=True),
            ],
            outputs=[
                output(io.Image, "image", "The painted pictures."),
                output(io.Latent, "latent", "The same, as latents."),
                output(io.Image, "chart", "How far the strokes were, at each optimised step."),
                output(io.String, "report", "What was done."),
            ],
            **found_by("sketch to image", "scribble", "painting", "gradop"),
        )

    @classmethod
    def execute(cls, model, vae, strokes, method, painted=None, **given) -> io.NodeOutput:
        config = member(Method, "method", method).config(given)
        check_vae_fits(vae, model)
        schedule = config_of(InversionConfig, given).schedule(sigma_table(model))
        samples, picture = encoded(to_channels_first(strokes), vae)
        source = unpacked(model, {"samples": samples}, "The stroke picture")
        asked = Asked.of(model, given, source, picture)
        wanted = strokes_for(strokes, painted, picture)
        result, recorder, calls = painted_over(model, vae, asked, wanted, schedule, config)
        latent = packed(model, result, picture)
        return io.NodeOutput(
            decoded(latent, vae),
            latent,
            line_chart(method, {"distance to the strokes": recorder.losses}, "optimised step"),
            reported(_report(method, recorder, config, asked), model, calls),
        )


def strokes_for(image: Tensor, painted: Tensor | None, picture: PictureSize) -> Strokes:
    """The strokes at the encoder's size, in tensors of their own."""
    with torch.inference_mode(False):
        wanted = padded(to_channels_first(image), picture.stride).clamp(0, 1)
        if painted is None:
            return Strokes(wanted)
        return Strokes(wanted, mask_for_pictures(painted, len(wanted), picture))


def painted_over(
    model, vae, asked: Asked, strokes: Strokes, schedule: Schedule, config: Config
) -> tuple[Tensor, Recorder, Calls]:
    """(the painted latent on the CPU, the records of its steps, the calls it took)."""
    recorder = Recorder()
    shape = asked.latent.shape
    expected = expected_work(config, asked.scale, schedule.steps, strokes.partly)

    def work(stage: Stage) -> Tensor:
        task, autoencoder = asked.task(stage), ComfyAutoencoder(vae, stage.patcher)
        if config.updates:
            generator = torch.Generator().manual_seed(CHECK_SEED)
            verify_decoder(autoencoder, task.latent[:1], generator)
        on_step = recorder.also(stage.progress.step_by_step(list(expected)))
        on_update = stage.progress.also_counting(stage.on_update)
        given = (stage.model, autoencoder, task, on_device(strokes, stage.device), schedule)
        match config:
            case RoundsConfig():
                done = paint_in_rounds(*given, config, on_step=on_step, on_update=on_update)
            case GradopPlusConfig():
                done = gradop_plus(*given, config, on_step=on_step, on_update=on_update)
            case GradopConfig():
                done = gradop(*given, config, on_step=on_step, on_update=on_update)
        return done.cpu()

    together = loaded_with(model, vae, shape)
    latent, calls = run_stage(together, asked.prompts, shape, schedule, expected, work)
    return latent, recorder, calls


def on_device(strokes: Strokes, device: torch.device) -> Strokes:
    painted = strokes.painted
    return Strokes(strokes.picture.to(device), None if painted is None else painted.to(device))


def expected_work(config: Config, scale: float, steps: int, partly: bool) -> dict[str, int]:
    """Evaluations and updates of each step, which share one bar; `partly` painted or wholly."""
    moved: Sequence[int]
    match config:
        case RoundsConfig():
            moved, total = config.moved_before(steps, partly), config.steps(steps, partly)
        case GradopPlusConfig():
            moved, total = [n for n in range(steps) if config.optimises(n, steps)], steps
        case GradopConfig():
            moved, total = [steps], config.steps(steps)
    asks = evaluations_of_a_step(scale)
    return {f"step {n}": asks + config.updates * (n in moved) for n in range(total)}


def _report(method: str, recorder: Recorder, config: Config, asked: Asked) -> list[str]:
    told = [one for one in recorder.records if one.loss is not None]
    updates = config.updates * len(told)
    lines = optimisation_report(method, recorder.records)
    lines.append(f"{updates} updates towards the strokes, each through the VAE's decoder alone")
    if not updates:
        plain = "img2img over and over" if isinstance(config, RoundsConfig) else "plain sampling"
        lines.append(f"note: nothing was asked of the strokes, so this is {plain}")
    if asked.domain is not None:
        lines.append("the look of the target domain was asked for too")
    return lines


NODES = [PaintStrokes]
