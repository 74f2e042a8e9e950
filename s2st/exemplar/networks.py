"""Everything that is trained, under the plan that it is built by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..kit.legend import LEAST_CLASSES, MOST_CLASSES, Legend, legend_of, plain
from .blocks import start
from .design import Design
from .encoders import ConditionEncoder, EstimateEncoder, ExemplarEncoder, MatchingSpace
from .prior import Prior


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which classes a condition has, each with its colour, and how large the networks are."""

    legend: Legend
    design: Design

    def __post_init__(self) -> None:
        if not LEAST_CLASSES <= len(self.legend) <= MOST_CLASSES:
            raise ValueError(
                f"The legend has {len(self.legend)} classes, but must have {LEAST_CLASSES} to "
                f"{MOST_CLASSES}: give a colour for each class."
            )

    @property
    def classes(self) -> int:
        return len(self.legend)

    @property
    def facts(self) -> dict[str, Any]:
        """In plain values, for a file."""
        return {"legend": plain(self.legend), "design": asdict(self.design)}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Plan:
        """What `facts` told."""
        return cls(legend=legend_of(facts["legend"]), design=Design(**facts["design"]))


class Networks(nn.Module):
    """Three encoders into one matching space, and the prior; untrained until weights are loaded."""

    def __init__(self, plan: Plan, generator: torch.Generator) -> None:
        super().__init__()
        design = plan.design
        with torch.random.fork_rng(devices=[]):  # torch draws weights that `start` draws anew
            self.condition = ConditionEncoder(design, plan.classes)
            self.exemplar = ExemplarEncoder(design)
            self.estimate = EstimateEncoder(design)
            self.space = MatchingSpace(design)
            self.prior = Prior(design)
        start(self, generator)

    def of_condition(self, maps: Tensor) -> Tensor:
        """Directions [B, h, w, F] of the condition's maps, as `condition` gives them."""
        directions: Tensor = self.space(maps)
        return directions

    def of_photo(self, latents: Tensor) -> Tensor:
        """Directions of a photo's latents, such as an exemplar's."""
        directions: Tensor = self.space(self.exemplar(latents))
        return directions

    def of_estimate(self, latents: Tensor, maps: Tensor) -> Tensor:
        """Directions of a clean estimate that forms under a condition."""
        directions: Tensor = self.space(self.estimate(latents, maps))
        return directions

    def denoised(self, x: Tensor, sigma: float, warp: Tensor | None) -> Tensor:
        """The prior at one noise level for all; with no warp it is the prior alone."""
        levels = x.new_full((len(x),), sigma)
        given = torch.zeros_like(levels) if warp is None else torch.ones_like(levels)
        clean: Tensor = self.prior(x, levels, x if warp is None else warp, given)
        return clean
