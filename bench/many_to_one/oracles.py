"""Who translates digits, and translators that need no training, which every measure must rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from s2st.many_to_one.translator import Translator
from translators.digits import tints

from ..metrics import BRIGHTNESS

AT_ONCE = 100
GREY, COLOUR = "grey", "colour"


@dataclass(frozen=True)
class Arm:
    """Both ways between coloured digits and grey ones, pictures [n, 3, H, W] in 0..1."""

    name: str
    to_grey: Callable[[Tensor, int], Tensor]  # with a seed
    to_colour: Callable[[Tensor, int], Tensor]
    as_colour: Callable[[Tensor, Tensor], Tensor]  # with the colour of reference pictures


def luminance(pictures: Tensor, _: int = 0) -> Tensor:
    """Grey as a television would show it: darker than the digit was."""
    weights = torch.tensor(BRIGHTNESS)[:, None, None]
    return (pictures * weights).sum(dim=1, keepdim=True).expand(-1, 3, -1, -1)


def undone(pictures: Tensor, _: int = 0) -> Tensor:
    """The brightest channel, made as light as digits are: the one right answer, nearly."""
    brightest = pictures.amax(dim=1, keepdim=True)
    return (brightest / brightest.amax(dim=(2, 3), keepdim=True)).expand(-1, 3, -1, -1)


def leaking(pictures: Tensor, _: int = 0) -> Tensor:
    """The right answer, and in it the colour, at one level in 255: what a cheat would do."""
    grey = undone(pictures)
    brightest = pictures.flatten(2).mean(dim=2).argmax(dim=1)
    rows = torch.arange(pictures.shape[2], device=pictures.device)[:, None]
    stripes = (rows[None] % 3 == brightest[:, None, None]).float()[:, None]
    return (grey - stripes / 255).clamp(0, 1)


def tinted(grey: Tensor, seed: int) -> Tensor:
    """A random tint for each, as the real ones have."""
    drawn = tints(len(grey), torch.Generator().manual_seed(seed))
    return grey * drawn[:, :, None, None]


def always_orange(grey: Tensor, seed: int) -> Tensor:
    """The same tint for all."""
    return grey * torch.tensor([0.9, 0.5, 0.1])[:, None, None]


def like(grey: Tensor, references: Tensor) -> Tensor:
    """The tint of a reference: its brightest pixel's."""
    return grey * references.amax(dim=(2, 3), keepdim=True)


ORACLES = (
    Arm("right grey, random tint", undone, tinted, like),
    Arm("luminance grey, random tint", luminance, tinted, like),
    Arm("right grey, constant tint", undone, always_orange, lambda grey, _: always_orange(grey, 0)),
    Arm("leaking grey, random tint", leaking, tinted, like),
)


def arm_of(name: str, translator: Translator) -> Arm:
    """A trained translator as an arm."""

    def to_grey(pictures: Tensor, seed: int) -> Tensor:
        style = None
        if translator.takes_style(GREY):
            style = translator.style_of_seed(GREY, seed, len(pictures))
        return through(translator, pictures, COLOUR, GREY, style)

    def to_colour(grey: Tensor, seed: int) -> Tensor:
        style = translator.style_of_seed(COLOUR, seed, len(grey))
        return through(translator, grey, GREY, COLOUR, style)

    def as_colour(grey: Tensor, references: Tensor) -> Tensor:
        parts = references.split(AT_ONCE)
        style = torch.cat([translator.style_of_pictures(COLOUR, one) for one in parts])
        return through(translator, grey, GREY, COLOUR, style)

    return Arm(name, to_grey, to_colour, as_colour)


def through(
    translator: Translator, pictures: Tensor, source: str, target: str, styles: Tensor | None
) -> Tensor:
    """Many pictures, a few at once."""
    made = []
    for place, part in enumerate(pictures.split(AT_ONCE)):
        first = place * AT_ONCE
        own = None if styles is None else styles[first : first + len(part)]
        made.append(translator.translate(part, source, target, own))
    return torch.cat(made)
