"""What the studies choose from, and the functions that translate a case with a choice.

Values are written out, so that the tables keep their meaning when a default changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor

from s2st import (
    CorrelationConfig,
    DetailConfig,
    DifferenceConfig,
    Distance,
    Gradient,
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    Reference,
    SeedConfig,
    Spacing,
    Stages,
    StructureForm,
    TrajectoryConfig,
    correlation_factor,
    difference_path,
    restore_detail,
    translate,
)

from ..lab import Case, Meter
from ..method import Setting
from ..rivals.difference_path import run as plain_path


class Eta(str, Enum):
    """Where the correlation factors come from."""

    ESTIMATED = "estimated"
    UNIFORM = "uniform"
    INVERTED = "inverted"  # 1 / estimated, at mean 1
    RANDOM = "random"


HISTOGRAM = TrajectoryConfig(
    iterations=10,
    learning_rate=0.03,
    structure_weight=1.0,
    appearance_weight=1.0,
    structure=StructureForm.SCALE_FREE,
    distance=Distance.HISTOGRAM,
    gradient=Gradient.FROZEN,
    reference=Reference.SOURCE,
)
WASSERSTEIN = replace(HISTOGRAM, distance=Distance.WASSERSTEIN, learning_rate=0.01)
SEED = SeedConfig(
    iterations=10,
    learning_rate=0.01,
    lookahead=4,
    structure_weight=1.0,
    appearance_weight=1.0,
    structure=StructureForm.SCALE_FREE,
    distance=Distance.WASSERSTEIN,
)
NULL_TEXT = NullTextConfig(
    method=NullTextMethod.NULL_TEXT, inner_steps=10, learning_rate=1e-2, tolerance=1e-5
)

PATH = DifferenceConfig(
    noise_seed=0,
    guided=0.6,
    iterations=5,
    learning_rate=0.003,
    structure_weight=0.2,
    appearance_weight=1.0,
    structure=StructureForm.SCALE_FREE,
    neighbours=3,
    tolerance=0.5,
)
DETAIL = DetailConfig(radius=1, softness=3e-4, drawn=0.5)


def along(**changes: object) -> TrajectoryConfig:
    """The Wasserstein settings with a change."""
    return replace(WASSERSTEIN, **changes)


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The stages of the paper; no seed translation and no null text unless they are asked for."""

    trajectory: TrajectoryConfig = HISTOGRAM
    seed: SeedConfig | None = None
    null_text: NullTextConfig | None = None
    guided_seed: bool = True
    steps: int | None = None  # None is the run's
    spacing: Spacing = Spacing.TRAILING
    refine: int = 0
    references: int = 16
    guidance: float = 3.0
    eta: Eta = Eta.ESTIMATED
    draw: int = 0  # which random factors

    def stages(self, steps: int) -> Stages:
        names = ("trajectory", "seed", "null_text", "guided_seed")
        inversion = InversionConfig(
            steps=self.steps or steps, spacing=self.spacing, refine=self.refine
        )
        shared = {name: getattr(self, name) for name in names}
        return Stages(inversion=inversion, correlation=None, **shared)


@dataclass(frozen=True, kw_only=True)
class Path:
    """The difference path: ours, or as its rival runs it where there is no config."""

    config: DifferenceConfig | None = PATH
    guidance: float = 2.0
    draws: int = 1
    detail: bool = False


@dataclass(frozen=True, kw_only=True)
class End:
    """An end of the scale: pictures that no method has made."""

    truth: bool


Choice = Paper | Path | End


def made(choice: Choice, case: Case, _: Setting, __: Meter) -> Tensor:
    """The case's pictures translated as a choice says."""
    match choice:
        case Paper():
            return by_stages(choice, case)
        case Path():
            return along_the_path(choice, case)
        case End():
            return case.truth.clone() if choice.truth else case.source.clone()
        case _:
            raise ValueError(f"The choice is {choice!r}, but must be a Paper, a Path or an End.")


def by_stages(choice: Paper, case: Case) -> Tensor:
    lab, task = case.lab, case.task(choice.guidance, choice.references)
    task = replace(task, eta=eta_of(choice, case))
    stages = choice.stages(lab.steps)
    return case.decoded(translate(lab.parts.denoiser, lab.parts.sigma_table, task, stages).latent)


def along_the_path(choice: Path, case: Case) -> Tensor:
    lab = case.lab
    if choice.config is None:
        setting = {"guidance": choice.guidance, "draws": choice.draws, "start": 1.0}
        pictures = plain_path(case, setting, Meter())
    else:
        task = case.task(choice.guidance, 16)
        latents = difference_path(lab.parts.denoiser, task, lab.schedule, choice.config)
        pictures = case.decoded(latents)
    if not choice.detail:
        return pictures
    return restore_detail(pictures, case.source, case.decoded(case.latents), DETAIL)


def eta_of(choice: Paper, case: Case) -> Tensor | None:
    """eta [C], mean 1; None weighs all channels alike."""
    looks = case.source_look(choice.references), case.task(1.0, choice.references).wanted
    match choice.eta:
        case Eta.UNIFORM:
            return None
        case Eta.ESTIMATED:
            return correlation_factor(*looks, CorrelationConfig()).eta
        case Eta.INVERTED:
            return at_mean_one(1 / correlation_factor(*looks, CorrelationConfig()).eta)
        case Eta.RANDOM:
            # Weights of mean 1, all such weights being equally likely.
            generator = torch.Generator().manual_seed(choice.draw)
            channels = case.latents.shape[1]
            return at_mean_one(torch.empty(channels).exponential_(generator=generator))
        case _:
            raise ValueError(f"eta is {choice.eta!r}, but must be an Eta.")


def at_mean_one(factors: Tensor) -> Tensor:
    return factors / factors.mean()
