"""S2ST on one page: from a source latent and target-domain latents to the translated latent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..look.correlation import CorrelationConfig, correlation_factor
from ..look.domain import domain_statistics
from ..model.contract import Conditioning, Denoiser, StepRecord
from ..model.guidance import Prompt
from .inversion import InversionConfig, invert
from .null_text import NullText, NullTextConfig, null_text_inversion
from .seed_translation import SeedConfig, translate_seed
from .trajectory import Trajectory
from .trajectory_optimization import TrajectoryConfig, optimize_trajectory

OnStageStep = Callable[[str, StepRecord], None]


def ignore_stage(_: str, __: StepRecord) -> None:
    """The listener that does nothing."""


# A translated seed holds the first steps; without one nothing does, and `start` must be 0.
AFTER_SEED_TRANSLATION = TrajectoryConfig(start=0.4, structure_weight=3.0)


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Which stages run, each with its own config; None leaves a stage out.

    All of them None (but the inversion) is plain inversion and sampling with the target prompt.
    The defaults are those of docs/ablation.md. The paper's null text is `NullTextConfig()`; the
    fast one returns the source more closely for a sixth of its cost (docs/cost.md).
    """

    inversion: InversionConfig = InversionConfig(steps=20)
    null_text: NullTextConfig | None = None
    seed: SeedConfig | None = SeedConfig()
    guided_seed: bool = False  # whether the target's guidance acts in seed translation too
    trajectory: TrajectoryConfig | None = AFTER_SEED_TRANSLATION
    correlation: CorrelationConfig | None = CorrelationConfig()


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
    source_latent: Tensor,
    source: Conditioning,
    target: Prompt,
    target_latents: Tensor,
    stages: Stages | None = None,
    *,
    source_domain_latents: Tensor | None = None,
    mask: Tensor | None = None,
    on_step: OnStageStep = ignore_stage,
) -> Translation:
    """Translate `source_latent`, described by `source`, into the domain of `target_latents`.

    eta needs examples of the source's domain too (`source_domain_latents`); without them all
    channels weigh alike. `on_step` is told the stage's name and its records.
    """
    stages = stages or Stages()
    domain = domain_statistics(target_latents)
    eta = _estimated_eta(source_domain_latents, target_latents, stages.correlation)

    # 1. Invert the source to its seed, keeping the trajectory z*_0 .. z*_T.
    trajectory = invert(
        model,
        source_latent,
        source,
        sigma_table,
        stages.inversion,
        on_step=lambda record: on_step("inversion", record),
    )
    # 2. Null-text inversion: embeddings that hold the source under guidance.
    null_text = None
    if stages.null_text is not None:
        null_text = null_text_inversion(
            model,
            trajectory,
            Prompt(source, target.negative, target.scale),
            stages.null_text,
            on_step=lambda record: on_step("null text", record),
        )
    # 3. Seed translation: z_T from z*_T.
    seed = trajectory.seed
    if stages.seed is not None:
        seed = translate_seed(
            model,
            trajectory,
            target if stages.guided_seed else Prompt(target.positive),
            domain,
            stages.seed,
            eta,
            on_step=lambda record: on_step("seed translation", record),
        )
    # 4. Trajectory optimisation: sample from z_T, optimising every z_t; 0 iterations is
    #    plain sampling.
    latent = optimize_trajectory(
        model,
        trajectory,
        seed,
        target,
        domain,
        stages.trajectory or TrajectoryConfig(iterations=0),
        null_text=null_text,
        eta=eta,
        mask=mask,
        on_step=lambda record: on_step("trajectory optimisation", record),
    )
    return Translation(latent, trajectory, seed, null_text, eta)


def _estimated_eta(
    source_latents: Tensor | None, target_latents: Tensor, config: CorrelationConfig | None
) -> Tensor | None:
    if source_latents is None or config is None:
        return None
    return correlation_factor(source_latents, target_latents, config).eta
