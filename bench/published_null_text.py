"""Null-text inversion written straight from its paper: the yardstick for our cheaper ones.

Mokady et al. 2211.09794, algorithm 1 with the values of section 4, on one picture: nothing is
shared, skipped or started cleverly. It works on the variance-preserving latents of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from s2st import Trajectory
from s2st.model.contract import Conditioning, Denoiser
from s2st.model.parameterization import from_variance_preserving, to_variance_preserving

INNER_STEPS = 10
LEARNING_RATE = 1e-2
RATE_DECAY = 1 / 100  # lr (1 - i/100) for the step of index i
TOLERANCE, TOLERANCE_GROWTH = 1e-5, 2e-5  # stop below 1e-5 + i 2e-5


@dataclass(frozen=True)
class PublishedNullText:
    """One null embedding for every step, and where guided sampling with them ends."""

    embeddings: tuple[Tensor, ...]
    reconstruction: Tensor


def published_null_text(
    model: Denoiser,
    trajectory: Trajectory,
    source: Conditioning,
    null: Conditioning,
    scale: float,
    inner_steps: int = INNER_STEPS,
    learning_rate: float = LEARNING_RATE,
) -> PublishedNullText:
    """Fit the null embedding of every step, as published."""
    if len(trajectory.source) != 1:
        raise ValueError(
            f"The trajectory holds {len(trajectory.source)} pictures, but the published procedure "
            f"takes 1: call it for one picture after the other."
        )
    schedule, embeddings = trajectory.schedule, []
    z, embedding = trajectory.seed, null.embedding.detach().clone()
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        wanted = trajectory.state(schedule.steps - index - 1)
        step = _Step(model, z, sigma, next_sigma, source, null, scale)
        goal = to_variance_preserving(wanted, next_sigma)
        rate = learning_rate * (1 - index * RATE_DECAY)
        embedding = step.fitted(embedding, goal, rate, tolerance_at(index), inner_steps)
        embeddings.append(embedding)
        z = step.advanced(embedding)
    return PublishedNullText(tuple(embeddings), z)


def tolerance_at(index: int) -> float:
    """Below this error the step of this index is left."""
    return TOLERANCE + index * TOLERANCE_GROWTH


@dataclass(frozen=True)
class _Step:
    """A guided DDIM step that leaves z."""

    model: Denoiser
    z: Tensor
    sigma: float
    next_sigma: float
    source: Conditioning
    null: Conditioning
    scale: float

    def noise(self, conditioning: Conditioning) -> Tensor:
        """eps of the state."""
        x = from_variance_preserving(self.z, self.sigma)
        return (x - self.model.denoise(x, self.sigma, conditioning)) / self.sigma

    def reached(self, unconditional: Tensor, conditional: Tensor) -> Tensor:
        """The next state by DDIM, under guidance."""
        noise = unconditional + self.scale * (conditional - unconditional)
        x = from_variance_preserving(self.z, self.sigma)
        return to_variance_preserving(x + (self.next_sigma - self.sigma) * noise, self.next_sigma)

    def fitted(
        self, start: Tensor, goal: Tensor, rate: float, tolerance: float, inner_steps: int
    ) -> Tensor:
        """The embedding after at most `inner_steps` updates; the loss is checked after each."""
        embedding = start.clone().requires_grad_()
        optimizer = torch.optim.Adam([embedding], lr=rate)
        with torch.no_grad():
            conditional = self.noise(self.source)
        for _ in range(inner_steps):
            unconditional = self.noise(self.null.with_embedding(embedding))
            loss = (self.reached(unconditional, conditional) - goal).square().mean()
            optimizer.zero_grad()
            loss.backward(inputs=[embedding])
            optimizer.step()
            if loss.item() < tolerance:
                break
        return embedding.detach()

    @torch.no_grad()
    def advanced(self, embedding: Tensor) -> Tensor:
        """The next state: one more evaluation of both prompts."""
        unconditional = self.noise(self.null.with_embedding(embedding))
        return self.reached(unconditional, self.noise(self.source))
