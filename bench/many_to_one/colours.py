"""Colorized MNIST: a translator judged on held-out digits, both ways, and there and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from translators.digits import COLOUR as COLOUR_PLACE
from translators.digits import GREY as GREY_PLACE
from translators.digits import Digits

from .measures import (
    bin_coverage,
    class_share,
    colour_frechet,
    colour_recall,
    density_and_coverage,
    explained,
    foreground_colours,
    squared_error,
    unique_colours,
)
from .oracles import Arm
from .probe import ProbeConfig, Shown, brightest, probe_accuracy

NOISE = 2 / 255
# Seeds, far enough from each other that each picture may have one of its own.
REAL, AGAIN, MADE, NOISY = (place * 100_000 for place in range(4))

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Exam:
    """Held-out digits, those that a probe may learn from, and how long it does."""

    held: Digits
    taught: Digits
    probe: ProbeConfig | None = None  # without one nothing is probed

    @property
    def grey(self) -> Tensor:
        return self.drawn(self.held, GREY_PLACE, 0)

    @property
    def real(self) -> Tensor:
        return self.drawn(self.held, COLOUR_PLACE, REAL)

    def drawn(self, data: Digits, place: int, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return data.drawn(place, torch.arange(data.count), generator)


def judged(arm: Arm, exam: Exam) -> Numbers:
    """Everything the page says of one arm."""
    grey, real = exam.grey, exam.real
    made_grey, made = arm.to_grey(real, MADE), arm.to_colour(grey, MADE)
    found = {
        "mse": float(squared_error(made_grey, grey).mean()),
        "fickle": float((arm.to_grey(real, AGAIN) - made_grey).abs().mean()),
        **of_colours(foreground_colours(made, grey), exam),
        "digit": float(squared_error(_shape(made), _shape(real)).mean()),
        **_there_and_back(arm, exam, made_grey),
    }
    return found if exam.probe is None else {**found, "probe": probed(arm, exam, exam.probe)}


def ceiling(exam: Exam) -> Numbers:
    """What the same number of real colours reaches against the real ones."""
    again = exam.drawn(exam.held, COLOUR_PLACE, AGAIN)
    return {"mse": 0.0, **of_colours(foreground_colours(again, exam.grey), exam), "digit": 0.0}


def of_colours(made: Tensor, exam: Exam) -> Numbers:
    """How a set of foreground colours compares with the real ones."""
    real = foreground_colours(exam.real, exam.grey)
    density, coverage = density_and_coverage(made, real)
    return {
        "recall": colour_recall(made, real),
        "bins": bin_coverage(made, real),
        "unique": float(unique_colours(made)),
        "frechet": colour_frechet(made, real),
        "density": density,
        "coverage": coverage,
        "class": class_share(made, exam.held.classes),
    }


def _shape(pictures: Tensor) -> Tensor:
    """A picture's brightest channel, as light as can be: the digit without its colour."""
    light = pictures.amax(dim=1, keepdim=True)
    return light / light.amax(dim=(2, 3), keepdim=True).clamp_min(1e-3)


def _there_and_back(arm: Arm, exam: Exam, made_grey: Tensor) -> Numbers:
    """Colour, grey, colour again: with the style of the source, under noise, and without it."""
    grey, real = exam.grey, exam.real
    known = foreground_colours(real, grey)
    generator = torch.Generator().manual_seed(NOISY)
    noise = NOISE * (2 * torch.rand(made_grey.shape, generator=generator) - 1)
    noisy = (made_grey + noise).clamp(0, 1)
    rounded = (made_grey * 255).round() / 255

    def missed(start: Tensor) -> float:
        back = foreground_colours(arm.as_colour(start, real), grey)
        return float((back - known).abs().mean())

    foreign = foreground_colours(arm.to_colour(made_grey, AGAIN), grey)
    return {
        "back": missed(made_grey),
        "back_rounded": missed(rounded),
        "back_noisy": missed(noisy),
        "betrayed": explained(foreign, known),
    }


def probed(arm: Arm, exam: Exam, config: ProbeConfig) -> float:
    """How often a probe names the brightest channel of what a grey digit was made of."""

    def shown(data: Digits) -> Shown:
        real, grey = exam.drawn(data, COLOUR_PLACE, REAL), exam.drawn(data, GREY_PLACE, 0)
        return Shown(arm.to_grey(real, MADE), grey, brightest(foreground_colours(real, grey)))

    return probe_accuracy(shown(exam.taught), shown(exam.held), config)
