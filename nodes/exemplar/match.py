"""What of an exemplar matches what of a picture, as a node."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...s2st import Exemplars, MatchConfig
from ...s2st.look.exemplars import Warp, size_of, warp_of
from ...s2st.look.matching import Size, matches, picture_directions
from ..core.api import CATEGORY, found_by, io, output
from ..core.features import features_of
from ..core.latents import packed, unpacked
from ..core.layout import PictureSize, padded, to_channels_first
from ..core.prompts import check_prompt_fits
from ..core.reports import calls_line, listed
from ..core.settings import config_of, setting
from ..core.shown import check_features
from ..pictures.images import decoded, encoded
from .shown import colour_code, coloured, side_by_side


class MatchExemplar(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_MatchExemplar",
            display_name="S2ST Match Exemplar",
            category=CATEGORY,
            description="Shows what of an exemplar the model's own features find where in a "
            "picture: sky for sky, road for road. Look here first where S2ST Exemplar Translate "
            "takes its look from the wrong things.",
            inputs=[
                io.Model.Input("model", tooltip="The model you translate with."),
                io.Vae.Input("vae", tooltip="The VAE of the same checkpoint."),
                io.Conditioning.Input(
                    "prompt",
                    tooltip="What the features are read under; any text serves, an empty one too.",
                ),
                io.Image.Input("image", tooltip="The source pictures."),
                io.Image.Input(
                    "exemplar",
                    tooltip="One or more pictures of the wanted look; each place is taken from the "
                    "one that fits.",
                ),
                setting(MatchConfig, "temperature"),
                setting(MatchConfig, "stray", advanced=True),
            ],
            outputs=[
                output(io.Image, "warped", "The exemplars, brought to where the source has them."),
                output(io.Mask, "confidence", "White where a match, followed back, returns."),
                output(
                    io.Image,
                    "correspondence",
                    "The source under the colours of the places it matches, beside the exemplars.",
                ),
                output(io.String, "report", "How much is matched, and from which exemplar."),
            ],
            **found_by("correspondence", "reference", "matching"),
        )

    @classmethod
    def execute(cls, model, vae, prompt, image, exemplar, **given) -> io.NodeOutput:
        config = config_of(MatchConfig, given)
        check_prompt_fits(model, prompt, "prompt", 1)
        check_features(model, prompt)
        source, picture = _latents(model, vae, image)
        known, _ = _latents(model, vae, exemplar)
        with torch.inference_mode(False):
            own, others, calls = features_of(model, prompt, source, known)
            exemplars = Exemplars.of(known, others)
            warp = warp_of(exemplars, own, size_of(source), config)
            places = found_places(exemplars, own, source)
        return io.NodeOutput(
            decoded(packed(model, warp.latent, picture), vae),
            confidence_mask(warp, picture),
            correspondence(
                image, exemplar, places, (size_of(source), size_of(known)), picture.stride
            ),
            listed([*match_lines(warp, places, exemplars), calls_line(calls)]),
        )


def _latents(model, vae, image: Tensor) -> tuple[Tensor, PictureSize]:
    samples, picture = encoded(to_channels_first(image), vae)
    return unpacked(model, {"samples": samples}, "The picture"), picture


def found_places(exemplars: Exemplars, features: Tensor, source: Tensor) -> Tensor:
    """[B, h * w]: for each of the source's places its like, numbered through all exemplars."""
    own = picture_directions(features, size_of(source))
    return torch.stack([matches(one, exemplars.directions).places for one in own])


def confidence_mask(warp: Warp, picture: PictureSize) -> Tensor:
    """MASK at the size of the pictures."""
    stride = picture.stride
    large = F.interpolate(warp.confidence, scale_factor=stride, mode="nearest")[:, 0]
    return large[:, : picture.height, : picture.width]


def correspondence(
    image: Tensor, exemplar: Tensor, places: Tensor, sizes: tuple[Size, Size], stride: int
) -> Tensor:
    """IMAGE: every source picture in the colours of what it matches, beside the exemplars.

    `sizes` are those of the latents of both.
    """
    own, known = sizes
    code = colour_code(known)
    colours = code.flatten(1)[:, places % (known[0] * known[1])]
    found = colours.movedim(1, 0).unflatten(2, own)
    pictures, examples = to_channels_first(image), to_channels_first(exemplar)
    height, width = pictures.shape[-2:]
    source = coloured(padded(pictures, stride), found)[..., :height, :width]
    return side_by_side(source, coloured(examples, code.expand(len(examples), -1, -1, -1)))


def match_lines(warp: Warp, places: Tensor, exemplars: Exemplars) -> list[str]:
    """How much is trusted, and the share of each exemplar."""
    share = float(warp.confidence.mean())
    lines = [f"{share:.0%} of the source's places are matched, and found again from there"]
    if exemplars.count > 1:
        cells = exemplars.directions.shape[1] * exemplars.directions.shape[2]
        counts = (places // cells).flatten().bincount(minlength=exemplars.count)
        shares = (counts / counts.sum()).tolist()
        told = ", ".join(f"{one:.0%} from {n}" for n, one in enumerate(shares, start=1))
        lines.append(f"exemplars by share: {told}")
    return lines


NODES = [MatchExemplar]
