"""Scenes: photos to label maps, label maps to photos, and there and back, on scenes never seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from demo_world.classifier import picture_statistics
from s2st.many_to_one.translator import Translator
from translators.scenes import LABEL_MAP, LOOKS, PHOTO

from ..metrics import frechet_distance
from .measures import iou_by_class, mean_difference, mean_iou
from .oracles import through

NOISE = 2 / 255
STYLES = 4  # answers of each label map
CLASSES = LABEL_MAP.channels
IOU = "iou "  # before a class, the name of a number
PHOTOS, LABELS = PHOTO.name, LABEL_MAP.name

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Streets:
    """Held-out scenes in every look, in bytes [n, 6, 3, H, W], and their classes [n, H, W]."""

    renders: Tensor
    classes: Tensor

    @property
    def photos(self) -> Tensor:
        """Each scene in a look of its own, by turns."""
        return self._seen(torch.arange(len(self.renders)) % len(LOOKS))

    @property
    def others(self) -> Tensor:
        """The same scenes in other looks: what is real and not the same."""
        return self._seen((torch.arange(len(self.renders)) + 1) % len(LOOKS))

    @property
    def maps(self) -> Tensor:
        return LABEL_MAP.painted(self.classes.long())

    def _seen(self, looks: Tensor) -> Tensor:
        return self.renders[torch.arange(len(looks)), looks].float() / 255


def judged(translator: Translator, streets: Streets) -> Numbers:
    """Everything the page says of one translator."""
    photos, classes = streets.photos, streets.classes.long()
    made = to_labels(translator, photos, 0)
    found = LABEL_MAP.classes_of(made)
    answers = torch.stack([to_photos(translator, streets.maps, seed) for seed in range(STYLES)])
    own = torch.cat([translator.style_of_pictures(PHOTOS, one) for one in photos.split(50)])
    generator = torch.Generator().manual_seed(0)
    noise = NOISE * (2 * torch.rand(made.shape, generator=generator) - 1)
    back = through(translator, made, LABELS, PHOTOS, own)
    noisy = through(translator, (made + noise).clamp(0, 1), LABELS, PHOTOS, own)
    again = LABEL_MAP.classes_of(to_labels(translator, back, 0))
    return {
        "miou": mean_iou(found, classes, CLASSES),
        "right": float((found == classes).double().mean()),
        "fickle": float((to_labels(translator, photos, 1) - made).abs().mean()),
        "difference": mean_difference(answers),
        "frechet": frechet(answers[0], streets.others),
        "back": float((back - photos).abs().mean()),
        "back_noisy": float((noisy - photos).abs().mean()),
        "again": mean_iou(again, found, CLASSES),
        "again_truth": mean_iou(again, classes, CLASSES),
        **by_class(found, classes),
    }


def by_class(found: Tensor, classes: Tensor) -> Numbers:
    """What is shared of each class that occurs."""
    values = zip(LABEL_MAP.legend, iou_by_class(found, classes, CLASSES), strict=True)
    return {f"{IOU}{name}": value for name, value in values if value is not None}


def ceiling(streets: Streets) -> Numbers:
    """What real pictures reach: the looks of a scene against each other."""
    looks = streets.renders.float().transpose(0, 1) / 255
    return {
        "miou": 1.0,
        "right": 1.0,
        "fickle": 0.0,
        "difference": mean_difference(looks),
        "frechet": frechet(streets.photos, streets.others),
        "back": 0.0,
        "back_noisy": 0.0,
        "again": 1.0,
        "again_truth": 1.0,
    }


def floor(streets: Streets) -> Numbers:
    """What is reached without looking: the commonest class of each place, in every picture."""
    classes = streets.classes.long()
    usual = classes.mode(dim=0).values.expand_as(classes)
    right = float((usual == classes).double().mean())
    return {"miou": mean_iou(usual, classes, CLASSES), "right": right}


def to_labels(translator: Translator, photos: Tensor, seed: int) -> Tensor:
    style = None
    if translator.takes_style(LABELS):
        style = translator.style_of_seed(LABELS, seed, len(photos))
    return through(translator, photos, PHOTOS, LABELS, style)


def to_photos(translator: Translator, maps: Tensor, seed: int) -> Tensor:
    style = translator.style_of_seed(PHOTOS, seed * len(maps), len(maps))
    return through(translator, maps, LABELS, PHOTOS, style)


def frechet(some: Tensor, others: Tensor) -> float:
    """Between the quantiles of colours and the slopes of two sets, in three bands."""
    return float(frechet_distance(*(picture_statistics(one) for one in (some, others))))
