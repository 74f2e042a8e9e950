"""Sampling of the trained variant: matching and denoising by turns (Seo et al., 2209.11047).

The exemplar is warped to the condition, given noise and denoised; after chosen steps the clean
estimate is matched with the exemplar anew, and what is trusted of the new warp is mixed in. The
prior alone may polish what has come of it, as published; here it costs more than it brings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import number
from ..look.exemplars import Exemplars, MatchConfig, Warp, warp_to
from ..model.contract import OnStep, StepRecord, ignore
from ..model.ddim import predicted_noise
from ..model.noise import noises_for
from .learning import TEMPERATURE
from .networks import Networks

# The paper's schedule: sigma at its timestep t, and where its two parts begin.
TIMES, LOWEST, HIGHEST = 1000, 0.00085**0.5, 0.012**0.5
FIRST, LAST, POLISHED = 311, 63, 101

OnMatch = Callable[[Tensor, Warp], None]  # directions of what was matched, and what came of it


@dataclass(frozen=True, kw_only=True)
class SceneConfig(MatchConfig):
    temperature: float = number(
        TEMPERATURE, 1e-4, 1.0, "How many places that match are mixed; trained at the default."
    )
    stray: float = number(
        0.25,
        0.0,
        2.0,
        "How far, in picture sides, a match may end from itself when it is followed back; 2 trusts "
        "every match.",
    )
    noise_seed: int = number(0, 0, 2**53, "Seed of the noise.")
    steps: int = number(4, 1, 100, "Steps in which the picture forms.")
    rematches: int = number(
        2, 0, 100, "After how many of these the picture is matched again; 0 matches once."
    )
    matching: float = number(
        1.0, 0.0, 1.0, "How much of a new match is mixed in; 0 only tells the prior of it."
    )
    polish: int = number(
        0, 0, 100, "Last steps of the prior alone, of which MIDMs has 5; 0 leaves them out."
    )

    @property
    def sigmas(self) -> list[float]:
        """Where the picture forms, from the highest noise on."""
        reach = (FIRST - LAST) / self.steps
        return [sigma_at(round(FIRST - place * reach)) for place in range(self.steps + 1)]

    @property
    def polishing(self) -> list[float]:
        """Noise levels of the polish, from the highest on, and 0."""
        reach = POLISHED / max(self.polish, 1)
        return [sigma_at(round(POLISHED - place * reach)) for place in range(self.polish)] + [0.0]

    @property
    def evaluations(self) -> int:
        """Of the prior."""
        return self.steps + 1 + self.polish


def sigma_at(time: int) -> float:
    """Of a timestep of the paper's schedule."""
    betas = torch.linspace(LOWEST, HIGHEST, TIMES, dtype=torch.float64).square()
    kept = (1 - betas).cumprod(dim=0)[time]
    return float(((1 - kept) / kept).sqrt())


def unheard(_: Tensor, __: Warp) -> None:
    """The listener to matches that does nothing."""


@torch.no_grad()
def sampled(
    networks: Networks,
    shown: Tensor,
    exemplars: Exemplars,
    config: SceneConfig,
    *,
    on_step: OnStep = ignore,
    on_match: OnMatch = unheard,
) -> Tensor:
    """Latents [B, C, h, w] of conditions [B, K, H, W] in the look of the exemplars."""
    maps = networks.condition(shown)

    def matched(own: Tensor) -> Warp:
        warp = warp_to(exemplars, own, config)
        on_match(own, warp)
        return warp

    def told(index: int, state: Tensor, clean: Tensor) -> None:
        on_step(StepRecord(index, config.evaluations, state, clean, None, index))

    warp, sigmas = matched(networks.of_condition(maps)), config.sigmas
    x = warp.latent + sigmas[0] * next(noises_for(warp.latent, config.noise_seed))
    for index, (sigma, lower) in enumerate(zip(sigmas, sigmas[1:], strict=False), start=1):
        clean = networks.denoised(x, sigma, warp.latent)
        noise = predicted_noise(x, clean, sigma)
        if index <= min(config.rematches, config.steps - 1):
            warp = matched(networks.of_estimate(clean, maps))
            clean = clean.lerp(warp.latent, config.matching * warp.confidence)
        x = clean + lower * noise
        told(index, x, clean)
    clean = networks.denoised(x, sigmas[-1], warp.latent)
    told(config.steps + 1, clean, clean)
    return polished(networks, clean, config, told)


def polished(
    networks: Networks,
    clean: Tensor,
    config: SceneConfig,
    told: Callable[[int, Tensor, Tensor], None],
) -> Tensor:
    """After a little noise, steps of DDIM with eta = 1 by the prior alone."""
    levels = config.polishing
    noises = noises_for(clean, config.noise_seed + 1)
    x = clean + levels[0] * next(noises)
    for index, (sigma, lower) in enumerate(zip(levels, levels[1:], strict=False), start=1):
        clean = networks.denoised(x, sigma, None)
        fresh = lower * (1 - (lower / sigma) ** 2) ** 0.5
        kept = (lower**2 - fresh**2) ** 0.5
        x = clean + kept * predicted_noise(x, clean, sigma) + fresh * next(noises)
        told(config.steps + 1 + index, x, clean)
    return clean
