"""Domains: what their pictures are made of, and whether a picture has one answer there or many.

Everybody outside sees pictures [B, 3, H, W] in 0..1; a network sees a domain's own channels in
-1..1, behind which channels that other domains have and this one has not are left 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from torch import Tensor

from ..kit.legend import LEAST_CLASSES, MOST_CLASSES, Legend, legend_of, one_hot, plain
from ..kit.legend import classes_of as classes_in
from ..kit.legend import painted as painted_in

COLOURS = 3


class Kind(str, Enum):
    COLOUR = "colour"
    GREY = "grey"
    LABELS = "labels"


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A name, a kind, and `many`: whether one picture of another domain has many answers here."""

    name: str
    kind: Kind = Kind.COLOUR
    many: bool = True
    legend: Legend = field(default_factory=dict)  # of a label map: each class's colour in 0..255

    def __post_init__(self) -> None:
        if (self.kind is Kind.LABELS) != (LEAST_CLASSES <= len(self.legend) <= MOST_CLASSES):
            raise ValueError(
                f"The domain {self.name!r} is of kind {self.kind.value!r} with {len(self.legend)} "
                f"colours in its legend, but label maps need {LEAST_CLASSES} to {MOST_CLASSES} and "
                f"others none: give a colour for each class."
            )

    @property
    def channels(self) -> int:
        """How many channels its pictures are made of."""
        return {Kind.COLOUR: COLOURS, Kind.GREY: 1, Kind.LABELS: len(self.legend)}[self.kind]

    @property
    def facts(self) -> dict[str, Any]:
        """In plain values, for a file."""
        facts = {"name": self.name, "kind": self.kind.value, "many": self.many}
        return {**facts, "legend": plain(self.legend)}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Domain:
        """What `facts` told."""
        name, legend, many = str(facts["name"]), legend_of(facts["legend"]), bool(facts["many"])
        return cls(name=name, kind=Kind(facts["kind"]), many=many, legend=legend)

    def channels_of(self, pictures: Tensor) -> Tensor:
        """Pictures in the domain's own channels: a grey one's mean, a label map's classes."""
        if self.kind is Kind.GREY:
            return pictures.mean(dim=1, keepdim=True) * 2 - 1
        if self.kind is Kind.LABELS:
            return one_hot(self.classes_of(pictures), len(self.legend)) * 2 - 1
        return pictures * 2 - 1

    def pictures_of(self, channels: Tensor) -> Tensor:
        """Own channels as pictures in 0..1: a label map in the colours of its likeliest classes."""
        if self.kind is Kind.LABELS:
            return self.painted(channels.argmax(dim=1))
        return ((channels + 1) / 2).clamp(0, 1).expand(-1, COLOURS, -1, -1)

    def classes_of(self, pictures: Tensor) -> Tensor:
        """The class of every pixel of label pictures, [B, H, W]: whose colour is the nearest."""
        return classes_in(pictures, self.legend)

    def painted(self, classes: Tensor) -> Tensor:
        """Classes [B, H, W] in their colours, [B, 3, H, W] in 0..1."""
        return painted_in(classes, self.legend)


def number_of(domains: Sequence[Domain], name: str) -> int:
    """The place of the domain called `name`."""
    names = [one.name for one in domains]
    if name not in names:
        raise ValueError(
            f"The domain is {name!r}, but this translator knows {', '.join(names)}: choose one of "
            f"these."
        )
    return names.index(name)
