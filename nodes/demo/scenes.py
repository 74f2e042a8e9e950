"""The embedded demo model and its rendered scenes as nodes."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import torch
from torch import Tensor

from ...demo_world import (
    DOMAINS,
    EVALUATION_SEEDS,
    LEGEND,
    REFERENCE_SEEDS,
    labels,
    prompt,
    render,
    scene,
)
from ...s2st.kit.legend import painted
from ..core.api import CATEGORY, found_by, io, output
from ..core.layout import to_image
from ..core.previews import Colours, fitted_colours, latent_format
from ..core.progress import one_by_one
from ..core.settings import member
from .model import (
    demo_autoencoder,
    demo_text_encoder,
    demo_unet,
    read_files,
)

WEIGHTS = Path(__file__).resolve().parents[2] / "demo_world" / "weights"
SIZE = 128
MOST_SCENES = 64
COLOUR_SCENES = 2  # of each domain, to learn how latents look


class Split(str, Enum):
    """Which scenes: those that are translated, or those that show a domain."""

    EVALUATION = "evaluation"
    REFERENCE = "reference"


class LoadDemoModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_LoadDemoModel",
            display_name="S2ST Load Demo Model",
            category=CATEGORY,
            description="A small street-scene diffusion model that comes with this pack: no "
            "download, runs on any CPU. Pictures are 128 x 128.",
            inputs=[],
            outputs=[
                output(io.Model, "model", "The diffusion model (v-prediction)."),
                output(io.Clip, "clip", "Its text encoder: a few dozen plain words."),
                output(io.Vae, "vae", "Its autoencoder, stride 4."),
            ],
            **found_by("example", "test model", "small checkpoint"),
        )

    @classmethod
    def execute(cls) -> io.NodeOutput:
        files = read_files(WEIGHTS)
        vae = demo_autoencoder(files)
        scale = float(files.configs["vae"].get("scaling_factor", 1.0))
        model = demo_unet(files, latent_format(scale, latent_colours(vae, scale)))
        return io.NodeOutput(model, demo_text_encoder(files), vae)


def latent_colours(vae, scale: float) -> Colours:
    """How the demo model's latents look, learnt from rendered scenes."""
    scenes = [scene(number) for number in REFERENCE_SEEDS[:COLOUR_SCENES]]
    pictures = pictures_of([(one, domain) for one in scenes for domain in DOMAINS])
    return fitted_colours(vae.encode(pictures).float() * scale, pictures.movedim(-1, 1))


def pictures_of(wanted) -> Tensor:
    """IMAGE of (scene, domain) pairs."""
    rendered = (render(one, name, SIZE) for one, name in one_by_one(wanted))
    return torch.stack([torch.from_numpy(one) for one in rendered])


class DemoScenes(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        names = [str(getattr(domain, "value", domain)) for domain in DOMAINS]
        return io.Schema(
            node_id="S2ST_DemoScenes",
            display_name="S2ST Demo Scenes",
            category=CATEGORY,
            description="Rendered street scenes in one domain, and the very same scenes in "
            "another: what a translation should come to.",
            inputs=[
                io.Combo.Input("domain", options=names, default="day", tooltip="How they look."),
                io.Combo.Input(
                    "truth_domain",
                    options=names,
                    default="night",
                    tooltip="How they look in the second output.",
                ),
                io.Combo.Input(
                    "split",
                    options=[one.value for one in Split],
                    default=Split.EVALUATION.value,
                    tooltip="evaluation: scenes to translate; reference: other scenes, to show a "
                    "domain. The model has seen neither.",
                ),
                io.Int.Input(
                    "first",
                    default=0,
                    min=0,
                    max=min(len(EVALUATION_SEEDS), len(REFERENCE_SEEDS)) - 1,
                    tooltip="Number of the first scene within its split.",
                ),
                io.Int.Input(
                    "count", default=4, min=1, max=MOST_SCENES, tooltip="How many scenes."
                ),
            ],
            outputs=[
                output(io.Image, "image", "The scenes in their domain."),
                output(io.Image, "truth", "The same scenes in the other domain."),
                output(io.String, "prompt", "The domain in words the demo model knows."),
                output(io.String, "truth_prompt", "The other domain in such words."),
                output(io.Image, "labels", "Their label maps, a colour for each class."),
            ],
            **found_by("example pictures", "test images"),
        )

    @classmethod
    def execute(cls, domain, truth_domain, split, first, count) -> io.NodeOutput:
        scenes = chosen_scenes(member(Split, "split", split), first, count)
        wanted = [(one, name) for name in (domain, truth_domain) for one in scenes]
        image, truth = pictures_of(wanted).chunk(2)
        return io.NodeOutput(
            image,
            truth,
            prompt(domain),
            prompt(truth_domain),
            label_maps_of(scenes),
        )


def label_maps_of(scenes) -> Tensor:
    """IMAGE of what each pixel of the scenes shows."""
    classes = torch.stack([torch.from_numpy(labels(one, SIZE)) for one in scenes])
    return to_image(painted(classes.long(), LEGEND))


def chosen_scenes(split: Split, first: int, count: int) -> list:
    """`count` scenes of a split, from its `first` on."""
    match split:
        case Split.EVALUATION:
            numbers = EVALUATION_SEEDS
        case Split.REFERENCE:
            numbers = REFERENCE_SEEDS
        case _:
            raise ValueError(f"The split is {split!r}, but must be a Split.")
    if first + count > len(numbers):
        raise ValueError(
            f"Scenes {first} to {first + count - 1} are asked for, but the {split.value} split has "
            f"{len(numbers)}: lower first or count."
        )
    return [scene(number) for number in numbers[first : first + count]]


NODES = [LoadDemoModel, DemoScenes]
