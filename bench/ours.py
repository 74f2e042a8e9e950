"""Our own lines of the comparison: S2ST as published, and the default that this project offers."""

from __future__ import annotations

from torch import Tensor

from s2st import (
    CorrelationConfig,
    Distance,
    NullTextConfig,
    Prompt,
    SeedConfig,
    TrajectoryConfig,
    correlation_factor,
    difference_path,
    domain_statistics,
    null_text_inversion,
    optimize_trajectory,
    references_of,
    restore_detail,
    translate_seed,
)
from s2st.model.contract import Conditioning

from .lab import Case, Meter
from .method import Family, Method, Setting, trajectory_of
from .rivals.difference_path import run as plain_path

GUIDANCE = 2.0  # the difference path node's own


def prompts(case: Case, guidance: float) -> tuple[Conditioning, Prompt]:
    """The source prompt, and the target prompt under guidance."""
    lab = case.lab
    target = Prompt(lab.prompt(case.pair.target), lab.prompt(""), guidance)
    return lab.prompt(case.pair.source), target


def default(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """The difference path with S2ST's terms and the source's detail, all at their defaults."""
    return sharpened(case, path_alone(case, setting, spent))


def sharp_rival(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """The strongest rival with our detail restored: what is then left of the difference."""
    return sharpened(case, plain_path(case, setting, spent))


def sharpened(case: Case, pictures: Tensor) -> Tensor:
    """With the source's detail restored."""
    return restore_detail(pictures, case.source, case.decoded(case.latents))


def path_alone(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """The same as the autoencoder leaves it; no inversion is needed."""
    lab, references = case.lab, references_of(case.reference_latents)
    source, target = prompts(case, GUIDANCE)
    model = lab.parts.denoiser
    latents = difference_path(model, case.latents, lab.schedule, source, target, references)
    return case.decoded(latents)


def published(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """The paper's stages: inversion, null text, eta, seed translation, trajectory optimisation.

    Null text takes at most 2 updates a step, as its rival does; the seed is translated without
    guidance. The paper's histograms and the Wasserstein distance are both among the settings.
    """
    trajectory, model = trajectory_of(case, spent), case.lab.parts.denoiser
    source, target = prompts(case, setting["guidance"])
    domain = domain_statistics(case.reference_latents)
    eta = correlation_factor(
        case.source_reference_latents, case.reference_latents, CorrelationConfig()
    ).eta
    null_text = null_text_inversion(
        model,
        trajectory,
        Prompt(source, target.negative, target.scale),
        NullTextConfig(inner_steps=2),
    )
    to_seed, along = loss_settings(setting)
    seed = translate_seed(model, trajectory, Prompt(target.positive), domain, to_seed, eta)
    latents = optimize_trajectory(
        model, trajectory, seed, target, domain, along, null_text=null_text, eta=eta
    )
    return case.decoded(latents)


def loss_settings(setting: Setting) -> tuple[SeedConfig, TrajectoryConfig]:
    """The two optimisations under one distance, each at the rates that suit it."""
    distance = Distance(setting["distance"])
    along = TrajectoryConfig(
        structure_weight=setting["structure"],
        learning_rate=setting["rate"],
        distance=distance,
        start=setting.get("start", 0.0),
    )
    seed_rate = {Distance.HISTOGRAM: 0.03, Distance.WASSERSTEIN: 0.01}[distance]
    return SeedConfig(learning_rate=seed_rate, distance=distance), along


def trajectory_alone(case: Case, setting: Setting, spent: Meter) -> Tensor:
    """Inversion and trajectory optimisation with sorted values: no more than ordinary sampling."""
    trajectory = trajectory_of(case, spent)
    _, target = prompts(case, setting["guidance"])
    config = TrajectoryConfig(
        structure_weight=setting["structure"],
        learning_rate=setting["rate"],
        distance=Distance.WASSERSTEIN,
    )
    domain = domain_statistics(case.reference_latents)
    model, seed = case.lab.parts.denoiser, trajectory.seed
    return case.decoded(optimize_trajectory(model, trajectory, seed, target, domain, config))


METHODS = (
    Method(
        name="S2ST (paper)",
        family=Family.OURS,
        run=published,
        settings=(
            {"distance": "histogram", "guidance": 3.0, "structure": 1.0, "rate": 0.015},
            {"distance": "histogram", "guidance": 3.0, "structure": 3.0, "rate": 0.005},
            {"distance": "wasserstein", "guidance": 3.0, "structure": 1.0, "rate": 0.005},
            {"distance": "wasserstein", "guidance": 3.0, "structure": 3.0, "rate": 0.005},
            {"distance": "wasserstein", "guidance": 2.0, "structure": 1.0, "rate": 0.005},
            {  # the translated seed holds the first steps, so only the later ones are optimised
                "distance": "wasserstein",
                "guidance": 3.0,
                "structure": 3.0,
                "rate": 0.005,
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
            {"guidance": 3.0, "structure": 3.0, "rate": 0.005},
            {"guidance": 2.0, "structure": 1.0, "rate": 0.005},
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
