"""DDIM inversion as a node."""

from __future__ import annotations

from torch import Tensor

from ...s2st import InversionConfig, Prompt, Trajectory, invert, sample
from ..core.api import CATEGORY, found_by, io, output
from ..core.latents import packed_seed, picture_of, trajectory_facts, unpacked
from ..core.prompts import check_prompt_fits
from ..core.reports import inversion_report, reported
from ..core.run import Stage, run_stage
from ..core.settings import STEPS, config_of, folded, setting
from ..core.types import TrajectorySocket
from ..core.units import sigma_table


class DDIMInvert(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_DDIMInvert",
            display_name="S2ST DDIM Invert",
            category=CATEGORY,
            description="Finds the seed from which the model would have made your picture, and "
            "keeps the whole path there.",
            inputs=[
                io.Model.Input("model", tooltip="Any Stable Diffusion 1.x, 2.x, XL or flow model."),
                io.Conditioning.Input(
                    "positive", tooltip="The source prompt: describe the picture as it is."
                ),
                io.Latent.Input("latent", tooltip="The source pictures, encoded with the VAE."),
                setting(InversionConfig, "steps", default=STEPS),
                setting(InversionConfig, "spacing", advanced=True),
                setting(InversionConfig, "refine"),
                io.Boolean.Input(
                    "check",
                    default=True,
                    tooltip="Sample back from the seed and report how much of the source returns; "
                    "costs one more run.",
                    **folded(),
                ),
            ],
            outputs=[
                output(TrajectorySocket, "trajectory", "The path from picture to seed."),
                output(io.Latent, "seed", "The seed, for samplers that add no noise."),
                output(io.String, "report", "What was done and how exact it is."),
            ],
            **found_by("inversion", "unsampler", "image to noise", "reverse sampling"),
        )

    @classmethod
    def execute(cls, model, positive, latent, check, **given) -> io.NodeOutput:
        config = config_of(InversionConfig, given)
        (trajectory, returned), calls = inverted(model, positive, latent, config, check)
        seed = packed_seed(model, trajectory.seed, trajectory.schedule, picture_of(latent))
        report = reported(inversion_report(trajectory, returned), model, calls)
        return io.NodeOutput(trajectory, seed, report)


def inverted(model, positive, latent, config: InversionConfig, check: bool):
    """((the trajectory, what sampling back from its seed gives or None), the calls it took)."""
    source = unpacked(model, latent, "The source latent")
    check_prompt_fits(model, positive, "source prompt", len(source))
    table = sigma_table(model)
    schedule = config.schedule(table)
    facts = trajectory_facts(model, latent, positive)
    expected = {"inversion": config.evaluations}
    if check:
        expected["check"] = schedule.steps

    def work(stage: Stage) -> tuple[Trajectory, Tensor | None]:
        prompt, listen = stage.prompts["positive"], stage.progress.listener
        start = source.to(stage.device)
        trajectory = invert(stage.model, start, prompt, table, config, facts, listen("inversion"))
        returned = None
        if check:
            seed = trajectory.seed
            returned = sample(stage.model, seed, Prompt(prompt), schedule, listen("check")).cpu()
        return trajectory.to("cpu"), returned

    return run_stage(model, {"positive": positive}, source.shape, schedule, expected, work)


NODES = [DDIMInvert]
