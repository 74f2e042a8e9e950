"""Ideas for doing better than the paper, each beside the others: what was tried, not what won."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from s2st import (
    DetailConfig,
    DifferenceConfig,
    Prompt,
    StructureForm,
    Trajectory,
    TrajectoryConfig,
    difference_path,
    domain_statistics,
    optimize_trajectory,
    references_of,
    restore_detail,
    sample,
)

from ..lab import Case, Meter
from ..method import Setting, trajectory_of
from ..rivals.difference_path import run as plain_path
from .options import WASSERSTEIN, Stock

# Written out, so that the table keeps its meaning when a default changes.
PATH = DifferenceConfig(
    own_noise=0.0,
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
WITHOUT_TERMS = replace(PATH, iterations=0)
VARIANTS: Mapping[str, DifferenceConfig] = {
    "mirrored noise": replace(WITHOUT_TERMS, guided=1.0),
    "mirrored noise, early guidance": WITHOUT_TERMS,
    "mirrored noise, early guidance, own noise 0.1": replace(WITHOUT_TERMS, own_noise=0.1),
    "mirrored noise, early guidance, own noise 0.5": replace(WITHOUT_TERMS, own_noise=0.5),
    "all, with the domain's mean look": replace(PATH, neighbours=64, tolerance=0.0),
    "all, with the nearest looks": replace(PATH, tolerance=0.0),
    "all, with the nearest looks and tolerance (the default)": PATH,
    "the default with own noise 0.1": replace(PATH, own_noise=0.1),
    "the default with more tolerance": replace(PATH, tolerance=1.0),
    "the default with longer updates": replace(PATH, learning_rate=0.01),
    "the default with a firmer structure term": replace(PATH, structure_weight=1.0),
    "the default without the structure term": replace(PATH, structure_weight=0.0),
}


@dataclass(frozen=True, kw_only=True)
class PathOptions:
    """A difference path of ours."""

    guidance: float = 2.0
    config: DifferenceConfig = PATH


@dataclass(frozen=True, kw_only=True)
class PlainOptions:
    """The difference path as a rival runs it."""

    guidance: float = 2.0
    draws: int = 1


@dataclass(frozen=True, kw_only=True)
class SelfTargetOptions:
    """Trajectory optimisation towards the look of the scene's own guided edit."""

    guidance: float = 3.0
    trajectory: TrajectoryConfig = WASSERSTEIN


@dataclass(frozen=True, kw_only=True)
class RestartOptions:
    """Several difference paths, of which each picture keeps the one of the smallest last loss."""

    path: PathOptions = PathOptions()
    restarts: int = 3


def along_the_path(stock: Stock, options: PathOptions, spent: Meter) -> Tensor:
    case = stock.case
    trajectory = trajectory_of(case, spent) if options.config.own_noise else None
    with case.lab.metered(case.batch) as meter:
        latents, _ = path_and_loss(case, trajectory, options)
    spent.add(meter)
    return case.decoded(latents)


def sharp_along_the_path(stock: Stock, options: PathOptions, spent: Meter) -> Tensor:
    return sharpened(stock.case, along_the_path(stock, options, spent))


def sharp_plain(stock: Stock, options: PlainOptions, spent: Meter) -> Tensor:
    return sharpened(stock.case, plain(stock, options, spent))


def sharpened(case: Case, pictures: Tensor) -> Tensor:
    """With the source's detail restored."""
    return restore_detail(pictures, case.source, case.decoded(case.latents), DETAIL)


def path_and_loss(
    case: Case, trajectory: Trajectory | None, options: PathOptions
) -> tuple[Tensor, Tensor | None]:
    """The edit, and its last losses [B]."""
    lab, losses = case.lab, []
    latents = difference_path(
        lab.parts.denoiser,
        case.latents,
        lab.schedule,
        lab.prompt(case.pair.source),
        Prompt(lab.prompt(case.pair.target), lab.prompt(""), options.guidance),
        references_of(case.reference_latents[:16]),
        options.config,
        trajectory=trajectory,
        on_step=lambda record: losses.append(record.loss),
    )
    return latents, losses[-1]


def plain(stock: Stock, options: PlainOptions, spent: Meter) -> Tensor:
    case = stock.case
    setting: Setting = {"guidance": options.guidance, "draws": options.draws, "start": 1.0}
    with case.lab.metered(case.batch) as meter:
        pictures = plain_path(case, setting, Meter())
    spent.add(meter)
    return pictures


def to_own_look(stock: Stock, options: SelfTargetOptions, spent: Meter) -> Tensor:
    """Scene by scene, as each has its own target."""
    case = stock.case
    lab, trajectory = case.lab, trajectory_of(case, spent)
    target = Prompt(lab.prompt(case.pair.target), lab.prompt(""), options.guidance)
    model = lab.parts.denoiser
    with lab.metered(case.batch) as meter:
        edits = sample(model, trajectory.seed, target, trajectory.schedule)
        latents = [
            optimize_trajectory(
                model,
                alone := Trajectory(trajectory.states[:, index, None], trajectory.schedule),
                alone.seed,
                target,
                domain_statistics(edit[None]),
                options.trajectory,
            )
            for index, edit in enumerate(edits)
        ]
    spent.add(meter)
    return case.decoded(torch.cat(latents))


def best_of_several(stock: Stock, options: RestartOptions, spent: Meter) -> Tensor:
    case = stock.case
    trajectory = trajectory_of(case, spent) if options.path.config.own_noise else None
    with case.lab.metered(case.batch) as meter:
        runs = [
            path_and_loss(case, trajectory, _with_seed(options.path, seed))
            for seed in range(options.restarts)
        ]
    spent.add(meter)
    edits = torch.stack([latents for latents, _ in runs])
    best = torch.stack([losses for _, losses in runs]).argmin(dim=0)
    return case.decoded(edits[best, torch.arange(case.batch)])


def _with_seed(options: PathOptions, seed: int) -> PathOptions:
    return replace(options, config=replace(options.config, noise_seed=seed))
