"""The inversion trajectory z*_0 .. z*_T as a value that can be kept and reused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..kit.storage import damage_told, read_file, write_file
from ..model.checks import check_finite, check_latent, check_same_latent_shape
from ..model.parameterization import to_variance_preserving
from ..model.schedule import Schedule

KIND = "trajectory"


@dataclass(frozen=True)
class Trajectory:
    """States x*_0 .. x*_T of a source, image first, with the noise levels they stand at."""

    states: Tensor  # [T + 1, B, C, H, W], x = z_0 + sigma * eps
    schedule: Schedule
    facts: Mapping[str, Any] = field(default_factory=dict)  # how it was made, by which model

    def __post_init__(self) -> None:
        if self.states.ndim != 5 or len(self.states) != self.schedule.steps + 1:
            raise ValueError(
                f"The trajectory's states have shape {tuple(self.states.shape)}, but "
                f"{self.schedule.steps} steps need [{self.schedule.steps + 1}, batch, channels, "
                f"height, width]: one state for every sigma."
            )
        check_latent("The trajectory's first state", self.states[0])
        check_finite("The trajectory", self.states)

    def state(self, t: int) -> Tensor:
        """x*_t."""
        return self.states[t]

    @property
    def source(self) -> Tensor:
        """z*_0, the source latent."""
        return self.states[0]

    @property
    def seed(self) -> Tensor:
        """z*_T in variance-preserving units, about N(0, 1)."""
        return to_variance_preserving(self.states[-1], self.schedule.sigmas[0])

    def to(self, device: torch.device | str) -> Trajectory:
        return Trajectory(self.states.to(device), self.schedule, self.facts)

    def save(self, path: Path | str) -> None:
        sigmas = torch.tensor(self.schedule.sigmas, dtype=torch.float64)
        write_file(Path(path), KIND, {"states": self.states, "sigmas": sigmas}, self.facts)

    @classmethod
    def load(cls, path: Path | str) -> Trajectory:
        tensors, facts = read_file(Path(path), KIND, ("states", "sigmas"))
        with damage_told(Path(path), KIND):
            return cls(tensors["states"], Schedule(tuple(tensors["sigmas"].tolist())), facts)


def check_trajectory(trajectory: Trajectory, latent: Tensor) -> None:
    """A trajectory belongs to the pictures that are translated."""
    check_same_latent_shape("The source latent", latent, "its trajectory", trajectory.source)
