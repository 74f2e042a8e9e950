"""Our own lines of the comparison: S2ST as published, and the default that this project offers."""

from __future__ import annotations

from torch import Tensor

from s2st import (
    CorrelationConfig,
    Distance,
    NullTextConfig,
    SeedConfig,
    Stages,
    TrajectoryConfig,
    difference_path,
    restore_detail,
    translate,
)
from s2st.path.difference_path import DEFAULT_GUIDANCE

from .lab import Case, Meter
from .method import Family, Method, Setting
from .rivals.difference_path import run as plain_path

SEED_RATES = {Distance.HISTOGRAM: 0.03, Distance.WASSERSTEIN: 0.01}


def default(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """The difference path with S2ST's terms and the source's detail, all at their defaults."""
    return sharpened(case, path_alone(case, setting, spent))


def sharp_rival(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """The strongest rival with our detail restored: what is then left of the difference."""
    return sharpened(case, plain_path(case, setting, spent))


def sharpened(case: Case, pictures: Tensor) -> Tensor:
    """With the source's detail restored."""
    return restore_detail(pictures, case.source, case.decoded(case.latents))


def path_alone(case: Case, _: Setting, __: Meter) -> Tensor:
    """The same as the autoencoder leaves it; no inversion is needed."""
    lab, task = case.lab, case.task(DEFAULT_GUIDANCE)
    return case.decoded(difference_path(lab.parts.denoiser, task, lab.schedule))


def published(case: Case, setting: Setting, _: Meter) -> Tensor:
    """The paper's stages: inversion, null text, eta, seed translation, trajectory optimisation.

    Null text takes at most 2 updates a step, as its rival does; the seed is translated without
    guidance. The paper's histograms and the Wasserstein distance are both among the settings.
    """
    along = trajectory_config(setting)
    rate = SEED_RATES[along.distance]
    stages = Stages(
        inversion=case.lab.inversion(),
        null_text=NullTextConfig(inner_steps=2),
        seed=SeedConfig(learning_rate=rate, distance=along.distance),
        trajectory=along,
        correlation=CorrelationConfig(),
    )
    return translated(case, setting["guidance"], stages)


def trajectory_config(setting: Setting) -> TrajectoryConfig:
    return TrajectoryConfig(
        structure_weight=setting["structure"],
        learning_rate=setting["rate"],
        distance=Distance(setting["distance"]),
        start=setting.get("start", 0.0),
    )


def trajectory_alone(case: Case, setting: Setting, _: Meter) -> Tensor:
    """Inversion and trajectory optimisation with sorted values: no more than ordinary sampling."""
    along = trajectory_config({**setting, "distance": "wasserstein"})
    stages = Stages(inversion=case.lab.inversion(), seed=None, trajectory=along, correlation=None)
    return translated(case, setting["guidance"], stages)


def translated(case: Case, guidance: float, stages: Stages) -> Tensor:
    """The case's pictures by the paper's stages."""
    parts, task = case.lab.parts, case.task(guidance)
    made = translate(
        parts.denoiser, parts.sigma_table, task, stages, source_look=case.source_look()
    )
    return case.decoded(made.latent)


METHODS = (
    Method(
        name="S2ST (paper)",
        family=Family.OURS,
        run=published,
        settings=(
            {"distance": "histogram", "guidance": 3.0, "structure": 1.0, "rate": 0.03},
            {"distance": "histogram", "guidance": 3.0, "structure": 3.0, "rate": 0.01},
            {"distance": "wasserstein", "guidance": 3.0, "structure": 1.0, "rate": 0.01},
            {"distance": "wasserstein", "guidance": 3.0, "structure": 3.0, "rate": 0.01},
            {"distance": "wasserstein", "guidance": 2.0, "structure": 1.0, "rate": 0.01},
            {  # the translated seed holds the first steps, so only the later ones are optimised
                "distance": "wasserstein",
                "guidance": 3.0,
                "structure": 3.0,
                "rate": 0.01,
                "start": 0.4,
            },
        ),
        source="2312.00116",
    ),
    Method(
        name="S2ST (trajectory alone)",
        family=Family.OURS,
        run=trajectory_alone,
        settings=(
            {"guidance": 3.0, "structure": 3.0, "rate": 0.01},
            {"guidance": 2.0, "structure": 1.0, "rate": 0.01},
        ),
        source="ours",
    ),
    Method(
        name="Difference path, detail restored",
        family=Family.OURS,
        run=sharp_rival,
        settings=(  # those that the path itself was ever best with
            {"guidance": 3.0, "draws": 1, "start": 1.0},
            {"guidance": 2.0, "draws": 2, "start": 1.0},
        ),
        source="ours",
    ),
    Method(name="S2ST (detail as decoded)", family=Family.OURS, run=path_alone, source="ours"),
    Method(name="S2ST", family=Family.OURS, run=default, source="ours"),
)
