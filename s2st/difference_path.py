"""The difference path: S2ST's two terms on a clean latent, along an edit without a seed.

Two branches see the same noise, the source prompt on the source and the target prompt on the edit;
what the model gets wrong alike in both cancels, so the scene stays (FlowEdit, Kulikov et al.
2412.08629, written in sigma space, so that it serves eps- and v-predicting models too). Ours: part
of the noise is the inversion's own, the fresh part is mirrored from step to step, guidance ends
early, and the structure and appearance terms act on the predicted end of the path.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .checks import check_conditioning, check_mask
from .contract import Conditioning, Counted, Denoiser, OnStep, StepRecord, ignore
from .distributions import sorted_values, wasserstein_distance
from .drain import drain
from .gradients import loss_and_gradient
from .guidance import Prompt, check_prompt, guided_denoised
from .losses import StructureForm, check_eta, structure_loss
from .neighbours import References, check_references
from .settings import Settings, choice, number
from .trajectory import Trajectory
from .trajectory_optimization import restored_outside


@dataclass(frozen=True, kw_only=True)
class DifferenceConfig(Settings):
    own_noise: float = number(
        0.1,
        0.0,
        1.0,
        "Share of the noise taken from the source's own inversion: more is nearer to the target "
        "domain, less keeps more of the source.",
    )
    noise_seed: int = number(0, 0, 2**53, "Seed of the fresh share of the noise.")
    guided: float = number(
        0.6, 0.0, 1.0, "Fraction of the run under guidance; the rest runs at scale 1."
    )
    iterations: int = number(5, 0, 500, "Updates in every step; 0 leaves both terms out.")
    learning_rate: float = number(
        0.005, 1e-5, 1.0, "Length of an update, in latent units, where the look is wrong."
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
        1.0, 0.0, 10.0, "How much of the references' own spread is left alone."
    )

    def guides(self, index: int, total: int) -> bool:
        """Whether step `index` of `total` runs under guidance."""
        return index / total < self.guided


@torch.no_grad()
def difference_path_steps(
    model: Denoiser,
    trajectory: Trajectory,
    source: Conditioning,
    target: Prompt,
    references: References | None,
    config: DifferenceConfig,
    *,
    eta: Tensor | None = None,
    mask: Tensor | None = None,
) -> Generator[StepRecord, None, Tensor]:
    """Edit the source latent from the highest noise level down; returns the edited latent."""
    _check_inputs(trajectory, source, target, references, eta, mask)
    schedule, counted = trajectory.schedule, Counted(model)
    objective = Objective(trajectory.source, references, config, eta)
    edit = trajectory.source
    for index, noise in enumerate(noises(trajectory, config)):
        sigma, next_sigma = schedule.pairs()[index]
        prompt = target if config.guides(index, schedule.steps) else Prompt(target.positive)
        denoised = guided_denoised(counted, edit + sigma * noise, sigma, prompt)
        kept = counted.denoise(trajectory.source + sigma * noise, sigma, source)
        # The two eps differ by the slope of the path; its straight end is sigma below.
        slope = (edit - trajectory.source - denoised + kept) / sigma
        edit, losses = optimized_edit(edit, sigma * slope, objective)
        end = restored_outside(edit - sigma * slope, trajectory.source, mask)
        edit = restored_outside(edit + (next_sigma - sigma) * slope, trajectory.source, mask)
        yield StepRecord(index + 1, schedule.steps, edit, end, losses, counted.evaluations)
    return edit


def difference_path(
    model: Denoiser,
    trajectory: Trajectory,
    source: Conditioning,
    target: Prompt,
    references: References | None = None,
    config: DifferenceConfig | None = None,
    *,
    eta: Tensor | None = None,
    mask: Tensor | None = None,
    on_step: OnStep = ignore,
) -> Tensor:
    """The translated latent; `source` describes the picture that `trajectory` inverts.

    Without references the structure term acts alone. Outside `mask` the source is kept.
    """
    config = config or DifferenceConfig()
    steps = difference_path_steps(
        model, trajectory, source, target, references, config, eta=eta, mask=mask
    )
    return drain(steps, on_step)


def noises(trajectory: Trajectory, config: DifferenceConfig) -> Iterator[Tensor]:
    """The noise of every step, all images of a batch alike in the fresh share.

    Fresh noise serves two steps, with opposite signs: what it adds to the first estimate, it
    takes from the second.
    """
    schedule, source = trajectory.schedule, trajectory.source
    generator = torch.Generator().manual_seed(config.noise_seed)
    for index in range(schedule.steps):
        if index % 2 == 0:
            fresh = torch.randn(source.shape[1:], generator=generator).to(source)
        own = (trajectory.state(schedule.steps - index) - source) / schedule.sigmas[index]
        mirrored = fresh if index % 2 == 0 else -fresh
        yield config.own_noise**0.5 * own + (1 - config.own_noise) ** 0.5 * mirrored


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
    trajectory: Trajectory,
    source: Conditioning,
    target: Prompt,
    references: References | None,
    eta: Tensor | None,
    mask: Tensor | None,
) -> None:
    latent = trajectory.source
    check_conditioning("The source prompt", source, latent.shape[0])
    check_prompt("The target prompt", target, latent.shape[0])
    if references is not None:
        check_references(references, latent)
    if eta is not None:
        check_eta(eta, latent.shape[1])
    if mask is not None:
        check_mask(mask, latent)
