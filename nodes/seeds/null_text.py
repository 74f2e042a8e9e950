"""Null-text inversion as a node."""

from __future__ import annotations

from dataclasses import replace

from ...s2st import NullText, NullTextConfig, Prompt, Trajectory, null_text_inversion
from ..core.api import CATEGORY, found_by, io, output
from ..core.denoiser import Calls
from ..core.facts import model_facts
from ..core.fingerprint import told_apart
from ..core.guidance import guidance_input
from ..core.latents import normal_trajectory, packed, trajectory_picture
from ..core.prompts import check_prompt_fits
from ..core.reports import null_text_report, reported, unread_negative
from ..core.run import Stage, check_gradients, run_stage
from ..core.settings import config_of, setting
from ..core.types import NullTextSocket, NullTextValue, TrajectorySocket


class NullTextInvert(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_NullTextInvert",
            display_name="S2ST Null-Text Invert",
            category=CATEGORY,
            description="Finds empty prompts with which guided sampling returns to your picture, "
            "so that guidance changes what you ask for and not the rest.",
            inputs=[
                io.Model.Input("model", tooltip="The model the trajectory was made with."),
                TrajectorySocket.Input("trajectory", tooltip="From DDIM Invert."),
                io.Conditioning.Input("positive", tooltip="The source prompt, as in DDIM Invert."),
                io.Conditioning.Input(
                    "negative",
                    tooltip="The empty prompt to start from; only the method null-text reads it.",
                ),
                guidance_input("Must be the guidance you will translate with."),
                setting(
                    NullTextConfig,
                    "method",
                    meaning=f"{NullTextConfig.limits('method').meaning} Only null-text reads "
                    f"your negative prompt: the others take the source prompt in its place.",
                ),
                setting(NullTextConfig, "inner_steps", advanced=True),
                setting(NullTextConfig, "learning_rate", advanced=True),
                setting(NullTextConfig, "tolerance", advanced=True),
            ],
            outputs=[
                output(NullTextSocket, "null_text", "One empty prompt for every step."),
                output(io.Latent, "reconstruction", "Where guided sampling now ends."),
                output(io.String, "report", "What was done and how exact it is."),
            ],
            **found_by("inversion", "null-text", "prompt to prompt", "negative prompt inversion"),
        )

    @classmethod
    def execute(cls, model, trajectory, positive, negative, cfg, **given) -> io.NodeOutput:
        config = config_of(NullTextConfig, given)
        fitted, calls = null_text(model, trajectory, positive, negative, cfg, config)
        value = NullTextValue(
            fitted=fitted,
            base=positive if config.method.from_source else negative,
            schedule=trajectory.schedule,
            model=model_facts(model).as_dict(),
        )
        latent = packed(model, fitted.returned, trajectory_picture(trajectory))
        report = null_text_report(fitted, trajectory) + unread_negative(config.method)
        report += told_apart(trajectory.facts, model, positive)
        return io.NodeOutput(value, latent, reported(report, model, calls))


def null_text(
    model, trajectory: Trajectory, positive, negative, scale: float, config: NullTextConfig
) -> tuple[NullText, Calls]:
    """(the fitted null text on the CPU, the calls it took)."""
    shape, schedule = trajectory.source.shape, trajectory.schedule
    prompts = {"positive": positive, "negative": negative}
    optimises = config.method.optimises
    check_prompt_fits(model, positive, "source prompt", shape[0])
    check_prompt_fits(model, negative, "negative prompt", shape[0])

    def work(stage: Stage) -> NullText:
        path = normal_trajectory(model, trajectory, stage.device)
        if optimises:
            check_gradients(stage, path.source)
        prompt = Prompt(stage.prompts["positive"], stage.prompts["negative"], scale)
        listen = stage.progress.listener("null text")
        return on_cpu(null_text_inversion(stage.model, path, prompt, config, on_step=listen))

    expected = {"null text": schedule.steps * config.evaluations_per_step}
    return run_stage(model, prompts, shape, schedule, expected, work, kept=int(optimises))


def on_cpu(fitted: NullText) -> NullText:
    """The same null text without anything on the computing device."""
    negatives = tuple(one.with_embedding(one.embedding.cpu()) for one in fitted.negatives)
    return replace(fitted, negatives=negatives, reconstruction=fitted.returned.cpu())


NODES = [NullTextInvert]
