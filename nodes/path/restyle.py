"""The whole default in one node: a picture, its look, two sentences, and a picture again."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...s2st import DetailConfig
from ...s2st.explore.grid import shown
from ...s2st.explore.preset import Preset
from ...s2st.look.detail import radius_for, restored_at_own_size
from ...s2st.look.kept import KeptLook, at_most
from ...s2st.look.mask import restored_outside
from ...s2st.path.restyle import RestyleConfig
from ...s2st.path.settings import PathSettings
from ..core.api import CATEGORY, found_by, io, output
from ..core.asked import Asked
from ..core.autoencoder import check_vae_fits
from ..core.facts import check_there
from ..core.latents import PICTURE_KEY, packed, unpacked
from ..core.layout import PictureSize, mask_for_pictures, to_channels_first, to_image
from ..core.progress import Progress
from ..core.prompts import encoded_prompt
from ..core.reports import reported
from ..core.settings import config_of, folded, setting
from ..core.types import LookSocket, PresetSocket, mask_input
from ..core.units import sigma_table
from ..pictures.images import decoded, latent_of
from .difference import bar, done_lines, edited, matched_line, matched_with
from .presets import found_elsewhere

DETAIL = "detail"  # the part of the bar in which it is brought back
MEGAPIXEL = 1024**2 / 1e6  # as the core's own nodes count
RULED = ("steps", "guidance", "appearance_weight", "matching", "structure_weight")


class Restyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_Restyle",
            display_name="S2ST Restyle",
            category=CATEGORY,
            description="Gives a picture another time of day, season, weather or style: say what "
            "it is now and what it shall be, and show a picture of the look. Everything else has "
            "a default; the result has the picture's own size and detail.",
            inputs=[
                io.Image.Input("image", tooltip="The pictures to change, of any size."),
                io.Model.Input("model", tooltip="Any Stable Diffusion 1.x, 2.x, XL or flow model."),
                io.Clip.Input("clip", tooltip="The text encoder of the same checkpoint."),
                io.Vae.Input("vae", tooltip="The VAE of the same checkpoint."),
                io.String.Input(
                    "now",
                    display_name="what it is now",
                    multiline=True,
                    default="",
                    placeholder="a street on a sunny day",
                    tooltip="What it is now: describe the picture in a short sentence.",
                ),
                io.String.Input(
                    "wanted",
                    display_name="what it shall be",
                    multiline=True,
                    default="",
                    placeholder="a street at night",
                    tooltip="What it shall be: the same sentence, and only what shall change is "
                    "changed in it.",
                ),
                setting(RestyleConfig, "strength"),
                setting(RestyleConfig, "keep_structure"),
                setting(RestyleConfig, "quality"),
                io.MultiType.Input(
                    "look",
                    types=[io.Image, LookSocket],
                    optional=True,
                    tooltip="Pictures that look as the result shall look, of any place, or a look "
                    "from S2ST Make Look; without it words alone decide.",
                ),
                mask_input(),
                PresetSocket.Input(
                    "preset",
                    optional=True,
                    tooltip="Settings from S2ST Explore or a file: what strength 1, keep_structure "
                    "1 and normal mean then.",
                ),
                io.String.Input(
                    "avoid",
                    default="",
                    optional=True,
                    tooltip="What to stay away from, in words; may be empty.",
                    **folded(),
                ),
                setting(PathSettings, "noise_seed", optional=True, advanced=True),
                setting(RestyleConfig, "megapixels", optional=True, advanced=True),
            ],
            outputs=[
                output(io.Image, "restyled", "The changed pictures, in their own size."),
                output(io.String, "report", "What was done, with which settings."),
            ],
            **found_by("day to night", "relight", "weather", "season", "winter", "style transfer"),
        )

    @classmethod
    def execute(
        cls, image, model, clip, vae, now, wanted, look=None, mask=None, preset=None, **given
    ) -> io.NodeOutput:
        check_given(model, clip, vae, wanted)
        wishes, picture = config_of(RestyleConfig, given), to_channels_first(image)
        settings = wishes.settings(base_of(preset, given.get("noise_seed", 0)))
        schedule = settings.schedule(sigma_table(model))
        latent = latent_of(sized(picture, wishes), vae)
        source, size = unpacked(model, latent, "The picture"), latent[PICTURE_KEY]
        words = {"source": now, "positive": wanted, "negative": given.get("avoid", "")}
        inputs = {name: encoded_prompt(clip, text) for name, text in words.items()}
        inputs |= {"target_domain": domain_of_look(look, vae, wishes), "mask": mask}
        asked = Asked.of(model, {**inputs, "cfg": settings.guidance}, source, size)
        parts = bar(asked, settings, schedule.steps, matched_with(model, asked, settings))
        progress = Progress(model, {**parts, DETAIL: len(picture)})
        result, recorder, calls = edited(model, asked, schedule, settings, progress)
        detail = wishes.detail(DetailConfig(radius=radius_for(size.stride)))
        made = sharpened(packed(model, result, size), latent, picture, vae, detail, progress)
        lines = [
            *settings_lines(model, wishes, settings, detail, preset),
            *size_line(picture, size),
            *done_lines(result, asked, recorder),
            *matched_line(model, asked, settings),
        ]
        kept = outside_kept(made, picture, mask)
        return io.NodeOutput(to_image(kept), reported(lines, model, calls))


def check_given(model, clip, vae, wanted: str) -> None:
    """Refuse what no work could begin with."""
    check_there("clip", clip)
    if not wanted.strip():
        raise ValueError(
            "What it shall be is empty, but the picture is changed towards these words: describe "
            "the picture that you want."
        )
    check_vae_fits(vae, model)


def base_of(preset: Preset | None, noise_seed: int) -> PathSettings:
    """What is normal: a preset's settings, or the path's own."""
    settings = PathSettings() if preset is None else preset.settings
    return replace(settings, noise_seed=noise_seed)


def sized(picture: Tensor, wishes: RestyleConfig) -> Tensor:
    """Pictures as large as they are worked on."""
    return at_most(picture, wishes.megapixels * MEGAPIXEL)


def domain_of_look(look: Tensor | KeptLook | None, vae, wishes: RestyleConfig):
    """A look as it is, pictures encoded."""
    if look is None or isinstance(look, KeptLook):
        return look
    return latent_of(sized(to_channels_first(look), wishes), vae)


def sharpened(
    result: dict, latent: dict, picture: Tensor, vae, config: DetailConfig, progress: Progress
) -> Tensor:
    """The result decoded, in the picture's own size and with its detail, one picture at a time."""
    made = torch.empty_like(picture)
    for place in progress.one_by_one(range(len(picture))):
        drawn, returned = (_decoded(one, place, vae) for one in (result, latent))
        source = picture[place : place + 1]
        made[place : place + 1] = restored_at_own_size(drawn, source, returned, config)
    return made


def _decoded(latent: dict, place: int, vae) -> Tensor:
    one = {**latent, "samples": latent["samples"][place : place + 1]}
    return to_channels_first(decoded(one, vae))


def outside_kept(made: Tensor, picture: Tensor, mask: Tensor | None) -> Tensor:
    """To the last pixel, where detail alone would leave a trace of the VAE."""
    if mask is None:
        return made
    height, width = picture.shape[-2:]
    whole = PictureSize(height=height, width=width, stride=1)
    plane = mask_for_pictures(mask, len(picture), whole)[..., :height, :width]
    return restored_outside(made, picture, plane)


def settings_lines(
    model, wishes: RestyleConfig, settings: PathSettings, detail: DetailConfig, preset
) -> list[str]:
    """What the wishes came to."""
    values = {name: getattr(settings, name) for name in RULED} | {"drawn": detail.drawn}
    came_to = ", ".join(f"{name} {shown(value)}" for name, value in values.items())
    around = "the default" if preset is None else "the preset"
    line = (
        f"strength {wishes.strength:g}, keep_structure {wishes.keep_structure:g} and "
        f"{wishes.quality.value} around {around}: {came_to}"
    )
    return [line] if preset is None else [line, *found_elsewhere(model, preset)]


def size_line(picture: Tensor, size: PictureSize) -> list[str]:
    """Where the picture is worked on at another size than its own."""
    height, width = picture.shape[-2:]
    if (size.height, size.width) == (height, width):
        return []
    return [f"worked on at {size.width} x {size.height}, given back at {width} x {height}"]


NODES = [Restyle]
