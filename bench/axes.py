"""The axes of the comparison, written down once: what is measured, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Side(str, Enum):
    TRUTH = "distance to truth"
    STRUCTURE = "structure"
    APPEARANCE = "appearance"


@dataclass(frozen=True)
class Axis:
    """One column; `better` is 1 if more is better, -1 if less is."""

    key: str
    name: str
    side: Side
    better: int
    digits: int
    meaning: str
    of_set: bool = False  # one number for all scenes together, not one per scene

    @property
    def head(self) -> str:
        return f"{self.name} {'↑' if self.better > 0 else '↓'}"

    def shown(self, value: float) -> str:
        return f"{value:.{self.digits}f}"


AXES = (
    Axis("psnr", "PSNR", Side.TRUTH, 1, 2, "peak signal-to-noise ratio to the truth, dB"),
    Axis("ssim", "SSIM", Side.TRUTH, 1, 3, "structural similarity to the truth"),
    Axis(
        "perceptual",
        "perceptual",
        Side.TRUTH,
        -1,
        3,
        "distance to the truth in the features of our own judge (not LPIPS)",
    ),
    Axis(
        "edges", "edges, source", Side.STRUCTURE, 1, 3, "cosine of Sobel magnitudes with the source"
    ),
    Axis(
        "true_edges",
        "edges, truth",
        Side.STRUCTURE,
        1,
        3,
        "cosine of Sobel magnitudes with the truth",
    ),
    Axis(
        "labels",
        "labels",
        Side.STRUCTURE,
        1,
        3,
        "share of pixels in which the judge sees the true label",
    ),
    Axis(
        "colour",
        "colour",
        Side.APPEARANCE,
        -1,
        4,
        "distance of the sorted colours of all results from those of the target domain",
        of_set=True,
    ),
    Axis(
        "slopes",
        "gradients",
        Side.APPEARANCE,
        -1,
        4,
        "distance of the sorted Sobel magnitudes of all results from the target domain's",
        of_set=True,
    ),
    Axis(
        "frechet",
        "Fréchet",
        Side.APPEARANCE,
        -1,
        3,
        "Fréchet distance to the target domain in the features of our own judge (not FID)",
        of_set=True,
    ),
)
PSNR, SSIM, PERCEPTUAL, EDGES, TRUE_EDGES, LABELS, COLOUR, SLOPES, FRECHET = AXES


def of_side(side: Side) -> list[Axis]:
    return [axis for axis in AXES if axis.side is side]
