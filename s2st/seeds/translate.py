"""S2ST, the paper's method, on one page: from a source latent to the translated latent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from ..look.correlation import CorrelationConfig, correlation_factor
from ..look.look import Look
from ..look.task import Task
from ..model.contract import Denoiser, OnUpdate, StepRecord, go_on
from ..model.guidance import Prompt
from .inversion import InversionConfig, invert
from .null_text import NullText, NullTextConfig, null_text_inversion
from .seed_translation import SeedConfig, translate_seed
from .trajectory import Trajectory
from .trajectory_optimization import TrajectoryConfig, optimize_trajectory

OnStageStep = Callable[[str, StepRecord], None]


def ignore_stage(_: str, __: StepRecord) -> None:
    """The listener that does nothing."""


# A translated seed holds the first steps, so that optimising may begin late.
AFTER_SEED_TRANSLATION = TrajectoryConfig(start=0.4, structure_weight=3.0)


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Which stages run, each with its own config; None leaves a stage out.

    All of them None (but the inversion) is plain inversion and sampling with the target prompt.
    The defaults are those of docs/ablation.md. The paper's null text is `NullTextConfig()`; the
    fast one returns the source more closely for less than a sixth of its cost (docs/cost.md).
    """

    inversion: InversionConfig = InversionConfig(steps=20)
    null_text: NullTextConfig | None = None
    seed: SeedConfig | None = SeedConfig()
    guided_seed: bool = False  # whether the target's guidance acts in seed translation too
    trajectory: TrajectoryConfig | None = AFTER_SEED_TRANSLATION
    correlation: CorrelationConfig | None = CorrelationConfig()

    def __post_init__(self) -> None:
        if self.seed is None and self.trajectory is AFTER_SEED_TRANSLATION:
            # Nothing else holds the first steps then, so that optimising must.
            object.__setattr__(self, "trajectory", TrajectoryConfig())


@dataclass(frozen=True)
class Translation:
    """The result, and what each stage handed to the next."""

    latent: Tensor
    trajectory: Trajectory
    seed: Tensor  # variance-preserving units
    null_text: NullText | None
    eta: Tensor | None


def translate(
    model: Denoiser,
    sigma_table: Tensor,
    task: Task,
    stages: Stages | None = None,
    *,
    source_look: Look | None = None,
    on_step: OnStageStep = ignore_stage,
    on_update: OnUpdate = go_on,
) -> Translation:
    """Translate the task's picture by the paper's stages.

    Without the task's own eta, it is estimated where `source_look` shows the source's domain, and
    else all channels weigh alike. `on_step` is told the stage's name and its records.
    """
    stages = stages or Stages()
    if task.eta is None and source_look is not None and stages.correlation is not None:
        eta = correlation_factor(source_look, task.wanted, stages.correlation).eta
        task = replace(task, eta=eta.to(task.latent))

    def told(stage: str) -> Callable[[StepRecord], None]:
        return partial(on_step, stage)

    # 1. Invert the source to its seed, keeping the trajectory z*_0 .. z*_T.
    trajectory = invert(
        model, task.latent, task.described, sigma_table, stages.inversion, on_step=told("inversion")
    )
    # 2. Null-text inversion: embeddings that hold the source under guidance.
    null_text = None
    if stages.null_text is not None:
        source = Prompt(task.described, task.target.negative, task.target.scale)
        null_text = null_text_inversion(
            model,
            trajectory,
            source,
            stages.null_text,
            reconstruct=False,
            on_step=told("null text"),
        )
    # 3. Seed translation: z_T from z*_T.
    seed = trajectory.seed
    if stages.seed is not None:
        target = task.target if stages.guided_seed else Prompt(task.target.positive)
        seed = translate_seed(
            model,
            trajectory,
            replace(task, target=target),
            stages.seed,
            on_step=told("seed translation"),
        )
    # 4. Trajectory optimisation: sample from z_T, optimising every z_t; 0 iterations is
    #    plain sampling.
    latent = optimize_trajectory(
        model,
        trajectory,
        seed,
        task,
        stages.trajectory or TrajectoryConfig(iterations=0),
        null_text=null_text,
        on_step=told("trajectory optimisation"),
        on_update=on_update,
    )
    return Translation(latent, trajectory, seed, null_text, task.eta)
