"""The difference path: S2ST's two terms on a clean latent, along an edit without a seed.

Two branches see the same noise, the source prompt on the source and the target prompt on the edit;
what the model gets wrong alike in both cancels, so the scene stays (FlowEdit, Kulikov et al.
2412.08629, written in sigma space, so that it serves eps- and v-predicting models too). Ours: the
noise is mirrored from step to step; the first step, where a single noise is the largest error, is
asked under two; guidance ends early; the structure and appearance terms act on the predicted end of
the path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from ..kit.settings import number
from ..look.drawn import Drawn, DrawnConfig
from ..look.exemplars import Matcher
from ..look.mask import restored_outside
from ..look.objective import LossConfig, Objective
from ..look.regional import nearest_look
from ..look.task import Task
from ..model.contract import (
    Counted,
    Denoiser,
    OnStep,
    OnUpdate,
    Query,
    StepRecord,
    ask,
    go_on,
    ignore,
)
from ..model.gradients import loss_and_gradient
from ..model.guidance import guided, guided_queries
from ..model.noise import noises_for
from ..model.schedule import Schedule

DEFAULT_STEPS = 7  # more are no nearer to the truth in most translations, and cost as much more
DEFAULT_GUIDANCE = 2.0  # the two branches cancel what they share, so little of it goes far


@dataclass(frozen=True, kw_only=True)
class DifferenceConfig(LossConfig, DrawnConfig):
    noise_seed: int = number(0, 0, 2**53, "Seed of the noise.")
    guided: float = number(
        0.25, 0.0, 1.0, "Fraction of the run under guidance; the rest runs at scale 1."
    )
    iterations: int = number(5, 0, 500, "Updates in every step; 0 leaves both terms out.")
    learning_rate: float = number(
        0.003,
        1e-5,
        1.0,
        "Length of an update in a run of 20 steps, in latent units, where the look is wrong; in "
        "shorter runs updates are longer, so that a run goes equally far.",
    )
    structure_weight: float = number(
        0.2, 0.0, 1000.0, "lambda_s: how firmly edges stay where they are."
    )
    appearance_weight: float = number(
        1.0, 0.0, 1000.0, "lambda_a: how strongly the nearest references' look is asked for."
    )
    neighbours: int = number(3, 1, 64, "How many of the nearest references set the look.")
    tolerance: float = number(
        0.5, 0.0, 10.0, "How much of the references' own spread is left alone."
    )
    first_draws: int = number(
        2, 1, 16, "Noises under which the first step is asked; its slope is their mean."
    )

    def draws(self, index: int) -> int:
        """How many noises step `index` is asked under."""
        return self.first_draws if index == 0 else 1

    def guides(self, index: int, total: int) -> bool:
        """Whether step `index` of `total` runs under guidance."""
        return index / total < self.guided


@torch.no_grad()
def difference_path(
    model: Denoiser,
    task: Task,
    schedule: Schedule,
    config: DifferenceConfig | None = None,
    *,
    on_step: OnStep = ignore,
    on_update: OnUpdate = go_on,
) -> Tensor:
    """Edit the task's latent from the highest noise level down; returns the edited latent.

    Without a look the structure term acts alone. Outside the task's mask the source is kept.
    Its exemplars, where there are any, draw the end that each step predicts, before the terms do.
    """
    config, latent = config or DifferenceConfig(), task.latent
    counted = Counted(model)
    terms = _Terms(task, config, schedule.rate(config.learning_rate), on_update)
    drawn = _drawn_to(counted, task, config)
    edit, noises = latent, mirrored_noises(latent, config.noise_seed)
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        scale = task.target.scale if config.guides(index, schedule.steps) else 1.0
        fresh = list(islice(noises, config.draws(index)))
        slopes = [_slope(counted, task, edit, noise, sigma, scale) for noise in fresh]
        slope = torch.stack(slopes).mean(dim=0)
        if drawn is not None:
            end = edit - sigma * slope
            edit = edit + (drawn(index, schedule.steps, end) - end)
        edit, losses = terms.optimised(edit, sigma * slope)
        end = restored_outside(edit - sigma * slope, latent, task.mask)
        edit = restored_outside(edit + (next_sigma - sigma) * slope, latent, task.mask)
        on_step(StepRecord(index + 1, schedule.steps, edit, end, losses, counted.evaluations))
    return edit


def _drawn_to(model: Denoiser, task: Task, config: DifferenceConfig) -> Drawn | None:
    """What draws the ends to the task's exemplars."""
    if task.exemplars is None or not config.matching:
        return None
    return Drawn(Matcher(model, task.exemplars, task.target.positive), task.latent, config)


def _slope(
    model: Denoiser, task: Task, edit: Tensor, noise: Tensor, sigma: float, scale: float
) -> Tensor:
    """d edit / d sigma: by how much the two branches' eps differ under the same noise.

    The straight end of the path is sigma times as much below.
    """
    prompt = replace(task.target, scale=scale)
    kept = Query(task.latent + sigma * noise, task.described)
    *edited, source = ask(model, [*guided_queries(edit + sigma * noise, prompt), kept], sigma)
    return (edit - task.latent - guided(edited, prompt) + source) / sigma


def mirrored_noises(latent: Tensor, seed: int) -> Iterator[Tensor]:
    """Without end; fresh noise serves two estimates, with opposite signs: what it adds to the
    first, it takes from the second. All pictures of a batch get the same.
    """
    for fresh in noises_for(latent, seed):
        yield fresh
        yield -fresh


class _Terms:
    """S2ST's two terms at the predicted end of the path, and the updates that lower them."""

    def __init__(
        self, task: Task, config: DifferenceConfig, rate: float, on_update: OnUpdate
    ) -> None:
        self._objective, self._config = Objective(task, config, None), config
        self._on_update = on_update
        self._look = None
        if task.asks_for_a_look:
            self._look = nearest_look(task, config.neighbours, config.tolerance)
        # The losses are means over what may change: a rate of 1 moves by their whole gradient.
        self._rate = rate * task.changeable

    def optimised(self, edit: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor | None]:
        """The edit after the inner iterations and its last losses; its end is `ahead` below it.

        The slope is held fixed, so no update asks the model again. Plain gradient steps, not
        Adam's, which move at full speed however small the gradient: an edit that is right must
        rest.
        """
        losses, objective = None, self._objective
        if self._look is not None and self._config.iterations:
            objective = replace(objective, distances=self._look.around(edit - ahead))
        for _ in range(self._config.iterations):
            losses, gradient = loss_and_gradient(lambda at: objective(at - ahead), edit)
            edit = edit - self._rate * gradient
            self._on_update()
        return edit, losses
