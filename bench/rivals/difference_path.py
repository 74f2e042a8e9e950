"""The inversion-free difference path: FlowEdit's equation (Kulikov et al. 2412.08629) in sigma
space, where it serves eps- and v-predicting models too.

x = z / (1 - t) turns the flow dz = v dt into dx = eps dsigma, so that the difference between an
edited and an original state obeys, for the same noise n in both,

    dZ = [eps(Z + sigma n, c_trg, w) - eps(z*_0 + sigma n, c_src)] dsigma.

Of the lab's steps it runs the last `start` (FlowEdit's n_max), with fresh noise at each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from s2st import Prompt, guided_denoised, predicted_noise
from s2st.model.contract import Denoiser

from ..lab import Case, Family, Meter, Method, Setting, settings


@torch.no_grad()
def difference_path(
    model: Denoiser,
    source_latent: Tensor,
    source: Prompt,
    target: Prompt,
    steps: Sequence[tuple[float, float]],
    draws: int,
    randomness: Sequence[torch.Generator],
) -> Tensor:
    """The edited clean latent; `steps` are pairs of falling sigmas."""
    edited = source_latent
    for sigma, next_sigma in steps:
        change = torch.zeros_like(edited)
        for _ in range(draws):
            noise = sigma * noise_like(edited, randomness)
            towards = noise_at(model, edited + noise, sigma, target)
            change += towards - noise_at(model, source_latent + noise, sigma, source)
        edited = edited + (next_sigma - sigma) * change / draws
    return edited


def noise_at(model: Denoiser, x: Tensor, sigma: float, prompt: Prompt) -> Tensor:
    return predicted_noise(x, guided_denoised(model, x, sigma, prompt), sigma)


def noise_like(latents: Tensor, randomness: Sequence[torch.Generator]) -> Tensor:
    drawn = [torch.randn(latents.shape[1:], generator=generator) for generator in randomness]
    return torch.stack(drawn).to(latents)


def run(case: Case, setting: Setting, _: Meter) -> Tensor:
    lab = case.lab
    latents = difference_path(
        lab.parts.denoiser,
        case.latents,
        Prompt(lab.prompt(case.pair.source)),
        case.target(setting["guidance"]),
        lab.schedule.pairs()[lab.steps - round(setting["start"] * lab.steps) :],
        setting["draws"],
        case.generators(),
    )
    return case.decoded(latents)


METHOD = Method(
    name="Difference path",
    family=Family.RIVAL,
    run=run,
    settings=settings(
        "guidance draws start",
        *((1.5, 1, 1.0), (2.0, 1, 1.0), (3.0, 1, 1.0), (2.0, 2, 1.0), (2.0, 1, 0.9)),
    ),
    source="2412.08629",
)
