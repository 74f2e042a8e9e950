"""The correlation factor eta: how strongly each latent channel carries the domain's appearance.

Paper: channels more sensitive to the domain weigh more. Ours: per channel, the distance between
the two domains divided by the spread within a domain, at mean 1. Source and target are unpaired.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..kit.settings import Settings, choice, number
from ..kit.storage import damage_told, read_file, write_file
from ..model.checks import check_channels, check_finite
from .distributions import (
    Distance,
    Ranked,
    cosine_distance,
    wasserstein_distance,
)
from .look import MARGIN, Look, histogram_range

KIND = "correlation factor"
NOTHING = 1e-6  # a distance below this is rounding, not a difference between domains
FLOOR = 0.05  # the least spread a channel is credited with, of the mean spread


@dataclass(frozen=True, kw_only=True)
class CorrelationConfig(Settings):
    distance: Distance = choice(Distance.HISTOGRAM, "How the channels' distributions are compared.")
    sharpness: float = number(
        1.0,
        0.0,
        8.0,
        "Exponent on the factors: 0 weighs all channels alike, higher favours the strongest.",
    )


@dataclass(frozen=True)
class CorrelationFactor:
    """eta [C] with mean 1, and the numbers it was made of."""

    eta: Tensor
    between: Tensor  # [C], distance between the domains
    within: Tensor  # [C], mean distance of an image to its own domain
    distance: Distance
    sharpness: float

    def __post_init__(self) -> None:
        for name in ("eta", "between", "within"):
            values = getattr(self, name)
            if values.ndim != 1 or values.shape != self.eta.shape:
                raise ValueError(
                    f"{name} has shape {tuple(values.shape)}, but eta has "
                    f"{tuple(self.eta.shape)}: give each of them one number for every channel."
                )
            check_finite(name, values)

    def save(self, path: Path | str) -> None:
        tensors = {"eta": self.eta, "between": self.between, "within": self.within}
        facts = {"distance": self.distance.value, "sharpness": self.sharpness}
        write_file(Path(path), KIND, tensors, facts)

    @classmethod
    def load(cls, path: Path | str) -> CorrelationFactor:
        tensors, facts = read_file(Path(path), KIND, ("eta", "between", "within"))
        with damage_told(Path(path), KIND):
            values = (tensors["eta"], tensors["between"], tensors["within"])
            return cls(*values, Distance(facts["distance"]), float(str(facts["sharpness"])))


def correlation_factor(
    source: Look, target: Look, config: CorrelationConfig | None = None
) -> CorrelationFactor:
    """Estimate eta from the looks of the source's and of the target's domain."""
    config = config or CorrelationConfig()
    check_channels("The target domain", target.channels, "the source domain", source.channels)
    exact = torch.zeros((), dtype=torch.float64)  # the ends of half precision overflow in less
    looks = source.to(exact), target.to(exact)
    match config.distance:
        case Distance.HISTOGRAM:
            between, within = _by_histograms(*looks)
        case Distance.WASSERSTEIN:
            between, within = _by_sorted_values(*looks)
        case _:
            options = ", ".join(f"Distance.{one.name}" for one in Distance)
            raise ValueError(f"The distance is {config.distance!r}, but must be one of {options}.")
    eta = _normalised(between, within, config.sharpness)
    eta, between, within = (one.to(source.quantiles) for one in (eta, between, within))
    return CorrelationFactor(eta, between, within, config.distance, config.sharpness)


def _by_histograms(source: Look, target: Look) -> tuple[Tensor, Tensor]:
    """Distances between the domains and within them, all on the same bins."""
    ranges = [histogram_range(one.pixels, MARGIN) for one in (source, target)]
    low = torch.minimum(ranges[0][0], ranges[1][0])
    high = torch.maximum(ranges[0][1], ranges[1][1])

    means = [one.histogram(low, high) for one in (source, target)]
    own = [one.histograms(low, high) for one in (source, target)]
    within = [cosine_distance(one, mean).mean(dim=0) for one, mean in zip(own, means, strict=True)]
    return cosine_distance(*means)[0], torch.stack(within).mean(dim=0)


def _by_sorted_values(source: Look, target: Look) -> tuple[Tensor, Tensor]:
    means = [one.pooled(one.quantiles.shape[-1]) for one in (source, target)]
    within = [
        wasserstein_distance(Ranked(one.quantiles), mean).mean(dim=0)
        for one, mean in zip((source, target), means, strict=True)
    ]
    return wasserstein_distance(Ranked(means[0]), means[1])[0], torch.stack(within).mean(dim=0)


def _normalised(between: Tensor, within: Tensor, sharpness: float) -> Tensor:
    if float(between.max()) < NOTHING:
        return torch.ones_like(between)
    spread = within + FLOOR * within.mean() + NOTHING
    factors = (between / spread).clamp_min(NOTHING) ** sharpness
    return factors / factors.mean()
