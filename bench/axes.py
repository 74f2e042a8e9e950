"""The axes of the comparison, written down once: what is measured, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Side(str, Enum):
    TRUTH = "distance to truth"
    STRUCTURE = "structure"
    APPEARANCE = "appearance"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One column: `of_set` means one number for all scenes together, not one per scene."""

    key: str
    name: str
    meaning: str
    side: Side
    more_is_better: bool
    digits: int
    of_set: bool = False


PSNR = Axis(
    key="psnr",
    name="PSNR",
    meaning="peak signal-to-noise ratio to the truth, dB",
    side=Side.TRUTH,
    more_is_better=True,
    digits=2,
)
SSIM = Axis(
    key="ssim",
    name="SSIM",
    meaning="structural similarity to the truth",
    side=Side.TRUTH,
    more_is_better=True,
    digits=3,
)
PERCEPTUAL = Axis(
    key="perceptual",
    name="perceptual",
    meaning="distance to the truth in the features of our own judge (not LPIPS)",
    side=Side.TRUTH,
    more_is_better=False,
    digits=3,
)
EDGES = Axis(
    key="edges",
    name="edges, source",
    meaning="cosine of Sobel magnitudes with the source",
    side=Side.STRUCTURE,
    more_is_better=True,
    digits=3,
)
TRUE_EDGES = Axis(
    key="true_edges",
    name="edges, truth",
    meaning="cosine of Sobel magnitudes with the truth",
    side=Side.STRUCTURE,
    more_is_better=True,
    digits=3,
)
LABELS = Axis(
    key="labels",
    name="labels",
    meaning="share of pixels in which the judge sees the true label",
    side=Side.STRUCTURE,
    more_is_better=True,
    digits=3,
)
COLOUR = Axis(
    key="colour",
    name="colour",
    meaning="distance of the sorted colours of all results from those of the target domain",
    side=Side.APPEARANCE,
    more_is_better=False,
    digits=4,
    of_set=True,
)
SLOPES = Axis(
    key="slopes",
    name="gradients",
    meaning="distance of the sorted Sobel magnitudes of all results from the target domain's",
    side=Side.APPEARANCE,
    more_is_better=False,
    digits=4,
    of_set=True,
)
FRECHET = Axis(
    key="frechet",
    name="Fréchet",
    meaning="Fréchet distance to the target domain in the features of our own judge (not FID)",
    side=Side.APPEARANCE,
    more_is_better=False,
    digits=3,
    of_set=True,
)
SCENE_COLOUR = Axis(
    key="scene_colour",
    name="colour, per scene",
    meaning="the same for every result alone: a scene is not a domain, so never zero",
    side=Side.APPEARANCE,
    more_is_better=False,
    digits=4,
)
SCENE_SLOPES = Axis(
    key="scene_slopes",
    name="gradients, per scene",
    meaning="the same for every result alone",
    side=Side.APPEARANCE,
    more_is_better=False,
    digits=4,
)

AXES = (PSNR, SSIM, PERCEPTUAL, EDGES, TRUE_EDGES, LABELS, COLOUR, SLOPES, FRECHET)
FURTHER_AXES = (SCENE_COLOUR, SCENE_SLOPES)  # in the JSON only
