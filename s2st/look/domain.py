"""Statistics of a target domain: its per-channel distributions H_c^B from M reference latents."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor

from ..kit.settings import Settings, number
from ..model.checks import check_channels, check_latent
from .distributions import (
    Distance,
    cosine_distance,
    resampled_quantiles,
    soft_histogram,
    sorted_values,
    wasserstein_distance,
)


@dataclass(frozen=True, kw_only=True)
class StatisticsConfig(Settings):
    bins: int = number(64, 4, 1024, "Bins of each channel's histogram.")
    quantiles: int = number(1024, 16, 65536, "Points kept of each channel's sorted values.")
    margin: float = number(
        0.25, 0.0, 4.0, "How far the histogram reaches beyond the references, in their own range."
    )


@dataclass(frozen=True)
class DomainStatistics:
    """Per-channel distributions of a domain, all references pooled."""

    low: Tensor  # [C], left end of the histograms
    high: Tensor  # [C]
    histograms: Tensor  # [C, bins], each summing to 1
    quantiles: Tensor  # [C, K], rising
    references: int  # M

    @property
    def channels(self) -> int:
        return len(self.low)

    def to(self, like: Tensor) -> DomainStatistics:
        """On the device and in the precision of `like`."""
        moved = (one.to(like) for one in (self.low, self.high, self.histograms, self.quantiles))
        return DomainStatistics(*moved, self.references)

    def distances(self, latent: Tensor, distance: Distance) -> Tensor:
        """[B, C]: how far each channel of each latent is from this domain."""
        match distance:
            case Distance.HISTOGRAM:
                bins = self.histograms.shape[-1]
                own = soft_histogram(latent, self.low, self.high, bins)
                return cosine_distance(own, self.histograms)
            case Distance.WASSERSTEIN:
                values = sorted_values(latent)
                return wasserstein_distance(
                    values, resampled_quantiles(self.quantiles, values.shape[-1])
                )
            case _:
                options = ", ".join(f"Distance.{one.name}" for one in Distance)
                raise ValueError(f"The distance is {distance!r}, but must be one of {options}.")


def domain_statistics(
    latents: Tensor,
    config: StatisticsConfig | None = None,
    *,
    low: Tensor | None = None,
    high: Tensor | None = None,
) -> DomainStatistics:
    """Pool M latents [M, C, H, W]; `low` and `high` put several domains on the same bins."""
    check_latent("The domain's latents", latents)
    config = config or StatisticsConfig()
    pooled = rearrange(latents.detach(), "m c h w -> 1 c 1 (m h w)")
    if low is None or high is None:
        low, high = histogram_range(latents, config.margin)
    histograms = soft_histogram(pooled, low, high, config.bins)[0]
    quantiles = resampled_quantiles(sorted_values(pooled)[0], config.quantiles)
    return DomainStatistics(low, high, histograms, quantiles, len(latents))


def histogram_range(latents: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Per channel, from lowest to highest value and a margin on both sides."""
    lowest, highest = torch.aminmax(rearrange(latents.detach(), "m c h w -> c (m h w)"), dim=1)
    # A constant channel still needs bins of some width.
    span = (highest - lowest).clamp_min(1e-3 * (1 + lowest.abs()))
    return lowest - margin * span, highest + margin * span


def check_domain(domain: DomainStatistics, latent: Tensor) -> None:
    check_channels("The target domain", domain.channels, "the source latent", latent.shape[1])
