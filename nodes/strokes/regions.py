"""Words for regions as nodes: a phrase with its place, and a model that keeps to them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from ...s2st import Region, RegionConfig
from ...s2st.strokes.painting import palette_of
from ...s2st.strokes.token_regions import (
    HeldPrompt,
    Layout,
    Text,
    held_prompt,
    layout_of,
    mask_of_colour,
    tokens_of,
)
from ..core.api import CATEGORY, found_by, io, output
from ..core.facts import check_there
from ..core.layout import planes_of, to_channels_first
from ..core.prompts import check_prompt_fits, encoded_prompt
from ..core.reports import listed
from ..core.settings import config_of, setting
from ..core.token_regions import (
    check_attends_to_words,
    replaced_blocks,
    tokens_of_text,
    with_regions,
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
            **found_by("regional prompt", "attention couple", "area"),
        )

    @classmethod
    def execute(cls, phrase, colour, tolerance, regions=None, mask=None, strokes=None):
        plane = _plane(phrase, colour, tolerance, mask, strokes)
        return io.NodeOutput([*(regions or []), Region(phrase.strip(NO_MARKS), plane)], plane[None])


def _plane(phrase, colour, tolerance, mask, strokes) -> Tensor:
    if mask is not None:
        planes = planes_of(mask)
        check_one(f"The mask of {phrase!r} is", planes)
        return planes[0].clamp(0, 1)
    found = COLOUR.fullmatch(colour.strip())
    if strokes is None or found is None:
        raise ValueError(
            f"The region {phrase!r} has no place: connect a mask, or connect the strokes and give "
            f"a colour of theirs as #rrggbb (it is {colour!r})."
        )
    check_one(f"The strokes of {phrase!r} are", strokes)
    picture = to_channels_first(strokes)[0]
    wanted = torch.tensor([int(found[1][at : at + 2], 16) / 255 for at in (0, 2, 4)])
    plane = mask_of_colour(picture, wanted, tolerance)
    if not plane.any():
        raise ValueError(
            f"The strokes have no colour within {tolerance:g} of #{found[1]}, but the region "
            f"{phrase!r} needs some: their main colours are {', '.join(main_colours(picture))}."
        )
    return plane


def check_one(what: str, batch: Tensor) -> None:
    if len(batch) > 1:
        raise ValueError(f"{what} a batch of {len(batch)}, but a region has 1: pick one.")


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
                setting(RegionConfig, "outside", advanced=True),
                setting(RegionConfig, "end"),
                setting(RegionConfig, "apart", optional=True, advanced=True),
            ],
            outputs=[
                output(io.Model, "held_model", "The model, for any sampler."),
                output(io.Conditioning, "positive", "The prompt; regions hold for it alone."),
                output(io.String, "report", "Which phrases are held where."),
            ],
            **found_by("regional prompt", "attention couple", "area"),
        )

    @classmethod
    def execute(cls, model, clip, regions, text, **given) -> io.NodeOutput:
        check_there("clip", clip)
        check_attends_to_words(model)
        config, layout = config_of(RegionConfig, given), layout_of(regions)
        text, lost = with_phrases(clip, text, layout)
        positive = encoded_prompt(clip, text)
        check_prompt_fits(model, positive, "prompt", batch=1)
        held = held_prompts(clip, text, positive, layout, config)
        if held:
            model = with_regions(model, held)
            entries = zip(held, positive, strict=True)
            positive = [[one.embedding, extras] for one, (_, extras) in entries]
        report = _report(model, layout, text, lost, config)
        return io.NodeOutput(model, positive, listed(report))


def with_phrases(clip, text: str, layout: Layout) -> tuple[str, list[str]]:
    """(the prompt with all phrases in it, those that no token of it stands for)."""
    phrases = dict.fromkeys([*(one.phrase for one in layout.regions), *layout.everywhere])

    def absent(text: str) -> list[str]:
        prompt = tokens_of_text(clip, text)
        every = {one: tokens_of_text(clip, one) for one in phrases}
        return [
            phrase
            for phrase, tokens in every.items()
            if not tokens_of([one for one in tokens if one >= 0], prompt)
        ]

    text = ", ".join(filter(None, [text.strip(NO_MARKS + "\n"), *absent(text)]))
    return text, absent(text)


def held_prompts(
    clip, text: str, positive: list, layout: Layout, config: RegionConfig
) -> list[HeldPrompt]:
    """One for each entry of the encoded prompt, or none where nothing is held."""
    phrases = [one.phrase for one in layout.regions]
    texts = {one: texts_of(clip, one) for one in (*phrases, *layout.everywhere)}
    found = [
        held_prompt(
            layout,
            whole,
            [texts[one][number] for one in phrases],
            [texts[one][number] for one in layout.everywhere],
            config,
        )
        for number, whole in enumerate(texts_of(clip, text, positive))
    ]
    return [one for one in found if one is not None]


def texts_of(clip, text: str, entries: list | None = None) -> list[Text]:
    """A text by its entries, of which there are several where hooks change the encoder."""
    tokens = tokens_of_text(clip, text)
    return [
        Text(tokens, _own(embedding, len(tokens)))
        for embedding, _ in entries or encoded_prompt(clip, text)
    ]


def _own(embedding: Tensor, count: int) -> Tensor:
    """An embedding that has a row for each of a text's tokens."""
    if embedding.ndim != 3 or embedding.shape[1] != count:
        raise ValueError(
            f"The text encoder makes {embedding.shape[1]} vectors of {count} tokens, but "
            f"regions need one for each: use the CLIP of a Stable Diffusion 1.x, 2.x or XL model."
        )
    return embedding.detach().clone()


def _report(
    model, layout: Layout, text: str, lost: Sequence[str], config: RegionConfig
) -> list[str]:
    lines = [f"prompt: {text}"]
    lines += [
        f"{one.phrase!r} is held to {one.share:.0%} of the picture"
        for one in layout.regions
        if one.phrase not in lost
    ]
    lines += [f"{one!r} covers nearly everything, so it is no region" for one in layout.everywhere]
    lines += [f"{one!r} covers less than 2 %, so it is left out" for one in layout.dropped]
    lines += [f"{one!r} has no token of its own in the prompt" for one in lost]
    if layout.background is not None and layout.regions:
        lines.append("the prompt's other words are held to what no region covers")
    if not config.strength:
        lines.append("strength 0: the model is as it was")
    elif layout.regions:
        lines.append("each held phrase also stands behind the prompt in one of its own")
    replaced = replaced_blocks(model)
    if replaced:
        count = f"{len(replaced)} block{'s' if len(replaced) > 1 else ''}"
        named = ", ".join(f"{one[0]} {one[1]}" for one in replaced)
        lines.append(
            f"note: another node computes the attention to words of {count} itself, {named} "
            f"(attn2_replace, as IPAdapter does), and wins there; regions reach them only where it "
            f"hands on the core's options"
        )
    return lines


NODES = [RegionPrompt, ApplyRegions]
