"""Every method of the comparison: the bounds, the rivals and ours."""

from __future__ import annotations

import torch
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
from .rivals import METHODS as RIVALS
from .rivals.difference_path import run as plain_path

SEED_RATES = {Distance.HISTOGRAM: 0.03, Distance.WASSERSTEIN: 0.01}
HISTOGRAM = {"distance": "histogram", "guidance": 3.0, "structure": 1.0, "rate": 0.03}
FIRM = {"guidance": 3.0, "structure": 3.0, "rate": 0.01}
LIGHT = {"guidance": 2.0, "structure": 1.0, "rate": 0.01}
SORTED = {"distance": "wasserstein"}


def unchanged(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.source.clone()


@torch.no_grad()
def reconstructed_source(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.decoded(case.latents)


@torch.no_grad()
def reconstructed_truth(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.decoded(case.lab.parts.encode_image(case.truth))


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
    distance = Distance(setting["distance"])
    seed = SeedConfig(learning_rate=SEED_RATES[distance], distance=distance)
    null_text, correlation = NullTextConfig(inner_steps=2), CorrelationConfig()
    return translated(case, setting, seed=seed, null_text=null_text, correlation=correlation)


def trajectory_alone(case: Case, setting: Setting, _: Meter) -> Tensor:
    """Inversion and trajectory optimisation with sorted values: no more than ordinary sampling."""
    return translated(case, {**setting, **SORTED}, seed=None, correlation=None)


def translated(case: Case, setting: Setting, **stages: object) -> Tensor:
    """The case's pictures by the paper's stages."""
    along = TrajectoryConfig(
        structure_weight=setting["structure"],
        learning_rate=setting["rate"],
        distance=Distance(setting["distance"]),
        start=setting.get("start", 0.0),
    )
    chosen = Stages(inversion=case.lab.inversion(), trajectory=along, **stages)
    parts, task = case.lab.parts, case.task(setting["guidance"])
    look = case.source_look()
    made = translate(parts.denoiser, parts.sigma_table, task, chosen, source_look=look)
    return case.decoded(made.latent)


BOUNDS = (
    Method(name="Identity", family=Family.BOUND, run=unchanged),
    Method(name="Autoencoder, source", family=Family.BOUND, run=reconstructed_source),
    Method(name="Autoencoder, truth", family=Family.BOUND, run=reconstructed_truth),
)
OURS = (
    Method(
        name="S2ST (paper)",
        family=Family.OURS,
        run=published,
        settings=(
            HISTOGRAM,
            {**HISTOGRAM, "structure": 3.0, "rate": 0.01},
            {**SORTED, **FIRM, "structure": 1.0},
            {**SORTED, **FIRM},
            {**SORTED, **LIGHT},
            # The translated seed holds the first steps, so only the later ones are optimised.
            {**SORTED, **FIRM, "start": 0.4},
        ),
        source="2312.00116",
    ),
    Method(
        name="S2ST (trajectory alone)",
        family=Family.OURS,
        run=trajectory_alone,
        settings=(FIRM, LIGHT),
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


def all_methods() -> tuple[Method, ...]:
    """Bounds, rivals, ours."""
    return (*BOUNDS, *RIVALS, *OURS)


def chosen(methods: tuple[Method, ...], names: list[str] | None) -> tuple[Method, ...]:
    """The methods of these names, in the registry's order; all of them for None."""
    known = [method.name for method in methods]
    for name in names or ():
        if name not in known:
            raise ValueError(
                f"There is no method {name!r}: choose from {', '.join(sorted(known))}."
            )
    return tuple(one for one in methods if names is None or one.name in names)
