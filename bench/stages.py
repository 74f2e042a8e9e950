"""The stages whose time and memory are measured, each as a user would run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from s2st import (
    Denoiser,
    DifferenceConfig,
    DomainStatistics,
    Gradient,
    NullTextConfig,
    NullTextMethod,
    Prompt,
    References,
    SeedConfig,
    Trajectory,
    TrajectoryConfig,
    difference_path,
    drain,
    invert_steps,
    null_text_inversion,
    optimize_trajectory,
    sample,
    translate_seed,
)
from s2st.model.contract import ignore
from s2st.model.gradients import Checkpointed

from .published_null_text import published_null_text

ITERATIONS = 10  # of seed translation, and of trajectory optimisation in every step


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One picture and everything the stages start from."""

    model: Denoiser
    trajectory: Trajectory
    source: Prompt  # guided, with the empty prompt
    target: Prompt
    domain: DomainStatistics
    references: References


@dataclass(frozen=True)
class Stage:
    """A part of the method."""

    name: str
    run: Callable[[Bench], Tensor]


def sampled(bench: Bench) -> Tensor:
    """Plain guided sampling, the measure of all stages."""
    return sample(bench.model, bench.trajectory.seed, bench.target, bench.trajectory.schedule)


def inversion(refine: int = 0) -> Callable[[Bench], Tensor]:
    def run(bench: Bench) -> Tensor:
        path = bench.trajectory
        steps = invert_steps(bench.model, path.source, bench.source.positive, path.schedule, refine)
        return drain(steps, ignore)

    return run


def null_text(method: NullTextMethod) -> Callable[[Bench], Tensor]:
    def run(bench: Bench) -> Tensor:
        config = NullTextConfig(method=method)
        made = null_text_inversion(bench.model, bench.trajectory, bench.source, config)
        return made.reconstruction

    return run


def published(bench: Bench) -> Tensor:
    source = bench.source
    return published_null_text(
        bench.model, bench.trajectory, source.positive, source.negative, source.scale
    ).reconstruction


def seed_translation(iterations: int = ITERATIONS) -> Callable[[Bench], Tensor]:
    def run(bench: Bench) -> Tensor:
        config = SeedConfig(iterations=iterations)
        return translate_seed(bench.model, bench.trajectory, bench.target, bench.domain, config)

    return run


def trajectory_optimisation(
    gradient: Gradient, iterations: int = ITERATIONS
) -> Callable[[Bench], Tensor]:
    def run(bench: Bench) -> Tensor:
        path, config = bench.trajectory, TrajectoryConfig(gradient=gradient, iterations=iterations)
        return optimize_trajectory(bench.model, path, path.seed, bench.target, bench.domain, config)

    return run


def difference(config: DifferenceConfig) -> Callable[[Bench], Tensor]:
    """At the default, which needs no inversion, this is all that is done for a picture."""

    def run(bench: Bench) -> Tensor:
        return difference_path(
            bench.model,
            bench.trajectory.source,
            bench.trajectory.schedule,
            bench.source.positive,
            bench.target,
            bench.references,
            config,
        )

    return run


def checkpointed(run: Callable[[Bench], Tensor]) -> Callable[[Bench], Tensor]:
    """The same stage, recomputing the model in its backward pass instead of keeping its graph."""
    return lambda bench: run(replace(bench, model=Checkpointed(bench.model)))
