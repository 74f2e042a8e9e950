"""The ablation's studies as data: what is left out, replaced or added, and what it is laid beside.

A choice is a way to translate a case, with all its settings; a study is a choice and the fields of
it that each option replaces. What a study does not name is at the library's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, TypeVar

import torch
from torch import Tensor

from s2st import (
    DifferenceConfig,
    Distance,
    Gradient,
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    Spacing,
    Stages,
    TrajectoryConfig,
    correlation_factor,
    difference_path,
    regional_look,
    restore_detail,
    translate,
)
from s2st.path.difference_path import DEFAULT_GUIDANCE as PATH_GUIDANCE
from s2st.path.difference_path import DEFAULT_STEPS

from .lab import Case, Meter, Setting
from .regions import Where, regions_of
from .rivals.difference_path import run as plain_path

Changes = Mapping[str, Any]
Config = TypeVar("Config")


class Eta(str, Enum):
    """Where the correlation factors come from."""

    ESTIMATED = "estimated"
    UNIFORM = "none"
    INVERTED = "inverted"  # 1 / estimated, at mean 1
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The stages of the paper."""

    stages: Stages = Stages()
    steps: int | None = None  # None is the run's
    guidance: float = 3.0
    eta: Eta = Eta.ESTIMATED
    draw: int = 0  # which random factors


@dataclass(frozen=True, kw_only=True)
class Path:
    """The difference path: ours, or as its rival runs it where there is no config."""

    config: DifferenceConfig | None = DifferenceConfig()
    guidance: float = PATH_GUIDANCE
    draws: int = 1
    detail: bool = False
    steps: int = DEFAULT_STEPS


@dataclass(frozen=True, kw_only=True)
class ByRegion(Path):
    """The difference path, asked for its look region by region."""

    where: Where = Where.WHOLE
    count: int = 8  # of the regions, where they are not the renderer's


Choice = Paper | Path


def made(choice: Choice, case: Case, _: Setting, __: Meter) -> Tensor:
    """The case's pictures translated as a choice says."""
    return by_stages(choice, case) if isinstance(choice, Paper) else along_the_path(choice, case)


def by_stages(choice: Paper, case: Case) -> Tensor:
    lab, task = case.lab, replace(case.task(choice.guidance), eta=eta_of(choice, case))
    stages = changed(choice.stages, {"inversion": {"steps": choice.steps or lab.steps}})
    return case.decoded(translate(lab.parts.denoiser, lab.parts.sigma_table, task, stages).latent)


def along_the_path(choice: Path, case: Case) -> Tensor:
    case = case.at(min(choice.steps, case.lab.steps))
    lab = case.lab
    if choice.config is None:
        setting = {"guidance": choice.guidance, "draws": choice.draws, "start": 1.0}
        pictures = plain_path(case, setting, Meter())
    else:
        task = replace(case.task(choice.guidance), exemplars=case.exemplars)
        if isinstance(choice, ByRegion) and choice.where is not Where.WHOLE:
            regions = regions_of(case, choice.where, choice.count)
            task = replace(task, regional=regional_look(regions, case.reference_latents))
        latents = difference_path(lab.parts.denoiser, task, lab.schedule, choice.config)
        pictures = case.decoded(latents)
    returned = case.decoded(case.latents)
    return restore_detail(pictures, case.source, returned) if choice.detail else pictures


def eta_of(choice: Paper, case: Case) -> Tensor | None:
    """eta [C], mean 1; None weighs all channels alike."""
    if choice.eta is Eta.UNIFORM:
        return None
    if choice.eta is Eta.RANDOM:  # weights of mean 1, all such weights being equally likely
        generator = torch.Generator().manual_seed(choice.draw)
        channels = case.latents.shape[1]
        return at_mean_one(torch.empty(channels).exponential_(generator=generator))
    estimated = correlation_factor(case.source_look(), case.task(1.0).wanted).eta
    return at_mean_one(1 / estimated) if choice.eta is Eta.INVERTED else estimated


def at_mean_one(factors: Tensor) -> Tensor:
    return factors / factors.mean()


def changed(base: Config, changes: Changes) -> Config:
    """A config with fields replaced; a dict replaces fields of the config that it stands for."""
    return replace(
        base,
        **{
            name: changed(getattr(base, name), value) if isinstance(value, dict) else value
            for name, value in changes.items()
        },
    )


@dataclass(frozen=True, kw_only=True)
class Study:
    """One table: options that replace fields of `base`, all laid beside the first."""

    name: str
    title: str
    base: Choice
    options: Mapping[str, Changes]
    scenes: int = 4  # at most
    everywhere: bool = False  # on all translations

    @property
    def choices(self) -> dict[str, Choice]:
        return {label: changed(self.base, one) for label, one in self.options.items()}

    @property
    def first(self) -> str:
        return next(iter(self.options))

    @property
    def thinned(self) -> Study:
        """For a quick run: the first option and the last."""
        ends = (self.first, [*self.options][-1])
        return replace(self, options={label: self.options[label] for label in ends})


def trajectory(**changes: object) -> Changes:
    return {"stages": {"trajectory": changes}}


def null_text(method: NullTextMethod) -> Changes:
    return {"stages": {"null_text": NullTextConfig(method=method)}}


TRAILING = InversionConfig(spacing=Spacing.TRAILING)
ALONG = Paper(stages=Stages(inversion=TRAILING, seed=None, trajectory=TrajectoryConfig()))
BASES = {  # the paper's distance, and the one that this project offers
    "histogram": changed(ALONG, trajectory(distance=Distance.HISTOGRAM, learning_rate=0.03)),
    "Wasserstein": changed(ALONG, trajectory(distance=Distance.WASSERSTEIN, learning_rate=0.01)),
}
PAPER = Paper(
    stages=Stages(
        inversion=TRAILING,
        null_text=NullTextConfig(),
        guided_seed=True,
        trajectory=TrajectoryConfig(),
    )
)
RATES = {Distance.HISTOGRAM: (0.03, 0.01, 0.09), Distance.WASSERSTEIN: (0.01, 0.003, 0.03)}
EXACT, FROZEN = Gradient.EXACT, Gradient.FROZEN
FAST = null_text(NullTextMethod.FAST)
STUDIES = (
    Study(
        name="path",
        title="The difference path and its parts",
        base=Path(),
        options={
            "the default": {},
            "without the structure term": {"config": {"structure_weight": 0.0}},
            "a firmer structure term": {"config": {"structure_weight": 1.0}},
            "longer updates": {"config": {"learning_rate": 0.01}},
            "more tolerance": {"config": {"tolerance": 1.0}},
            "no tolerance": {"config": {"tolerance": 0.0}},
            "no tolerance, the domain's mean look": {
                "config": {"tolerance": 0.0, "neighbours": 64}
            },
            "no terms: mirrored noise, early guidance": {"config": {"iterations": 0}},
            "no terms: mirrored noise": {"config": {"iterations": 0, "guided": 1.0}},
            "difference path, plain": {"config": None},
            "difference path, two draws": {"config": None, "draws": 2},
            "difference path, detail restored": {"config": None, "detail": True},
            "the default, detail restored": {"detail": True},
        },
        scenes=6,
    ),
    Study(
        name="steps",
        title="Steps and noises of the difference path",
        base=Path(),
        options={
            "the default": {},
            "one noise in the first step": {"config": {"first_draws": 1}},
            "as in 0.1.0: 20 steps, one noise, longer guidance": {
                "steps": 20,
                "config": {"first_draws": 1, "guided": 0.6},
            },
            "10 steps": {"steps": 10},
            "4 steps, a draft": {"steps": 4},
        },
        scenes=8,
        everywhere=True,
    ),
    Study(
        name="matched",
        title="What matches in the references, and how it is mixed in",
        base=Path(),
        options={
            "the default": {},
            "nothing matched": {"config": {"matching": 0.0}},
            "more of it": {"config": {"matching": 0.5}},
            "all of it, in the first step alone": {
                "config": {"matching": 1.0, "matched_until": 0.1}
            },
            "for longer": {"config": {"matched_until": 0.6}},
            "matched again once": {"config": {"rematches": 1}},
            "matched again twice, for longer": {"config": {"rematches": 2, "matched_until": 0.6}},
            "a sharper choice": {"config": {"temperature": 0.02}},
            "a softer choice": {"config": {"temperature": 0.1}},
            "finer": {"config": {"grain": 0.5}},
            "coarser": {"config": {"grain": 2.0}},
            "only what is found back": {"config": {"stray": 0.1}},
        },
        scenes=16,
        everywhere=True,
    ),
    Study(
        name="regions",
        title="The look asked for region by region",
        base=ByRegion(),
        options={
            "the whole picture": {},
            "true regions": {"where": Where.TRUE},
            "true in the source, carried over": {"where": Where.CARRIED},
            "rows of the picture": {"where": Where.ROWS},
            **{f"found, {one}": {"where": Where.FOUND, "count": one} for one in (6, 12, 8)},
        },
        scenes=8,
        everywhere=True,
    ),
    Study(
        name="distance",
        title="How distributions are compared",
        base=ALONG,
        options={
            f"{distance.value}, weight {weight:g}, rate {rate:g}": trajectory(
                distance=distance, structure_weight=weight, learning_rate=rate
            )
            for distance, rates in RATES.items()
            for weight in (1.0, 3.0)
            for rate in rates
        },
        scenes=6,
    ),
    *(
        Study(
            name=f"eta-{name.lower()}",
            title=f"Correlation factors in trajectory optimisation, {name}",
            base=base,
            options={
                **{one.value: {"eta": one} for one in (Eta.ESTIMATED, Eta.UNIFORM, Eta.INVERTED)},
                **{f"random {draw}": {"eta": Eta.RANDOM, "draw": draw} for draw in range(3)},
            },
        )
        for name, base in BASES.items()
    ),
    Study(
        name="null-text",
        title="Null-text inversion",
        base=ALONG,
        options={"off": {}, **{one.value: null_text(one) for one in NullTextMethod}},
    ),
    Study(
        name="gradient",
        title="Frozen against exact gradient (5 iterations)",
        base=ALONG,
        options={one.value: trajectory(iterations=5, gradient=one) for one in (EXACT, FROZEN)},
    ),
    Study(
        name="parts",
        title="All stages of the paper, with one left out",
        base=PAPER,
        options={
            "nothing left out": {},
            "null text": {"stages": {"null_text": None}},
            "seed translation": {"stages": {"seed": None}},
            "trajectory optimisation": {"stages": {"trajectory": None}},
        },
    ),
    Study(
        name="defaults",
        title="The whole method, its defaults and other choices",
        base=Paper(),
        options={
            "the default": {},
            "weight 1": trajectory(structure_weight=1.0),
            "rate 0.003": trajectory(learning_rate=0.003),
            "rate 0.03": trajectory(learning_rate=0.03),
            "from the first step": trajectory(start=0.0),
            "from the first step, weight 1": trajectory(start=0.0, structure_weight=1.0),
            "guided seed translation": {"stages": {"guided_seed": True}},
            "no seed translation": {"stages": {"seed": None}},
            "no trajectory optimisation": {"stages": {"trajectory": None}},
            "no correlation factors": {"eta": Eta.UNIFORM},
            "fast null text": FAST,
            "the paper's null text": null_text(NullTextMethod.NULL_TEXT),
            "trailing steps": {"stages": {"inversion": TRAILING}},
            "two and a half times the steps": {"steps": 50},
            "guidance 7.5": {"guidance": 7.5},
            "guidance 7.5, fast null text": {"guidance": 7.5, **FAST},
        },
        scenes=6,
        everywhere=True,
    ),
)
