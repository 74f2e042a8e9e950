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
from ..kit.storage import read_file, write_file
from ..model.checks import check_channels, check_latent
from .distributions import Distance, cosine_distance, wasserstein_distance
from .domain import DomainStatistics, StatisticsConfig, domain_statistics, histogram_range

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

    def save(self, path: Path | str) -> None:
        tensors = {"eta": self.eta, "between": self.between, "within": self.within}
        facts = {"distance": self.distance.value, "sharpness": self.sharpness}
        write_file(Path(path), KIND, tensors, facts)

    @classmethod
    def load(cls, path: Path | str) -> CorrelationFactor:
        tensors, facts = read_file(Path(path), KIND)
        try:
            values = (tensors["eta"], tensors["between"], tensors["within"])
            return cls(*values, Distance(facts["distance"]), float(str(facts["sharpness"])))
        except KeyError as error:
            raise ValueError(
                f"{Path(path).name} lacks {error}, but a correlation file holds eta, between and "
                f"within: save it again."
            ) from error


def correlation_factor(
    source_latents: Tensor, target_latents: Tensor, config: CorrelationConfig | None = None
) -> CorrelationFactor:
    """Estimate eta from N source-domain and M target-domain latents."""
    config = config or CorrelationConfig()
    check_latent("The source domain's latents", source_latents)
    check_latent("The target domain's latents", target_latents)
    check_channels(
        "The target domain", target_latents.shape[1], "the source domain", source_latents.shape[1]
    )
    source, target = _on_the_same_bins(source_latents, target_latents)
    between = domain_distance(source, target, config.distance)
    own = [
        source.distances(source_latents, config.distance),
        target.distances(target_latents, config.distance),
    ]
    within = torch.stack([one.mean(dim=0) for one in own]).mean(dim=0)
    eta = _normalised(between, within, config.sharpness)
    return CorrelationFactor(eta, between, within, config.distance, config.sharpness)


def domain_distance(source: DomainStatistics, target: DomainStatistics, kind: Distance) -> Tensor:
    """[C]: the distance between two domains that share their bins."""
    match kind:
        case Distance.HISTOGRAM:
            return cosine_distance(source.histograms, target.histograms)
        case Distance.WASSERSTEIN:
            return wasserstein_distance(source.quantiles, target.quantiles)
        case _:
            options = ", ".join(f"Distance.{one.name}" for one in Distance)
            raise ValueError(f"The distance is {kind!r}, but must be one of {options}.")


def _on_the_same_bins(source: Tensor, target: Tensor) -> tuple[DomainStatistics, DomainStatistics]:
    margin = StatisticsConfig().margin
    ranges = [histogram_range(latents, margin) for latents in (source, target)]
    low = torch.minimum(ranges[0][0], ranges[1][0])
    high = torch.maximum(ranges[0][1], ranges[1][1])
    return (
        domain_statistics(source, low=low, high=high),
        domain_statistics(target, low=low, high=high),
    )


def _normalised(between: Tensor, within: Tensor, sharpness: float) -> Tensor:
    if float(between.max()) < NOTHING:
        return torch.ones_like(between)
    spread = within + FLOOR * within.mean() + NOTHING
    factors = (between / spread).clamp_min(NOTHING) ** sharpness
    return factors / factors.mean()
