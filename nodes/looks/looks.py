"""A target domain made once, and kept for every graph, command and machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ...s2st.explore.preset import Preset, plain_settings, settings_of
from ...s2st.look.kept import SUFFIX, KeptLook, LookConfig, kept_look
from ..core.api import CATEGORY, found_by, io, output
from ..core.autoencoder import check_vae_fits, encoded_whole, encoding_stride
from ..core.features import features_of_references
from ..core.files import Kept
from ..core.latents import normal_samples
from ..core.layout import to_channels_first, to_image
from ..core.progress import one_by_one
from ..core.prompts import check_prompt_fits
from ..core.reports import listed
from ..core.settings import setting
from ..core.shown import check_features
from ..core.types import CorrelationSocket, LookSocket, PresetSocket
from ..core.units import to_model_space

FILES = Kept("look", SUFFIX, "Save Look")


class VaeEncoder:
    """A VAE as s2st's encoder of references."""

    def __init__(self, vae) -> None:
        self._vae, self.stride = vae, encoding_stride(vae)

    def encode_raw(self, pictures: Tensor) -> Tensor:
        return normal_samples({"samples": encoded_whole(self._vae, pictures)}, "A reference")


class Pictures:
    """Pictures of batches and lists, one at a time, with a bar over all."""

    def __init__(self, images: Sequence[Tensor]) -> None:
        self._places = [(image, place) for image in images for place in range(len(image))]

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Tensor]:
        for image, place in one_by_one(self._places):
            yield to_channels_first(image[place : place + 1])


class MakeLook(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_MakeLook",
            display_name="S2ST Make Look",
            category=CATEGORY,
            description="Takes what 1 to 1,000 pictures of a target domain have in common, of any "
            "size, as a batch or a list. Connect the look wherever a target domain is asked for; "
            "S2ST Save Look keeps it.",
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="Pictures that look as results shall look."),
                io.Vae.Input("vae", tooltip="The VAE of your checkpoint."),
                setting(LookConfig, "megapixels"),
                io.String.Input(
                    "prompt", default="", tooltip="What the pictures show, kept with the look."
                ),
                CorrelationSocket.Input(
                    "correlation", optional=True, tooltip="Channel weights to keep with the look."
                ),
                PresetSocket.Input(
                    "preset", optional=True, tooltip="Settings to keep with the look."
                ),
                io.Model.Input(
                    "model",
                    optional=True,
                    tooltip="The model, whose features are kept then too: places and regions "
                    "find their like by them, and no graph has to read them again.",
                ),
                io.Conditioning.Input(
                    "positive",
                    optional=True,
                    tooltip="With model: what features are read under; any text serves.",
                ),
            ],
            outputs=[
                output(LookSocket, "look", "The look, for every target domain."),
                output(io.Image, "thumbnails", "Some of the pictures, small and square."),
                output(io.String, "report", "What the look was made of."),
            ],
            **found_by("style reference", "moodboard"),
        )

    @classmethod
    def execute(cls, images, vae, **given) -> io.NodeOutput:
        # Everything arrives as a list, of which all but the pictures hold one.
        one = {name: some[0] for name, some in given.items() if some}
        model, positive = one.get("model"), one.get("positive")
        if (model is None) != (positive is None):
            raise ValueError(
                "model and positive belong together, but one of them is connected: connect both "
                "to keep features, or neither."
            )
        encoder, features = VaeEncoder(vae[0]), None
        if model is not None and positive is not None:
            check_vae_fits(vae[0], model)
            check_prompt_fits(model, positive, "positive", 1)
            check_features(model, positive)
            features = _reader(model, positive)
        config = LookConfig(megapixels=one["megapixels"])
        preset = one.get("preset")
        with torch.inference_mode(False):
            made = kept_look(
                Pictures(images), encoder, config, features=features, prompt=one["prompt"]
            )
            look = replace(
                made,
                correlation=one.get("correlation"),
                settings={} if preset is None else plain_settings(preset.settings),
            )
        return io.NodeOutput(look, shown(look), report(look))


def _reader(model, positive: list) -> Callable[[Tensor], Tensor]:
    """The features of a reference's latents, before they are scaled for the model."""
    return lambda raw: features_of_references(model, positive, to_model_space(model, raw))


def shown(look: KeptLook) -> Tensor:
    """The thumbnails as IMAGE; one black one where none are kept."""
    small = look.thumbnails
    return to_image(torch.zeros(1, 3, 1, 1) if small is None else small)


def report(look: KeptLook) -> str:
    """What is in a look, and what it was made of."""
    sizes = look.made.get("sizes")
    lines = [f"a look of {len(look)} pictures, {look.channels} channels"]
    if isinstance(sizes, dict) and len(sizes) > 1:
        lines.append(f"of {len(sizes)} sizes")
    if look.prompt:
        lines.append(f"they show: {look.prompt}")
    kept = {
        "channel weights": look.correlation is not None,
        "settings": bool(look.settings),
        "features for regions": look.places is not None,
    }
    lines += [f"with {name}" for name, there in kept.items() if there]
    return listed(lines)


class SaveLook(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_SaveLook",
            display_name="S2ST Save Look",
            category=CATEGORY,
            description="Keeps a look in the output folder, for other graphs, for the command line "
            "and for other machines.",
            inputs=[LookSocket.Input("look", tooltip="From S2ST Make Look."), FILES.name_input()],
            outputs=[output(io.String, "file", "Where it was saved, for Load Look.")],
            is_output_node=True,
            **found_by("style"),
        )

    @classmethod
    def execute(cls, look, filename_prefix) -> io.NodeOutput:
        return io.NodeOutput(FILES.saved(look.save, filename_prefix))


class LoadLook(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_LoadLook",
            display_name="S2ST Load Look",
            category=CATEGORY,
            description="Takes up a look that was kept, by Save Look or by the command line. One "
            "that another VAE has made is refused.",
            inputs=[
                FILES.file_input(f"A file that ends in {SUFFIX}"),
                io.Vae.Input("vae", tooltip="The VAE of your checkpoint."),
            ],
            outputs=[
                output(LookSocket, "look", "The look, for every target domain."),
                output(PresetSocket, "preset", "The settings kept with it; nothing without any."),
                output(io.String, "prompt", "What the pictures show."),
                output(io.Image, "thumbnails", "Some of the pictures, small and square."),
                output(io.String, "report", "What the look was made of."),
            ],
            **found_by("style"),
        )

    @classmethod
    def validate_inputs(cls, file=None) -> bool | str:
        return FILES.problem(file) or True

    @classmethod
    def fingerprint_inputs(cls, file, **_) -> str:
        return str(FILES.located(file).stat().st_mtime_ns)

    @classmethod
    def execute(cls, file, vae) -> io.NodeOutput:
        with torch.inference_mode(False):
            look = KeptLook.load(FILES.located(file))
            look.check_made_by(VaeEncoder(vae))
        preset = None
        if look.settings:
            preset = Preset(settings=settings_of("The look", look.settings), made=look.made)
        return io.NodeOutput(look, preset, look.prompt, shown(look), report(look))


NODES = [MakeLook, SaveLook, LoadLook]
