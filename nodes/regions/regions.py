"""Regions of source and target domain as a node."""

from __future__ import annotations

import colorsys

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ...s2st import FindConfig, Regions, carried_over, found_regions
from ...s2st.look.kept import KeptLook
from ...s2st.look.regions import FEWEST_PIXELS, MOST_REGIONS
from ..core.api import CATEGORY, found_by, io, output
from ..core.domain import domain_input, domain_of, region_latents
from ..core.features import features_of
from ..core.latents import picture_of, unpacked
from ..core.layout import cropped, to_image
from ..core.prompts import check_prompt_fits
from ..core.reports import calls_line, listed
from ..core.settings import config_of, setting
from ..core.shown import check_features
from ..core.types import RegionsSocket
from .given import Canvas, check_as_many, labels_of_maps, labels_of_masks

NOTHING_ASKED = "in no reference, so that nothing is asked of it"
USUAL_STRIDE = 8  # of an autoencoder, where a latent does not tell
TURN = 0.618034  # of the colour wheel from one region to the next: neighbours in number differ most


class MakeRegions(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="S2ST_Regions",
            display_name="S2ST Regions",
            category=CATEGORY,
            description="Says what is what in the source and in the pictures of the target domain, "
            "so that each region is asked for the look of its own kind: sky like sky, road like "
            "road. From your masks or label maps, or found by the model's own features.",
            inputs=[
                io.Model.Input("model", tooltip="The model you translate with."),
                io.Conditioning.Input(
                    "prompt",
                    tooltip="What the features are read under; any text serves, an empty one too. "
                    "Not read where masks or label maps say all.",
                ),
                io.Latent.Input("latent", tooltip="The source pictures, encoded with the VAE."),
                domain_input("The same pictures of the target domain, encoded."),
                setting(FindConfig, "count"),
                setting(FindConfig, "search_seed", advanced=True),
                io.Mask.Input(
                    "source_masks",
                    optional=True,
                    tooltip="A mask for each region, the later on top; with several pictures first "
                    "all masks of the first. What none covers is a region too.",
                ),
                io.Mask.Input(
                    "target_masks",
                    optional=True,
                    tooltip="The same regions of every picture of the target domain. Without them "
                    "the model's features carry the source's masks over.",
                ),
                io.Image.Input(
                    "source_map",
                    optional=True,
                    tooltip="Label maps from a segmentation node, one colour for each kind.",
                ),
                io.Image.Input(
                    "target_map",
                    optional=True,
                    tooltip="Label maps of the target domain in the same colours. Without them the "
                    "model's features carry the source's over.",
                ),
            ],
            outputs=[
                output(RegionsSocket, "regions", "For the nodes that take regions."),
                output(io.Image, "source_preview", "The source's regions, a colour for each."),
                output(
                    io.Image, "target_preview", "The target domain's, as the first source sees it."
                ),
                output(io.String, "report", "How much each region covers, and who has it."),
            ],
            **found_by("segmentation", "semantic", "masks"),
        )

    @classmethod
    def execute(
        cls,
        model,
        prompt,
        latent,
        target_domain,
        source_masks=None,
        target_masks=None,
        source_map=None,
        target_map=None,
        **given,
    ) -> io.NodeOutput:
        config = config_of(FindConfig, given)
        source = Side(model, "source", latent, source_masks, source_map)
        target = Side(model, "target domain", target_domain, target_masks, target_map)
        with torch.inference_mode(False):
            regions, lines = regions_of(model, prompt, source, target, config)
        return io.NodeOutput(
            regions,
            preview(regions.source, source.canvas),
            preview(regions.references[0], target.canvas),
            listed([*lines, *region_lines(regions)]),
        )


class Side:
    """The source's pictures or the target domain's, with what their user says of them."""

    def __init__(self, model, name: str, latent: dict | KeptLook, masks, image) -> None:
        self.features, picture = None, None
        if isinstance(latent, KeptLook):
            domain = domain_of(model, latent, f"The {name}")
            self.latents, self.features = region_latents(domain), domain.features
            _check_nothing_said(masks, image)
        else:
            self.latents, picture = unpacked(model, latent, f"The {name}"), picture_of(latent)
        self.canvas = Canvas.of(name, self.latents, picture)
        self.masks, self.map = masks, image
        if masks is not None and image is not None:
            raise ValueError(
                f"The {name} has masks and label maps, but one of them says all: connect the "
                f"masks or the maps."
            )

    @property
    def said(self) -> bool:
        return self.masks is not None or self.map is not None

    def labels(self) -> Tensor:
        """What is said of this side alone."""
        if self.masks is not None:
            return labels_of_masks(self.masks, self.canvas)
        return labels_of_maps([self.map], [self.canvas])[0]


def _check_nothing_said(masks, image) -> None:
    if masks is not None or image is not None:
        raise ValueError(
            "The target domain is a look, of whose pictures no masks or label maps can be given: "
            "leave them out, or connect the pictures themselves, encoded."
        )


def regions_of(
    model, prompt: list, source: Side, target: Side, config: FindConfig
) -> tuple[Regions, list[str]]:
    """The regions, and how they came about."""
    if source.said and target.said:
        return as_said(source, target), ["regions as they were given"]
    check_prompt_fits(model, prompt, "prompt", 1)
    check_features(model, prompt)
    said = [one.labels() for one in (source, target) if one.said]
    latents = source.latents, target.latents
    own, others, calls = features_of(model, prompt, *latents, target.features)
    sizes = source.canvas.size, target.canvas.size
    if not said:
        regions = found_regions(own, others, *sizes, config)
        return regions, ["regions found by the model's features", calls_line(calls)]
    (labels,), alone = said, own.split(1)
    if source.said:
        pairs = zip(labels.split(1), alone, strict=True)
        there = [carried_over(one, features, others, sizes[1]) for one, features in pairs]
        regions = Regions(labels, torch.stack(there))
    else:
        here = [carried_over(labels, others, features, sizes[0]) for features in alone]
        regions = Regions(torch.cat(here), labels[None])
    return regions, ["regions carried over by the model's features", calls_line(calls)]


def as_said(source: Side, target: Side) -> Regions:
    """Regions of which both sides tell."""
    if (source.masks is None) != (target.masks is None):
        raise ValueError(
            "One side has masks and the other label maps, but their regions cannot be told to be "
            "the same: give both masks or both maps, or leave the target domain's out."
        )
    canvases = [source.canvas, target.canvas]
    if source.masks is None:
        labels = labels_of_maps([source.map, target.map], canvases)
    else:
        check_as_many(source.masks, source.canvas, target.masks, target.canvas)
        labels = [source.labels(), target.labels()]
    return Regions(labels[0], labels[1][None])


def preview(labels: Tensor, canvas: Canvas) -> Tensor:
    """IMAGE: a colour for each region, at the size of the picture."""
    picture = canvas.picture
    stride = USUAL_STRIDE if picture is None else picture.stride
    colours = torch.tensor([colour(number) for number in range(MOST_REGIONS)])
    shown = rearrange(colours[labels], "b h w c -> b c h w")
    return cropped(to_image(F.interpolate(shown, scale_factor=stride, mode="nearest")), picture)


def colour(number: int) -> tuple[float, float, float]:
    """Of a region, always the same."""
    return colorsys.hsv_to_rgb(number * TURN % 1, 0.35 + 0.3 * (number % 2), 0.95)


def region_lines(regions: Regions) -> list[str]:
    """A line for each region: its share, and how many references have it.

    Found regions are each picture's own, so that the first one's are told.
    """
    references, own = regions.references[0].flatten(1), len(regions.references) > 1
    source = regions.source[0] if own else regions.source
    shares = source.flatten().bincount(minlength=regions.count) / source.numel()
    lines = ["every source has regions of its own; these are the first one's"] if own else []
    for number in shares.nonzero().flatten().tolist():
        have = int(((references == number).sum(dim=1) >= FEWEST_PIXELS).sum())
        asked = f"{have} of {len(references)} references have it" if have else NOTHING_ASKED
        lines.append(f"region {number}: {float(shares[number]):.0%} of the source, {asked}")
    return lines


NODES = [MakeRegions]
