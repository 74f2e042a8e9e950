"""Numbers for one answer and for many: of grey, of colours, of label maps.

Color Recall is ours, for the paper's exact formula was not found: foreground colours fall into
B x B x B bins, and what two shares of bins have in common is summed up. Density and coverage are
those of Naeem et al. (2002.09797), on the colours themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..metrics import frechet_distance

BINS = 5  # a side of the colour cube
FOREGROUND = 0.5  # of the grey digit
NEAREST = 5


def foreground_colours(pictures: Tensor, grey: Tensor) -> Tensor:
    """Mean colour [n, 3] of pictures where the grey digits [n, 1 or 3, H, W] are light.

    As a share of how light they are there, so that the same tint is the same for every digit.
    """
    where = grey[:, :1] > FOREGROUND
    light = (grey[:, :1] * where).sum(dim=(2, 3)).clamp_min(1e-6)
    return ((pictures * where).sum(dim=(2, 3)) / light).clamp(0, 1)


def bins_of(colours: Tensor, bins: int = BINS) -> Tensor:
    """The number of each colour's bin, [n]."""
    places = (colours * bins).long().clamp(0, bins - 1)
    return places @ torch.tensor([bins * bins, bins, 1])


def shares(colours: Tensor, bins: int = BINS) -> Tensor:
    """Share of colours in each bin, [bins^3]."""
    return bins_of(colours, bins).bincount(minlength=bins**3).double() / len(colours)


def colour_recall(made: Tensor, real: Tensor, bins: int = BINS) -> float:
    """What two sets of colours have in common: 1 if their shares of all bins are equal."""
    return float(torch.minimum(shares(made, bins), shares(real, bins)).sum())


def bin_coverage(made: Tensor, real: Tensor, bins: int = BINS) -> float:
    """Share of the real colours' bins that made ones reach."""
    reached = shares(made, bins)[shares(real, bins) > 0] > 0
    return float(reached.double().mean())


def unique_colours(colours: Tensor, bins: int = BINS) -> int:
    """How many bins are reached."""
    return len(bins_of(colours, bins).unique())


def density_and_coverage(made: Tensor, real: Tensor, nearest: int = NEAREST) -> tuple[float, float]:
    """How densely made colours lie within reach of real ones, and what share of these they reach.

    The reach of a real one is the distance of its k-th neighbour among the real ones.
    """
    reach = torch.cdist(real.double(), real.double()).kthvalue(nearest + 1, dim=1).values
    within = torch.cdist(real.double(), made.double()) < reach[:, None]
    density = within.sum(dim=0).double().mean() / nearest
    return float(density), float(within.any(dim=1).double().mean())


def colour_frechet(made: Tensor, real: Tensor) -> float:
    """Frechet distance of Gaussians fitted to the colours."""
    return float(frechet_distance(made, real))


def squared_error(pictures: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error of pictures in 0..1, [n]."""
    return (pictures - truth).square().mean(dim=(1, 2, 3)).double()


def class_share(colours: Tensor, classes: Tensor) -> float:
    """Share of the colours' variance that their classes explain: 0 where colour is free of them."""
    centred = colours.double() - colours.double().mean(dim=0)
    between = sum(
        (classes == one).sum() * centred[classes == one].mean(dim=0).square().sum()
        for one in classes.unique()
    )
    return float(between / centred.square().sum().clamp_min(1e-12))


def explained(found: Tensor, wanted: Tensor) -> float:
    """Share of the wanted colours' variance that a straight line through the found ones tells."""
    known = torch.cat([found.double(), torch.ones(len(found), 1, dtype=torch.float64)], dim=1)
    centred = wanted.double() - wanted.double().mean(dim=0)
    line = torch.linalg.lstsq(known, centred, driver="gelsd").solution
    left = (centred - known @ line).square().sum()
    return float(1 - left / centred.square().sum().clamp_min(1e-12))


def mean_iou(found: Tensor, wanted: Tensor, classes: int) -> float:
    """Mean over classes that occur of what label maps [n, H, W] share, of what either has."""
    both = torch.bincount(wanted.flatten() * classes + found.flatten(), minlength=classes**2)
    table = both.view(classes, classes).double()
    shared = table.diagonal()
    either = table.sum(dim=0) + table.sum(dim=1) - shared
    return float((shared[either > 0] / either[either > 0]).mean())


def iou_by_class(found: Tensor, wanted: Tensor, classes: int) -> list[float | None]:
    """The same class by class; None where neither has any of it."""
    values: list[float | None] = []
    for one in range(classes):
        either = ((found == one) | (wanted == one)).sum()
        shared = ((found == one) & (wanted == one)).sum()
        values.append(float(shared / either) if either else None)
    return values


def mean_difference(answers: Tensor) -> float:
    """Mean absolute difference of every two of a picture's answers [k, n, 3, H, W]."""
    count = len(answers)
    pairs = [(one, two) for one in range(count) for two in range(one + 1, count)]
    return float(torch.stack([(answers[a] - answers[b]).abs().mean() for a, b in pairs]).mean())
