"""The stages whose time and memory are measured, each as a user would run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from s2st import (
    Denoiser,
    DifferenceConfig,
    Gradient,
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    Prompt,
    SeedConfig,
    Task,
    Trajectory,
    TrajectoryConfig,
    difference_path,
    invert,
    null_text_inversion,
    optimize_trajectory,
    sample,
    translate_seed,
)
from s2st.model.gradients import Checkpointed

PLAIN = "plain guided sampling"


@dataclass(frozen=True)
class Bench:
    """One picture and everything the stages start from."""

    model: Denoiser
    sigma_table: Tensor
    inversion: InversionConfig
    task: Task
    trajectory: Trajectory


Stage = Callable[[Bench], Tensor]


def bench_of(model: Denoiser, sigma_table: Tensor, inversion: InversionConfig, task: Task) -> Bench:
    """A bench whose picture has been inverted plainly."""
    trajectory = invert(model, task.latent, task.described, sigma_table, inversion)
    return Bench(model, sigma_table, inversion, task, trajectory)


def sampled(bench: Bench) -> Tensor:
    """Plain guided sampling, the measure of all stages."""
    path = bench.trajectory
    return sample(bench.model, path.seed, bench.task.target, path.schedule)


def inversion(refine: int = 0) -> Stage:
    def run(bench: Bench) -> Tensor:
        config, task = replace(bench.inversion, refine=refine), bench.task
        return invert(bench.model, task.latent, task.described, bench.sigma_table, config).seed

    return run


def null_text(method: NullTextMethod) -> Stage:
    def run(bench: Bench) -> Tensor:
        target, config = bench.task.target, NullTextConfig(method=method)
        source = Prompt(bench.task.described, target.negative, target.scale)
        return null_text_inversion(bench.model, bench.trajectory, source, config).reconstruction

    return run


def seed_translation(**changes: int) -> Stage:
    config = SeedConfig(**changes)
    return lambda bench: translate_seed(bench.model, bench.trajectory, bench.task, config)


def trajectory_optimisation(gradient: Gradient, **changes: int) -> Stage:
    def run(bench: Bench) -> Tensor:
        config, path = TrajectoryConfig(gradient=gradient, **changes), bench.trajectory
        return optimize_trajectory(bench.model, path, path.seed, bench.task, config)

    return run


def difference(**changes: int) -> Stage:
    """At the default, which needs no inversion, this is all that is done for a picture."""
    config = DifferenceConfig(**changes)
    return lambda bench: difference_path(bench.model, bench.task, bench.trajectory.schedule, config)


def checkpointed(run: Stage) -> Stage:
    """The same stage, recomputing the model in its backward pass instead of keeping its graph."""
    return lambda bench: run(replace(bench, model=Checkpointed(bench.model)))


def stages(**changes: int) -> dict[str, Stage]:
    """Plain sampling and the stages whose memory counts, with a change to all that optimise."""
    return {
        PLAIN: sampled,
        "DDIM inversion": inversion(),
        "difference path": difference(**changes),
        "seed translation": seed_translation(**changes),
        **{
            f"trajectory optimisation, {one.value}": trajectory_optimisation(one, **changes)
            for one in (Gradient.FROZEN, Gradient.EXACT)
        },
    }
