"""Style error, class by class: how far each class's colours are from its colours in an exemplar."""

from __future__ import annotations

from torch import Tensor

from .metrics import colour_distribution

LEAST_PIXELS = 40  # of a class that is compared
CLASSES = 10


def class_style_error(result: Tensor, exemplar: Tensor, mine: Tensor, theirs: Tensor) -> float:
    """Distance of the sorted colours of each class from those of the exemplar's class, by the
    class's share; of classes that both have. Pictures are [3, H, W], classes [H, W].
    """
    total, pixels = 0.0, 0
    for number in range(CLASSES):
        own, other = mine == number, theirs == number
        if min(int(own.sum()), int(other.sum())) >= LEAST_PIXELS:
            some = (result[:, own][None, ..., None], exemplar[:, other][None, ..., None])
            first, second = (colour_distribution(one) for one in some)
            apart = (first - second).abs().sum(dim=-1).mean() / (first.shape[-1] - 1)
            total, pixels = total + float(apart) * int(own.sum()), pixels + int(own.sum())
    return total / pixels if pixels else float("nan")
