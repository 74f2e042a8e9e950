"""Null-text inversion (Mokady et al. 2211.09794), its free relative, and one in between.

At guidance w sampling drifts from the inversion trajectory. Null-text inversion finds, step by
step, the null embedding with which the guided step lands back on it. Negative-prompt inversion
(Miyake et al. 2305.16807) simply takes the source prompt as the null prompt: guidance cancels, and
what is left is the inversion's own error. Fast null text starts there and corrects that error,
in the steps that have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from ..kit.settings import Settings, choice, number
from ..model.checks import check_same_latent_shape
from ..model.contract import Conditioning, Counted, Denoiser, OnStep, Query, StepRecord, ask, ignore
from ..model.ddim import ddim_step
from ..model.gradients import Adam, Rescaled, gradient_of, leaf_of
from ..model.guidance import Prompt, check_prompt, combine
from ..model.parameterization import to_variance_preserving
from .trajectory import Trajectory

REFERENCE_STEPS = 50  # the published rates are written for 50 steps; others are scaled to it
SMALLEST = 1e-20  # in place of a zero to divide by


class NullTextMethod(str, Enum):
    NULL_TEXT = "null-text"
    NEGATIVE_PROMPT = "negative prompt"
    FAST = "fast null-text"

    @property
    def from_source(self) -> bool:
        """Whether the embeddings belong to the source prompt and not to the empty one."""
        return self is not NullTextMethod.NULL_TEXT

    @property
    def optimises(self) -> bool:
        """Whether it needs gradients through the model."""
        return self is not NullTextMethod.NEGATIVE_PROMPT


@dataclass(frozen=True, kw_only=True)
class NullTextConfig(Settings):
    method: NullTextMethod = choice(
        NullTextMethod.NULL_TEXT,
        "null-text optimises an embedding for every step, as published; negative prompt takes the "
        "source prompt and costs nothing; fast null-text starts there and corrects the steps that "
        "need it.",
    )
    inner_steps: int = number(
        10, 1, 500, "At most this many Adam updates in every step; only null-text takes them."
    )
    learning_rate: float = number(
        1e-2, 1e-6, 1.0, "Adam's learning rate in the first step; only null-text takes it."
    )
    tolerance: float = number(
        1e-5, 0.0, 1.0, "A step stops once its error is below this; it grows along the run."
    )

    def learning_rate_at(self, index: int, total: int) -> float:
        """lr (1 - i/100), the published decay."""
        return self.learning_rate * (1 - index * REFERENCE_STEPS / total / 100)

    def tolerance_at(self, index: int, total: int) -> float:
        """tolerance + i 2e-5 at the published tolerance of 1e-5."""
        return self.tolerance * (1 + 2 * index * REFERENCE_STEPS / total)

    @property
    def evaluations_per_step(self) -> int:
        """At most: the conditional one, those of the updates, and one to go on."""
        match self.method:
            case NullTextMethod.NULL_TEXT:
                return 1 + self.inner_steps + 1
            case NullTextMethod.NEGATIVE_PROMPT:
                return 1
            case NullTextMethod.FAST:
                return 3
            case _:
                raise ValueError(f"The method is {self.method!r}, but must be a NullTextMethod.")


@dataclass(frozen=True)
class NullText:
    """The null conditioning of every sampling step, first step first, for one guidance scale."""

    negatives: tuple[Conditioning, ...]
    scale: float
    reconstruction: Tensor | None  # where guided sampling with them ends, if that was asked for
    evaluations: int
    gradients: int

    @property
    def returned(self) -> Tensor:
        """The reconstruction of null text that was fitted with one."""
        if self.reconstruction is None:
            raise ValueError("The null text has no reconstruction: fit it with reconstruct=True.")
        return self.reconstruction

    def prompts(self, target: Prompt) -> list[Prompt]:
        """`target` with each step's null conditioning."""
        if target.scale != self.scale:
            raise ValueError(
                f"The guidance scale is {target.scale:g}, but the null text was made for "
                f"{self.scale:g}: use one scale for both."
            )
        return [target.with_negative(negative) for negative in self.negatives]


@torch.no_grad()
def null_text_inversion(
    model: Denoiser,
    trajectory: Trajectory,
    source: Prompt,
    config: NullTextConfig | None = None,
    *,
    reconstruct: bool = True,
    on_step: OnStep = ignore,
) -> NullText:
    """The null conditionings with which the source prompt at `source.scale` gives the source.

    Without `reconstruct` the negative prompt, which is known beforehand, asks the model nothing.
    """
    config = config or NullTextConfig()
    check_prompt("The source prompt", source, trajectory.source.shape[0])
    if config.method is NullTextMethod.NEGATIVE_PROMPT and not reconstruct:
        steps = trajectory.schedule.steps
        return NullText((source.positive,) * steps, source.scale, None, 0, 0)
    return _walked_down(Counted(Rescaled(model)), trajectory, source, config, on_step)


def _walked_down(
    counted: Counted,
    trajectory: Trajectory,
    source: Prompt,
    config: NullTextConfig,
    on_step: OnStep,
) -> NullText:
    """Down the trajectory under guidance, fitting the null conditioning of each step."""
    schedule, x = trajectory.schedule, trajectory.states[-1]
    negatives, negative = [], _first_negative(source, config, trajectory)
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        goal = trajectory.state(schedule.steps - index - 1)
        step = _GuidedStep(counted, x, sigma, next_sigma, source, goal)
        negative, denoised = _fitted(step, negative, config, index, schedule.steps)
        x = ddim_step(x, denoised, sigma, next_sigma)
        negatives.append(negative)
        spent = (counted.evaluations, counted.gradients)
        on_step(StepRecord(index + 1, schedule.steps, x, denoised, step.loss(denoised), *spent))
    return NullText(tuple(negatives), source.scale, x, counted.evaluations, counted.gradients)


def _fitted(
    step: _GuidedStep, negative: Conditioning, config: NullTextConfig, index: int, total: int
) -> tuple[Conditioning, Tensor]:
    """One step's null conditioning, and the guided estimate it gives."""
    tolerance = config.tolerance_at(index, total)
    match config.method:
        case NullTextMethod.NULL_TEXT:
            rate = config.learning_rate_at(index, total)
            return step.fitted(negative, rate, tolerance, config.inner_steps)
        case NullTextMethod.NEGATIVE_PROMPT:
            return negative, step.evaluated(step.source.positive)
        case NullTextMethod.FAST:
            return step.corrected(tolerance)
        case _:
            raise ValueError(f"The method is {config.method!r}, but must be a NullTextMethod.")


def _first_negative(source: Prompt, config: NullTextConfig, trajectory: Trajectory) -> Conditioning:
    if config.method.from_source:
        return source.positive
    if source.negative is None:
        raise ValueError(
            "Null-text inversion starts from the empty prompt, but the source prompt has no "
            "negative: pass the empty prompt's conditioning."
        )
    batch = trajectory.source.shape[0]
    embedding = source.negative.embedding.detach()
    return source.negative.with_embedding(embedding.expand(batch, -1, -1).clone())


class _GuidedStep:
    """One guided DDIM step from a running latent towards the trajectory's next state."""

    def __init__(
        self,
        model: Counted,
        x: Tensor,
        sigma: float,
        next_sigma: float,
        source: Prompt,
        goal: Tensor,
    ) -> None:
        check_same_latent_shape("The running latent", x, "the trajectory", goal)
        self.model, self.x, self.source, self.goal = model, x, source, goal
        self.sigma, self.next_sigma = sigma, next_sigma

    def evaluated(self, conditioning: Conditioning, negative: bool = False) -> Tensor:
        return ask(self.model, [Query(self.x, conditioning, negative)], self.sigma)[0]

    def guided(self, unconditional: Tensor, conditional: Tensor) -> Tensor:
        return combine(unconditional, conditional, self.source.scale)

    def missed(self, denoised: Tensor) -> Tensor:
        """How far the step ends from the trajectory's state, in variance-preserving units."""
        reached = ddim_step(self.x, denoised, self.sigma, self.next_sigma)
        return to_variance_preserving(reached - self.goal, self.next_sigma)

    def loss(self, denoised: Tensor) -> Tensor:
        """[B]: the mean square of what the step misses."""
        return self.missed(denoised).square().mean(dim=(1, 2, 3))

    def fitted(
        self, negative: Conditioning, learning_rate: float, tolerance: float, inner_steps: int
    ) -> tuple[Conditioning, Tensor]:
        """The fitted null conditioning and the guided estimate it gives.

        Images of a batch stop one by one: whoever is below tolerance keeps its embedding.
        """
        embedding, conditional = negative.embedding, self.evaluated(self.source.positive)
        adam = Adam(embedding, learning_rate)
        for _ in range(inner_steps):
            leaf, denoised, losses = self.attempt(negative.with_embedding(embedding), conditional)
            open_items = losses.detach() >= tolerance
            if not open_items.any():
                return negative.with_embedding(embedding), denoised
            moved = adam.step(embedding, gradient_of(losses, leaf))
            embedding = torch.where(_per_item(open_items, moved), moved, embedding)
        fitted = negative.with_embedding(embedding)
        return fitted, self.guided(self.evaluated(fitted, negative=True), conditional)

    def corrected(self, tolerance: float) -> tuple[Conditioning, Tensor]:
        """The source prompt as null conditioning, moved once where the step would miss too far.

        There both predictions of the guidance are one evaluation, which is all that a step within
        tolerance costs. The others move along the sign of the gradient, as Adam's first update
        does, by the length that is best where the model is linear.
        """
        leaf, conditional, losses = self.attempt(self._expanded(self.source.positive))
        open_items = losses.detach() >= tolerance
        if not open_items.any():
            return self.source.positive, conditional
        gradient = gradient_of(losses, leaf)
        slope = gradient.abs().sum(dim=(1, 2)).clamp_min(SMALLEST)
        trial = -_per_item(2 * losses.detach() / slope, gradient) * gradient.sign()
        return self._moved(leaf.detach(), trial, conditional, open_items)

    def _moved(
        self, embedding: Tensor, trial: Tensor, conditional: Tensor, open_items: Tensor
    ) -> tuple[Conditioning, Tensor]:
        """The null conditioning best along `trial`, image by image where that is an improvement."""

        def guided_at(embedding: Tensor) -> Tensor:
            null = self.source.positive.with_embedding(embedding)
            unconditional = self.evaluated(null, negative=True)
            return self.guided(unconditional, conditional)

        missed = self.missed(conditional)
        change = self.missed(guided_at(embedding + trial)) - missed
        length = -_dot(missed, change) / _dot(change, change).clamp_min(SMALLEST)
        moved = embedding + _per_item(length, trial) * trial
        denoised = guided_at(moved)
        better = open_items & (self.loss(denoised) < self.loss(conditional))
        kept = torch.where(_per_item(better, moved), moved, embedding)
        estimate = torch.where(_per_item(better, denoised), denoised, conditional)
        return self.source.positive.with_embedding(kept), estimate

    def _expanded(self, conditioning: Conditioning) -> Conditioning:
        """One embedding for every image."""
        return conditioning.with_embedding(conditioning.embedding.expand(len(self.x), -1, -1))

    @torch.enable_grad()
    def attempt(
        self, negative: Conditioning, conditional: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(the embedding as a leaf, the guided estimate it gives, its losses), ready to go back.

        Without `conditional` the null conditioning is the source prompt, and serves for both.
        """
        leaf = leaf_of(negative.embedding)
        null = self.evaluated(negative.with_embedding(leaf), negative=conditional is not None)
        denoised = self.guided(null, null.detach() if conditional is None else conditional)
        return leaf, denoised.detach(), self.loss(denoised)


def _per_item(values: Tensor, like: Tensor) -> Tensor:
    """[B] in a shape that spreads over `like`."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """[B]: the inner products of two batches of latents."""
    return (one * other).sum(dim=(1, 2, 3))
