"""The axes of the comparison, written down once: what is measured, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Side(str, Enum):
    TRUTH = "distance to truth"
    STRUCTURE = "structure"
    APPEARANCE = "appearance"
    CLASS = "by class"


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


_TRUTH, _STRUCTURE, _LOOK, _CLASS = Side
_OURS = "in the features of our own judge (so neither LPIPS nor FID)"
_SORTED = "of all results from those of the target domain"
_BRIGHT = "mean distance of the brightness from the truth's"
AXES = (
    Axis("psnr", "PSNR", _TRUTH, 1, 2, "peak signal-to-noise ratio to the truth, dB"),
    Axis("ssim", "SSIM", _TRUTH, 1, 3, "structural similarity to the truth"),
    Axis("perceptual", "perceptual", _TRUTH, -1, 3, f"distance to the truth {_OURS}"),
    Axis("edges", "edges, source", _STRUCTURE, 1, 3, "cosine of Sobel magnitudes with the source"),
    Axis("true_edges", "edges, truth", _STRUCTURE, 1, 3, "the same with the truth"),
    Axis("labels", "labels", _STRUCTURE, 1, 3, "share of pixels whose true label the judge sees"),
    Axis("colour", "colour", _LOOK, -1, 4, f"distance of the sorted colours {_SORTED}", True),
    Axis("slopes", "gradients", _LOOK, -1, 4, f"the same of the Sobel magnitudes {_SORTED}", True),
    Axis("frechet", "Fréchet", _LOOK, -1, 3, f"Fréchet distance to the domain {_OURS}", True),
)
PSNR, SSIM, PERCEPTUAL, EDGES, TRUE_EDGES, LABELS, COLOUR, SLOPES, FRECHET = AXES
CLASS_AXES = (
    Axis("sky", "sky", _CLASS, -1, 3, f"{_BRIGHT} where the sky is"),
    Axis("bulbs", "lamps", _CLASS, -1, 3, f"{_BRIGHT} on the bulbs of street lamps"),
    Axis("windows", "windows", _CLASS, -1, 3, f"{_BRIGHT} on windows, lit or not"),
)
ALL_AXES = (*AXES, *CLASS_AXES)

_PAINTED = "root mean square distance of results from strokes"
STROKE_AXES = (
    Axis("blurred", "blurred", _STRUCTURE, -1, 4, f"{_PAINTED}, blurred as GradOP+ is asked to"),
    Axis("palette", "palette", _STRUCTURE, -1, 4, f"{_PAINTED}, in few colours: asked of nobody"),
    FRECHET,
    Axis("named", "named right", _LOOK, 1, 2, "share of results whose domain our judge names"),
)
BLURRED, PALETTE, _, NAMED = STROKE_AXES
STYLE = Axis(
    "style",
    "style by class",
    _LOOK,
    -1,
    4,
    "distance of the sorted colours of each class from those of the exemplar's, by its share",
)
EXEMPLAR_AXES = (STYLE, EDGES, PSNR)
_SEEN = "share of the picture {} the region of a phrase in which our judge sees what it names"
INSIDE = Axis("inside", "inside", _CLASS, 1, 3, _SEEN.format("inside"))
OUTSIDE = Axis("outside", "outside", _CLASS, -1, 3, _SEEN.format("outside"))
PHRASE_AXES = {
    phrase: Axis(f"inside {phrase}", phrase, _CLASS, 1, 3, f"inside the region of *{phrase}*")
    for phrase in ("trees", "tall buildings", "a car", "on a sunny day", "at night")
}
AXIS_OF = {
    axis.key: axis
    for axis in (*ALL_AXES, *STROKE_AXES, STYLE, INSIDE, OUTSIDE, *PHRASE_AXES.values())
}
