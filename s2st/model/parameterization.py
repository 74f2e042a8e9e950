"""From what networks predict to D(x, sigma), and between the latents of papers and of k-diffusion.

Variance preserving: z_t = sqrt(alpha_bar) z_0 + sqrt(1 - alpha_bar) eps = x / sqrt(1 + sigma^2).
Flow matching:       z_t = (1 - t) z_0 + t eps                         = x / (1 + sigma).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def to_variance_preserving(x: Tensor, sigma: float) -> Tensor:
    """z_t of the papers, about N(0, 1) at the seed."""
    return x / math.sqrt(1 + sigma**2)


def from_variance_preserving(z: Tensor, sigma: float) -> Tensor:
    return z * math.sqrt(1 + sigma**2)


def to_flow(x: Tensor, sigma: float) -> Tensor:
    """The state a flow-matching network reads, at time `flow_time(sigma)`."""
    return x / (1 + sigma)


def from_flow(z: Tensor, sigma: float) -> Tensor:
    return z * (1 + sigma)


def flow_time(sigma: float) -> float:
    """t = sigma / (1 + sigma)."""
    return sigma / (1 + sigma)


def flow_sigma(time: float) -> float:
    """sigma = t / (1 - t); pure noise, t = 1, has no finite sigma."""
    if not 0 <= time < 1:
        raise ValueError(
            f"The flow time is {time:g}, but must lie in 0 <= t < 1: clip the model's table "
            f"below 1, for example at 0.999."
        )
    return time / (1 - time)


def finite_times(times: Tensor) -> Tensor:
    """A flow model's training times, ascending; pure noise, t = 1, moves halfway inwards."""
    times = times.detach().to("cpu", torch.float64).sort().values
    if times[-1] >= 1:
        times[-1] = (times[-2] + 1) / 2
    return times


def denoised_from_eps(x: Tensor, eps: Tensor, sigma: float) -> Tensor:
    """D = x - sigma eps."""
    return x - sigma * eps


def denoised_from_v(x: Tensor, v: Tensor, sigma: float) -> Tensor:
    """D = sqrt(alpha_bar) z_t - sqrt(1 - alpha_bar) v, written in x (Salimans & Ho 2202.00512)."""
    return x / (1 + sigma**2) - v * sigma / math.sqrt(1 + sigma**2)


def denoised_from_flow(x: Tensor, velocity: Tensor, sigma: float) -> Tensor:
    """D = z_t - t u with u = eps - z_0 (Lipman et al. 2210.02747)."""
    return to_flow(x, sigma) - flow_time(sigma) * velocity
