"""Words for regions as nodes: a phrase with its place, and a model that keeps to them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from ...s2st import Region, RegionConfig
from ...s2st.strokes.painting import palette_of
from ...s2st.strokes.token_regions import (
    HeldPrompt,
    Layout,
    TokenMasks,
    layout_of,
    mask_of_colour,
    token_masks,
    tokens_of,
)
from ..core.api import CATEGORY, io, output
from ..core.facts import check_there
from ..core.layout import planes_of, to_channels_first
from ..core.prompts import encoded_prompt
from ..core.reports import listed
from ..core.settings import config_of, setting
from ..core.token_regions import (
    check_attends_to_words,
    phrase_of,
    reads_overrides,
    replaced_blocks,
    with_regions,
    words_of,
)

RegionsSocket = io.Custom("S2ST_TOKEN_REGIONS")  # carries a list of s2st.Region, the topmost last
COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")
NAMED = 4  # colours that a refusal offers
NO_MARKS = " ,.;"


class RegionPrompt(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_RegionPrompt",
            display_name="S2ST Region Prompt",
            category=CATEGORY,
            description="Says what is where: a phrase, and its place as a mask or as a colour of "
            "the strokes. Chain one for each phrase; later ones lie on top.",
            inputs=[
                io.String.Input(
                    "phrase",
                    default="",
                    tooltip="One or a few words, for example: a red car. They are put behind the "
                    "prompt where they do not stand in it.",
                ),
                io.String.Input(
                    "colour",
                    default="",
                    tooltip="The colour of its strokes as #rrggbb, where no mask is connected.",
                ),
                io.Float.Input(
                    "tolerance",
                    default=0.08,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="How far a stroke's colour may be from that.",
                ),
                RegionsSocket.Input(
                    "regions", optional=True, tooltip="The regions that lie under this one."
                ),
                io.Mask.Input(
                    "mask", optional=True, tooltip="Where the phrase belongs: white; any size."
                ),
                io.Image.Input(
                    "strokes", optional=True, tooltip="The stroke picture that has the colour."
                ),
            ],
            outputs=[
                output(RegionsSocket, "all_regions", "All regions up to this one."),
                output(io.Mask, "place", "Where this one is."),
            ],
        )

    @classmethod
    def execute(cls, phrase, colour, tolerance, regions=None, mask=None, strokes=None):
        plane = _plane(phrase, colour, tolerance, mask, strokes)
        return io.NodeOutput([*(regions or []), Region(phrase.strip(NO_MARKS), plane)], plane[None])


def _plane(phrase, colour, tolerance, mask, strokes) -> Tensor:
    if mask is not None:
        planes = planes_of(mask)
        if len(planes) > 1:
            raise ValueError(
                f"The mask of {phrase!r} is a batch of {len(planes)}, but a region has 1: pick one."
            )
        return planes[0].clamp(0, 1)
    found = COLOUR.fullmatch(colour.strip())
    if strokes is None or found is None:
        raise ValueError(
            f"The region {phrase!r} has no place: connect a mask, or connect the strokes and give "
            f"a colour of theirs as #rrggbb (it is {colour!r})."
        )
    picture = to_channels_first(strokes)[0]
    wanted = torch.tensor([int(found[1][at : at + 2], 16) / 255 for at in (0, 2, 4)])
    plane = mask_of_colour(picture, wanted, tolerance)
    if not plane.any():
        raise ValueError(
            f"The strokes have no colour within {tolerance:g} of #{found[1]}, but the region "
            f"{phrase!r} needs some: their main colours are {', '.join(main_colours(picture))}."
        )
    return plane


def main_colours(picture: Tensor) -> list[str]:
    palette = (palette_of(picture[None], NAMED)[0].clamp(0, 1) * 255).round().int().tolist()
    return ["#" + "".join(f"{one:02x}" for one in colour) for colour in palette]


class ApplyRegions(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_ApplyRegions",
            display_name="S2ST Apply Regions",
            category=CATEGORY,
            description="Encodes a prompt whose phrases keep to their regions, and the model that "
            "holds them to it: for S2ST's nodes and for the core's samplers alike.",
            inputs=[
                io.Model.Input("model", tooltip="A Stable Diffusion 1.x, 2.x or XL model."),
                io.Clip.Input("clip", tooltip="The text encoder of the same checkpoint."),
                RegionsSocket.Input("regions", tooltip="From S2ST Region Prompt."),
                io.String.Input(
                    "text",
                    multiline=True,
                    default="",
                    tooltip="The whole picture in words; phrases of regions may stand in it.",
                ),
                setting(RegionConfig, "strength"),
                setting(RegionConfig, "outside"),
                setting(RegionConfig, "end"),
            ],
            outputs=[
                output(io.Model, "held_model", "The model, for any sampler."),
                output(io.Conditioning, "positive", "The prompt; regions hold for it alone."),
                output(io.String, "report", "Which phrases are held where."),
            ],
        )

    @classmethod
    def execute(cls, model, clip, regions, text, **given) -> io.NodeOutput:
        check_there("clip", clip)
        check_attends_to_words(model)
        config, layout = config_of(RegionConfig, given), layout_of(regions)
        worded = worded_prompt(clip, text, layout)
        positive = encoded_prompt(clip, worded.text)
        if config.strength and worded.masks is not None:
            prompts = [
                HeldPrompt(_own(tokens, worded.masks), worded.masks, config)
                for tokens, _ in positive
            ]
            model = with_regions(model, prompts)
        return io.NodeOutput(model, positive, listed(_report(model, layout, worded, config)))


@dataclass(frozen=True)
class Worded:
    """A prompt with all phrases in it, and where its tokens belong."""

    text: str
    masks: TokenMasks | None
    held: tuple[str, ...]
    lost: tuple[str, ...]  # phrases that no token of the prompt stands for


def worded_prompt(clip, text: str, layout: Layout) -> Worded:
    phrases = [one.phrase for one in layout.regions]
    missing = [
        one
        for one in dict.fromkeys([*phrases, *layout.everywhere])
        if not tokens_of(phrase_of(clip, one), words_of(clip, text))
    ]
    text = ", ".join(filter(None, [text.strip(NO_MARKS + "\n"), *missing]))
    prompt = words_of(clip, text)
    places = [tokens_of(phrase_of(clip, one), prompt) for one in phrases]
    named = [tokens_of(phrase_of(clip, one), prompt) for one in (*phrases, *layout.everywhere)]
    taken = {at for tokens in named for at in tokens}
    free = [at for at, one in enumerate(prompt) if one >= 0 and at not in taken]
    masks = token_masks(layout, [*places, free], len(prompt))
    held = tuple(one for one, tokens in zip(phrases, places, strict=True) if tokens)
    lost = tuple(one for one, tokens in zip(phrases, places, strict=True) if not tokens)
    return Worded(text, masks, held, lost)


def _own(tokens: Tensor, masks: TokenMasks) -> Tensor:
    """The prompt's embedding, which has a row for each of its tokens."""
    if tokens.ndim != 3 or tokens.shape[1] != masks.count:
        raise ValueError(
            f"The text encoder makes {tokens.shape[1]} vectors of {masks.count} tokens, but "
            f"regions need one for each: use the CLIP of a Stable Diffusion 1.x, 2.x or XL model."
        )
    return tokens.detach().clone()


def _report(model, layout: Layout, worded: Worded, config: RegionConfig) -> list[str]:
    lines = [f"prompt: {worded.text}"]
    shares = {one.phrase: one.share for one in layout.regions}
    lines += [f"{one!r} is held to {shares[one]:.0%} of the picture" for one in worded.held]
    lines += [f"{one!r} covers nearly everything, so it is no region" for one in layout.everywhere]
    lines += [f"{one!r} covers less than 2 %, so it is left out" for one in layout.dropped]
    lines += [f"{one!r} has no token of its own in the prompt" for one in worded.lost]
    if layout.background is not None and layout.regions:
        lines.append("the prompt's other words are held to what no region covers")
    if not config.strength:
        lines.append("strength 0: the model is as it was")
    replaced = replaced_blocks(model) if reads_overrides() else []
    if replaced:
        lines.append(
            f"note: another node computes the attention to words of {len(replaced)} blocks itself "
            f"(attn2_replace, as IPAdapter does); regions reach them only where it asks the core"
        )
    return lines


NODES = [RegionPrompt, ApplyRegions]
