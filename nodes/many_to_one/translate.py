"""Pictures of one domain into another, under styles of a seed or of reference pictures."""

from __future__ import annotations

from enum import Enum

import torch
import torch.nn.functional as F
from torch import Tensor

from ...s2st.many_to_one.domains import Domain, Kind, number_of
from ...s2st.many_to_one.translator import Translator
from ..core.api import CATEGORY, found_by, io, output
from ..core.devices import on_device
from ..core.layout import to_channels_first, to_image, trained_size
from ..core.progress import one_by_one
from ..core.reports import listed
from ..core.settings import member
from ..core.types import TranslatorSocket
from ..pictures.legend import legend_picture

AT_ONCE = 8
MOST_ANSWERS = 64


class Style(str, Enum):
    """Where a style comes from."""

    SEED = "seed"
    REFERENCE = "reference"
    NONE = "none"


class TranslateDomain(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_TranslateDomain",
            display_name="S2ST Translate Domain",
            category=CATEGORY,
            description="Translates pictures with a trained translator. Where the target has many "
            "answers, a style chooses among them; where it has one, there is no style.",
            inputs=[
                TranslatorSocket.Input("translator", tooltip="From S2ST Load Translator."),
                io.Image.Input("image", tooltip="Pictures of the source domain, of any size."),
                io.String.Input(
                    "source", default="photo", tooltip="The domain that the pictures are of."
                ),
                io.String.Input(
                    "target", default="labels", tooltip="The domain that they shall be of."
                ),
                io.Combo.Input(
                    "style",
                    options=[one.value for one in Style],
                    default=Style.SEED.value,
                    tooltip="seed: drawn from noise; reference: read off pictures of the target "
                    "domain; none: for targets with one answer, which ignore all of this.",
                ),
                io.Int.Input(
                    "style_seed",
                    default=0,
                    min=0,
                    max=2**53 - MOST_ANSWERS,
                    control_after_generate=False,
                    tooltip="Of the first answer; the next answers have the next seeds.",
                ),
                io.Int.Input(
                    "answers",
                    default=1,
                    min=1,
                    max=MOST_ANSWERS,
                    tooltip="How many answers each picture gets by seed; by reference it gets one "
                    "for each reference.",
                ),
                io.Image.Input(
                    "reference",
                    optional=True,
                    tooltip="Pictures of the target domain whose style is taken.",
                ),
            ],
            outputs=[
                output(io.Image, "translated", "Every answer, one picture after the other."),
                output(io.Image, "legend", "Which colour is which class; blank without classes."),
                output(io.String, "report", "What was done, and what was not read."),
            ],
            **found_by("stargan", "many to one", "image to image"),
        )

    @classmethod
    def execute(
        cls, translator, image, source, target, style, style_seed, answers, reference=None
    ) -> io.NodeOutput:
        asked = member(Style, "style", style)
        pictures = to_channels_first(image)
        domains = translator.plan.domains
        given, wanted = (domains[number_of(domains, name)] for name in (source, target))
        with on_device(translator.networks):
            styles, lines = styles_of(translator, target, asked, style_seed, answers, reference)
            made, sizes = translated(translator, pictures, given, wanted, styles)
        report = [f"{source} to {target}: {len(pictures)} in, {len(made)} out", *lines, *sizes]
        legend = legend_picture(wanted.legend, f"{wanted.name} has no classes")
        return io.NodeOutput(to_image(made), legend, listed(report))


def styles_of(
    translator: Translator,
    target: str,
    asked: Style,
    seed: int,
    answers: int,
    reference: Tensor | None,
) -> tuple[list[Tensor | None], list[str]]:
    """(a style for each answer, what to say of it); of a target with one answer none is read."""
    if not translator.takes_style(target):
        told = f"{target} has one answer for each picture: style, seed and reference are ignored"
        return [None], [told]
    match asked:
        case Style.SEED:
            unread = [] if reference is None else ["the reference is not read: style is seed"]
            seeds = range(seed, seed + answers)
            made = [translator.style_of_seed(target, one) for one in seeds]
            return list(made), [f"styles of seeds {seeds[0]} to {seeds[-1]}", *unread]
        case Style.REFERENCE:
            if reference is None:
                raise ValueError(
                    "style is 'reference', but no reference is connected: connect pictures of "
                    f"{target!r}, or choose 'seed'."
                )
            found = translator.style_of_pictures(target, to_channels_first(reference))
            return list(found.split(1)), [f"styles of {len(found)} reference pictures"]
        case Style.NONE:
            raise ValueError(
                f"style is 'none', but {target!r} has many answers for each picture: choose "
                f"'seed' or 'reference'."
            )
        case _:
            raise ValueError(f"The style is {asked!r}, but must be a Style.")


def translated(
    translator: Translator,
    pictures: Tensor,
    source: Domain,
    target: Domain,
    styles: list[Tensor | None],
) -> tuple[Tensor, list[str]]:
    """(every picture under every style at the pictures' own size, a line if they were scaled)."""
    design = translator.plan.design
    height, width = trained_size(pictures, design.size, design.stride)
    scaled = resized(pictures, height, width, source)
    parts = [(part, style) for style in styles for part in scaled.split(AT_ONCE)]
    made = [
        translator.translate(part, source.name, target.name, style)
        for part, style in one_by_one(parts)
    ]
    by_style = torch.cat(made).unflatten(0, (len(styles), len(pictures)))
    answers = by_style.transpose(0, 1).flatten(0, 1)
    high, wide = pictures.shape[-2:]
    if (high, wide) == (height, width):
        return answers, []
    line = (
        f"scaled to {width} x {height} and back, for it was trained at {design.size} pixels a side"
    )
    return resized(answers, high, wide, target), [line]


def resized(pictures: Tensor, height: int, width: int, domain: Domain) -> Tensor:
    """Pictures of another size; a label map's colours are never mixed."""
    if pictures.shape[-2:] == (height, width):
        return pictures
    if domain.kind is Kind.LABELS:
        return F.interpolate(pictures, size=(height, width), mode="nearest")
    made = F.interpolate(pictures, size=(height, width), mode="bilinear", antialias=True)
    return made.clamp(0, 1)


NODES = [TranslateDomain]
