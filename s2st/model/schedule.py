"""Which noise levels a run visits: T of a model's sigmas with the DDIM spacings users know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MIN_STEPS, MAX_STEPS = 2, 1000
USUAL_STEPS = 20  # learning rates are written for a run of so many steps


class Spacing(str, Enum):
    """How T of the model's N training timesteps are picked (names as in diffusers)."""

    LEADING = "leading"  # offset 1, as Stable Diffusion
    TRAILING = "trailing"
    LINSPACE = "linspace"


@dataclass(frozen=True)
class Schedule:
    """Noise levels sigma_T > ... > sigma_1 > sigma_0 = 0, in float64."""

    sigmas: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.sigmas) < 2:
            raise ValueError(
                f"The schedule has {len(self.sigmas)} sigmas, but needs at least 2: "
                f"one noise level and the final 0."
            )
        for higher, lower in zip(self.sigmas, self.sigmas[1:], strict=False):
            if not higher > lower:
                raise ValueError(
                    f"Sigma {higher:g} is followed by {lower:g}, but sigmas must fall strictly: "
                    f"sort them from noise to image and drop repeats."
                )
        if self.sigmas[-1] != 0 or not np.isfinite(self.sigmas[0]):
            raise ValueError(
                f"The sigmas run from {self.sigmas[0]:g} to {self.sigmas[-1]:g}, but must be "
                f"finite and end at 0: append 0."
            )

    @property
    def steps(self) -> int:
        """T."""
        return len(self.sigmas) - 1

    def rate(self, written: float) -> float:
        """The learning rate of one step: the fewer there are, the further each must go, so that
        a whole run goes equally far.
        """
        return written * USUAL_STEPS / self.steps

    def pairs(self) -> list[tuple[float, float]]:
        """(sigma_t, sigma_{t-1}) for t = T .. 1: the order of sampling."""
        return list(zip(self.sigmas, self.sigmas[1:], strict=False))

    def sigma(self, t: int) -> float:
        """sigma_t, where t = 0 is the image and t = T the seed."""
        return self.sigmas[self.steps - t]

    def subsampled(self, steps: int) -> Schedule:
        """A coarser schedule from the same seed level to 0 in at most `steps` steps."""
        if steps >= self.steps:
            return self
        places = np.linspace(0, self.steps, steps + 1).round().astype(int)
        return Schedule(tuple(self.sigmas[place] for place in places))


def make_schedule(sigma_table: Tensor, steps: int, spacing: Spacing) -> Schedule:
    """T noise levels out of a model's table (sigma of every training timestep, ascending)."""
    table = _checked_table(sigma_table)
    places = spaced_timesteps(len(table), steps, spacing)
    return Schedule(tuple(float(table[place]) for place in places) + (0.0,))


def spaced_timesteps(count: int, steps: int, spacing: Spacing) -> NDArray[np.int64]:
    """The picked training timesteps, descending; equal to diffusers' set_timesteps."""
    _check_steps(steps, count)
    match spacing:
        case Spacing.LEADING:
            ratio = count // steps
            offset = 1 if (steps - 1) * ratio + 1 < count else 0  # no room when T = N
            return np.arange(steps)[::-1] * ratio + offset
        case Spacing.TRAILING:
            return np.round(np.arange(count, 0, -count / steps)).astype(int)[:steps] - 1
        case Spacing.LINSPACE:
            return np.linspace(0, count - 1, steps).round()[::-1].astype(int)
        case _:
            options = ", ".join(f"Spacing.{one.name}" for one in Spacing)
            raise ValueError(f"The spacing is {spacing!r}, but must be one of {options}.")


def sigmas_of_alphas(alphas_cumprod: Tensor) -> Tensor:
    """The sigma table of a variance-preserving model: sigma^2 = (1 - alpha_bar) / alpha_bar."""
    alphas = alphas_cumprod.detach().to("cpu", torch.float64)
    return ((1 - alphas) / alphas).sqrt()


def _check_steps(steps: int, count: int) -> None:
    highest = min(MAX_STEPS, count)
    if isinstance(steps, bool) or not isinstance(steps, int) or not MIN_STEPS <= steps <= highest:
        raise ValueError(
            f"steps is {steps!r}, but must be a whole number from {MIN_STEPS} to {highest} "
            f"for a model of {count} training timesteps."
        )


def _checked_table(sigma_table: Tensor) -> Tensor:
    table = torch.as_tensor(sigma_table).detach().to("cpu", torch.float64)
    if table.ndim != 1 or len(table) < MIN_STEPS:
        raise ValueError(
            f"The sigma table has shape {tuple(table.shape)}, but must be a list of at least "
            f"{MIN_STEPS} sigmas, one for every training timestep."
        )
    ascending = bool((table[1:] > table[:-1]).all())
    if not (torch.isfinite(table).all() and table[0] > 0 and ascending):
        raise ValueError(
            f"The sigma table runs from {table[0]:g} to {table[-1]:g} but is not positive, finite "
            f"and rising: pass the sigma of every training timestep, lowest first."
        )
    return table
