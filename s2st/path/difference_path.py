"""The difference path: S2ST's two terms on a clean latent, along an edit without a seed.

Two branches see the same noise, the source prompt on the source and the target prompt on the edit;
what the model gets wrong alike in both cancels, so the scene stays (FlowEdit, Kulikov et al.
2412.08629, written in sigma space, so that it serves eps- and v-predicting models too). Ours: the
noise is mirrored from step to step, and part of it may be the inversion's own; guidance ends early;
the structure and appearance terms act on the predicted end of the path.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import Settings, choice, number
from ..look.distributions import sorted_values, wasserstein_distance
from ..look.mask import check_mask, restored_outside
from ..look.references import References, check_references
from ..look.structure import StructureForm, check_eta, structure_loss
from ..model.checks import check_conditioning, check_latent, check_same_latent_shape
from ..model.contract import Conditioning, Counted, Denoiser, OnStep, StepRecord, ignore
from ..model.drain import drain
from ..model.gradients import loss_and_gradient
from ..model.guidance import Prompt, check_prompt, guided_denoised
from ..model.schedule import Schedule
from ..seeds.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class DifferenceConfig(Settings):
    own_noise: float = number(
        0.0,
        0.0,
        1.0,
        "Share of the noise taken from the source's own inversion, which is then needed: more "
        "keeps less of the source.",
    )
    noise_seed: int = number(0, 0, 2**53, "Seed of the fresh share of the noise.")
    guided: float = number(
        0.6, 0.0, 1.0, "Fraction of the run under guidance; the rest runs at scale 1."
    )
    iterations: int = number(5, 0, 500, "Updates in every step; 0 leaves both terms out.")
    learning_rate: float = number(
        0.003, 1e-5, 1.0, "Length of an update, in latent units, where the look is wrong."
    )
    structure_weight: float = number(
        0.2, 0.0, 1000.0, "lambda_s: how firmly edges stay where they are."
    )
    appearance_weight: float = number(
        1.0, 0.0, 1000.0, "lambda_a: how strongly the nearest references' look is asked for."
    )
    structure: StructureForm = choice(
        StructureForm.SCALE_FREE, "How edges are compared: scale-free ignores contrast."
    )
    neighbours: int = number(3, 1, 64, "How many of the nearest references set the look.")
    tolerance: float = number(
        0.5, 0.0, 10.0, "How much of the references' own spread is left alone."
    )

    def guides(self, index: int, total: int) -> bool:
        """Whether step `index` of `total` runs under guidance."""
        return index / total < self.guided


@torch.no_grad()
def difference_path_steps(
    model: Denoiser,
    latent: Tensor,
    schedule: Schedule,
    source: Conditioning,
    target: Prompt,
    references: References | None,
    config: DifferenceConfig,
    *,
    trajectory: Trajectory | None = None,
    eta: Tensor | None = None,
    mask: Tensor | None = None,
) -> Generator[StepRecord, None, Tensor]:
    """Edit the source's latent from the highest noise level down; returns the edited latent."""
    _check_inputs(latent, source, target, references, eta, mask)
    _check_own_noise(latent, schedule, trajectory, config)
    counted, objective = Counted(model), Objective(latent, references, config, eta)
    edit = latent
    for index, noise in enumerate(noises(latent, schedule, config, trajectory)):
        sigma, next_sigma = schedule.pairs()[index]
        prompt = target if config.guides(index, schedule.steps) else Prompt(target.positive)
        denoised = guided_denoised(counted, edit + sigma * noise, sigma, prompt)
        kept = counted.denoise(latent + sigma * noise, sigma, source)
        # The two eps differ by the slope of the path; its straight end is sigma below.
        slope = (edit - latent - denoised + kept) / sigma
        edit, losses = optimized_edit(edit, sigma * slope, objective)
        end = restored_outside(edit - sigma * slope, latent, mask)
        edit = restored_outside(edit + (next_sigma - sigma) * slope, latent, mask)
        yield StepRecord(index + 1, schedule.steps, edit, end, losses, counted.evaluations)
    return edit


def difference_path(
    model: Denoiser,
    latent: Tensor,
    schedule: Schedule,
    source: Conditioning,
    target: Prompt,
    references: References | None = None,
    config: DifferenceConfig | None = None,
    *,
    trajectory: Trajectory | None = None,
    eta: Tensor | None = None,
    mask: Tensor | None = None,
    on_step: OnStep = ignore,
) -> Tensor:
    """The translated latent; `source` describes the picture whose latent is given.

    Without references the structure term acts alone. `trajectory`, the latent's own inversion, is
    needed for own noise only. Outside `mask` the source is kept.
    """
    config = config or DifferenceConfig()
    steps = difference_path_steps(
        model,
        latent,
        schedule,
        source,
        target,
        references,
        config,
        trajectory=trajectory,
        eta=eta,
        mask=mask,
    )
    return drain(steps, on_step)


def noises(
    latent: Tensor,
    schedule: Schedule,
    config: DifferenceConfig,
    trajectory: Trajectory | None = None,
) -> Iterator[Tensor]:
    """The noise of every step, all images of a batch alike in the fresh share."""
    for index, fresh in enumerate(mirrored_noises(latent, schedule.steps, config.noise_seed)):
        if trajectory is None or config.own_noise == 0:
            yield fresh
        else:
            own = (trajectory.state(schedule.steps - index) - latent) / schedule.sigmas[index]
            yield config.own_noise**0.5 * own + (1 - config.own_noise) ** 0.5 * fresh


def mirrored_noises(latent: Tensor, steps: int, seed: int) -> Iterator[Tensor]:
    """Fresh noise serves two steps, with opposite signs: what it adds to the first estimate, it
    takes from the second.
    """
    generator = torch.Generator().manual_seed(seed)
    for index in range(steps):
        if index % 2 == 0:
            fresh = torch.randn(latent.shape[1:], generator=generator).to(latent)
        yield fresh if index % 2 == 0 else -fresh


class Objective:
    """lambda_s L_str + lambda_a mean_c eta_c excess_c at the predicted end of the path.

    excess_c: how much further channel c is from the nearest references than these are from each
    other, as far as `tolerance` lets it.
    """

    def __init__(
        self,
        source: Tensor,
        references: References | None,
        config: DifferenceConfig,
        eta: Tensor | None,
    ) -> None:
        self.source, self.config = source, config
        self.references = None if references is None else references.to(source)
        if self.references is not None:
            self.free = config.tolerance * self.references.spread(config.neighbours)
            self.eta = torch.ones_like(self.free) if eta is None else eta.to(self.free)

    def look_around(self, end: Tensor) -> Tensor | None:
        """The sorted values [B, C, N] that the look of `end` is drawn to during one step."""
        if self.references is None:
            return None
        return self.references.nearest(end, self.config.neighbours)

    def __call__(self, end: Tensor, look: Tensor | None) -> Tensor:
        """[B]."""
        config = self.config
        structure = structure_loss(end, self.source, config.structure)
        if look is None:
            return config.structure_weight * structure
        excess = (wasserstein_distance(sorted_values(end), look) - self.free).clamp_min(0)
        appearance = (self.eta * excess).mean(dim=1)
        return config.structure_weight * structure + config.appearance_weight * appearance


def optimized_edit(
    edit: Tensor, ahead: Tensor, objective: Objective
) -> tuple[Tensor, Tensor | None]:
    """The edit after the inner iterations and its last losses; its end is `ahead` below it.

    The slope is held fixed, so no update asks the model again. Plain gradient steps, not Adam's,
    which move at full speed however small the gradient: an edit that is right must rest.
    """
    losses, look = None, objective.look_around(edit - ahead)
    rate = objective.config.learning_rate * edit[0].numel()  # losses are means over the latent
    for _ in range(objective.config.iterations):
        losses, gradient = loss_and_gradient(lambda at: objective(at - ahead, look), edit)
        edit = edit - rate * gradient
    return edit, losses


def _check_inputs(
    latent: Tensor,
    source: Conditioning,
    target: Prompt,
    references: References | None,
    eta: Tensor | None,
    mask: Tensor | None,
) -> None:
    check_latent("The source latent", latent)
    check_conditioning("The source prompt", source, latent.shape[0])
    check_prompt("The target prompt", target, latent.shape[0])
    if references is not None:
        check_references(references, latent)
    if eta is not None:
        check_eta(eta, latent.shape[1])
    if mask is not None:
        check_mask(mask, latent)


def _check_own_noise(
    latent: Tensor, schedule: Schedule, trajectory: Trajectory | None, config: DifferenceConfig
) -> None:
    if config.own_noise == 0:
        return
    if trajectory is None:
        raise ValueError(
            f"own_noise is {config.own_noise:g}, but there is no trajectory to take it from: "
            f"invert the source first, or set own_noise to 0."
        )
    check_same_latent_shape("The source latent", latent, "its trajectory", trajectory.source)
    if trajectory.schedule != schedule:
        raise ValueError(
            f"The path has {schedule.steps} steps from sigma {schedule.sigmas[0]:g}, but its "
            f"trajectory has {trajectory.schedule.steps} from {trajectory.schedule.sigmas[0]:g}: "
            f"take the trajectory's own schedule."
        )
