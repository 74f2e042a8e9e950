"""Every method of the comparison: the bounds, the rivals and ours."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

import s2st
from s2st.look.drawn import mixed
from s2st.path.difference_path import DEFAULT_GUIDANCE, DEFAULT_STEPS

from .lab import Case, Family, Meter, Method, Setting, settings
from .rivals import METHODS as RIVALS
from .rivals import trained

DEFAULT, PAPER, MATCHED = "S2ST", "S2ST (paper)", "S2ST (matched references alone)"
SEED_RATES = {s2st.Distance.HISTOGRAM: 0.03, s2st.Distance.WASSERSTEIN: 0.01}
SORTED = {"distance": "wasserstein"}


def unchanged(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.source.clone()


def truth(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.truth.clone()


def reconstructed_source(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.decoded(case.latents)


def reconstructed_truth(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.decoded(case.lab.parts.encode_image(case.truth))


def default(case: Case, _: Setting, __: Meter) -> Tensor:
    """The difference path with S2ST's terms at the library's defaults; no inversion is needed."""
    case = case.at(min(DEFAULT_STEPS, case.lab.steps))  # fewer in a quick run
    lab, task = case.lab, replace(case.task(DEFAULT_GUIDANCE), exemplars=case.exemplars)
    return case.decoded(s2st.difference_path(lab.parts.denoiser, task, lab.schedule))


def matched(case: Case, setting: Setting, _: Meter) -> Tensor:
    """The source, drawn to its like in the references, and nothing else: no noise, no path."""
    config = s2st.DrawnConfig(matching=1.0, grain=setting["grain"])
    prompt = case.lab.prompt(case.pair.target)
    matcher = s2st.Matcher(case.lab.parts.denoiser, case.exemplars, prompt)
    return case.decoded(mixed(case.latents, matcher.warp(case.latents, config), config))


def published(case: Case, setting: Setting, _: Meter) -> Tensor:
    """The paper's stages at the library's defaults: inversion, eta, seed translation without
    guidance, trajectory optimisation.

    Null text costs more than all of these together and brings the result no nearer to the truth
    (`bench ablation`). The paper's histograms and the Wasserstein distance are both among the
    settings.
    """
    distance = s2st.Distance(setting["distance"])
    seed = s2st.SeedConfig(learning_rate=SEED_RATES[distance], distance=distance)
    return translated(case, setting, seed=seed, correlation=s2st.CorrelationConfig())


def trajectory_alone(case: Case, setting: Setting, _: Meter) -> Tensor:
    """Inversion and trajectory optimisation with sorted values: no more than ordinary sampling."""
    return translated(case, {**setting, **SORTED}, seed=None, correlation=None)


def translated(case: Case, setting: Setting, **stages: object) -> Tensor:
    """The case's pictures by the paper's stages."""
    along = s2st.TrajectoryConfig(
        structure_weight=setting["structure"],
        learning_rate=setting["rate"],
        distance=s2st.Distance(setting["distance"]),
        start=setting.get("start", 0.0),
    )
    chosen = s2st.Stages(inversion=case.lab.inversion(), trajectory=along, **stages)
    parts, task, look = case.lab.parts, case.task(setting["guidance"]), case.source_look()
    made = s2st.translate(parts.denoiser, parts.sigma_table, task, chosen, source_look=look)
    return case.decoded(made.latent)


BOUNDS = tuple(
    Method(name=name, family=Family.BOUND, run=run)
    for name, run in {
        "Identity": unchanged,
        "Truth": truth,
        "Autoencoder, source": reconstructed_source,
        "Autoencoder, truth": reconstructed_truth,
    }.items()
)
OURS = (
    Method(
        name=PAPER,
        family=Family.OURS,
        run=published,
        settings=settings(
            "distance guidance structure rate start",
            # The translated seed holds the first steps, so only the later ones are optimised.
            ("histogram", 3.0, 3.0, 0.03, 0.4),
            ("wasserstein", 3.0, 3.0, 0.01, 0.4),
            ("wasserstein", 3.0, 1.0, 0.01, 0.4),
        ),
        source="2312.00116",
    ),
    Method(
        name="S2ST (trajectory alone)",
        family=Family.OURS,
        run=trajectory_alone,
        settings=settings("guidance structure rate", (3.0, 3.0, 0.01), (2.0, 1.0, 0.01)),
        source="ours",
    ),
    Method(
        name=MATCHED,
        family=Family.OURS,
        run=matched,
        settings=settings("grain", (0.7,), (1.0,), (1.5,)),
        source="ours",
    ),
    Method(name=DEFAULT, family=Family.OURS, run=default, source="ours"),
)


def all_methods() -> tuple[Method, ...]:
    """Bounds, rivals, ours."""
    return (*BOUNDS, *RIVALS, *OURS)


def names() -> list[str]:
    """Of all methods in their order, those too that are left out for want of weights."""
    known = [one.name for one in (*BOUNDS, *RIVALS)]
    known += [trained.NAME] if trained.NAME not in known else []
    return [*known, *(one.name for one in OURS)]


def chosen(methods: tuple[Method, ...], names: list[str] | None) -> tuple[Method, ...]:
    """The methods of these names, in the registry's order; all of them for None."""
    known = [method.name for method in methods]
    for name in names or ():
        if name not in known:
            raise ValueError(
                f"There is no method {name!r}: choose from {', '.join(sorted(known))}."
            )
    return tuple(one for one in methods if names is None or one.name in names)
