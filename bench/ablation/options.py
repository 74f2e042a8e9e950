"""What the ablation turns, and the one function that translates a case with it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from enum import Enum

import torch
from torch import Tensor

from s2st import (
    CorrelationConfig,
    Distance,
    Gradient,
    NullText,
    NullTextConfig,
    NullTextMethod,
    Prompt,
    Reference,
    SeedConfig,
    StepRecord,
    StructureForm,
    TrajectoryConfig,
    correlation_factor,
    domain_statistics,
    null_text_inversion,
    optimize_trajectory,
    translate_seed_steps,
)
from s2st.model.parameterization import to_variance_preserving

from ..lab import Case, Meter

MOST_ITERATIONS = SeedConfig.limits("iterations").high


class Weights(str, Enum):
    """Where the correlation factors come from."""

    ESTIMATED = "estimated"
    UNIFORM = "uniform"
    INVERTED = "inverted"  # 1 / estimated, at mean 1
    RANDOM = "random"


# Written out, so that the tables keep their meaning when a default changes.
HISTOGRAM = TrajectoryConfig(
    iterations=10,
    learning_rate=0.015,
    structure_weight=1.0,
    appearance_weight=1.0,
    structure=StructureForm.SCALE_FREE,
    distance=Distance.HISTOGRAM,
    gradient=Gradient.FROZEN,
    reference=Reference.SOURCE,
)
WASSERSTEIN = replace(HISTOGRAM, distance=Distance.WASSERSTEIN, learning_rate=0.005)
SEED = SeedConfig(
    iterations=10,
    learning_rate=0.01,
    lookahead=4,
    structure_weight=1.0,
    appearance_weight=1.0,
    structure=StructureForm.SCALE_FREE,
    distance=Distance.WASSERSTEIN,
)
PUBLISHED_NULL_TEXT = NullTextConfig(
    method=NullTextMethod.NULL_TEXT, inner_steps=10, learning_rate=1e-2, tolerance=1e-5
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that a cell of the ablation sets; 0 seed iterations leave seed translation out."""

    steps: int = 20
    refine: int = 0
    references: int = 16
    guidance: float = 3.0
    null_text: NullTextConfig | None = None
    seed: SeedConfig = replace(SEED, iterations=0)
    trajectory: TrajectoryConfig = HISTOGRAM
    weights: Weights = Weights.ESTIMATED
    draw: int = 0  # which random weights


def translated(stock: Stock, options: Options, spent: Meter) -> Tensor:
    """The case's pictures translated as the options say; `spent` is told all that it took.

    No meter runs outside, so that stages which are ready are charged like those made here.
    """
    case = stock.at(options.steps)
    trajectory, inversion_cost = case.inverted(options.refine)
    seed, seed_cost = stock.seed(options)
    null_text, null_text_cost = stock.null_text(options)
    for cost in (inversion_cost, seed_cost, null_text_cost):
        spent.add(cost)
    with case.lab.metered(case.batch) as meter:
        latent = optimize_trajectory(
            case.lab.parts.denoiser,
            trajectory,
            seed,
            target_prompt(case, options),
            domain_statistics(case.reference_latents[: options.references]),
            options.trajectory,
            null_text=null_text,
            eta=weights(case, options),
        )
    spent.add(meter)
    return case.decoded(latent)


Procedure = Callable[["Stock", Options, Meter], Tensor]


def target_prompt(case: Case, options: Options) -> Prompt:
    lab = case.lab
    return Prompt(lab.prompt(case.pair.target), lab.prompt(""), options.guidance)


def weights(case: Case, options: Options) -> Tensor | None:
    """eta [C], mean 1; None weighs all channels alike."""
    count = options.references
    sources, targets = case.source_reference_latents[:count], case.reference_latents[:count]
    match options.weights:
        case Weights.UNIFORM:
            return None
        case Weights.ESTIMATED:
            return correlation_factor(sources, targets, CorrelationConfig()).eta
        case Weights.INVERTED:
            return at_mean_one(1 / correlation_factor(sources, targets, CorrelationConfig()).eta)
        case Weights.RANDOM:
            return random_weights(case.latents.shape[1], options.draw)
        case _:
            raise ValueError(f"The weights are {options.weights!r}, but must be a Weights.")


def random_weights(channels: int, draw: int) -> Tensor:
    """Weights of mean 1, all such weights being equally likely; each draw has its own."""
    generator = torch.Generator().manual_seed(draw)
    return at_mean_one(torch.empty(channels).exponential_(generator=generator))


def at_mean_one(factors: Tensor) -> Tensor:
    return factors / factors.mean()


class SeedRun:
    """One seed translation that is halted wherever a cell wants its seed, and may go on later."""

    def __init__(self, case: Case, options: Options) -> None:
        self._case = case
        self._sigma = case.lab.schedule.sigmas[0]
        trajectory, _ = case.inverted(options.refine)
        self._reached = [(trajectory.seed, Meter())]
        self._steps: Generator[StepRecord, None, Tensor] = translate_seed_steps(
            case.lab.parts.denoiser,
            trajectory,
            target_prompt(case, options),
            domain_statistics(case.reference_latents[: options.references]),
            replace(options.seed, iterations=MOST_ITERATIONS),
            weights(case, options),
        )

    def after(self, iterations: int) -> tuple[Tensor, Meter]:
        """The seed after so many iterations, and what it has cost."""
        while len(self._reached) <= iterations:
            with self._case.lab.metered(self._case.batch) as meter:
                record = next(self._steps)
            meter.add(self._reached[-1][1])
            self._reached.append((to_variance_preserving(record.latent, self._sigma), meter))
        return self._reached[iterations]


@dataclass
class Stock:
    """A case, and the stages that several cells share; each is run once, and charged to all."""

    case: Case
    _cases: dict[int, Case] = field(default_factory=dict, repr=False)
    _seeds: dict[Options, SeedRun] = field(default_factory=dict, repr=False)
    _null_texts: dict[Options, tuple[NullText, Meter]] = field(default_factory=dict, repr=False)

    def at(self, steps: int) -> Case:
        """The case in a laboratory of that many steps."""
        if steps not in self._cases:
            lab = replace(self.case.lab, steps=steps)
            self._cases[steps] = replace(self.case, lab=lab, _inversions={})
        return self._cases[steps]

    def seed(self, options: Options) -> tuple[Tensor, Meter]:
        """The translated seed of these options, and its cost."""
        key = replace(
            options,
            null_text=None,
            trajectory=HISTOGRAM,
            seed=replace(options.seed, iterations=0),
        )
        if key not in self._seeds:
            self._seeds[key] = SeedRun(self.at(options.steps), options)
        return self._seeds[key].after(options.seed.iterations)

    def null_text(self, options: Options) -> tuple[NullText | None, Meter]:
        """The null text of these options if they want one, and its cost."""
        if options.null_text is None:
            return None, Meter()
        key = Options(
            steps=options.steps,
            refine=options.refine,
            guidance=options.guidance,
            null_text=options.null_text,
        )
        if key not in self._null_texts:
            self._null_texts[key] = _null_text_of(self.at(options.steps), options)
        return self._null_texts[key]


def _null_text_of(case: Case, options: Options) -> tuple[NullText, Meter]:
    trajectory, _ = case.inverted(options.refine)
    lab = case.lab
    source = Prompt(lab.prompt(case.pair.source), lab.prompt(""), options.guidance)
    with lab.metered(case.batch) as meter:
        made = null_text_inversion(lab.parts.denoiser, trajectory, source, options.null_text)
    return made, meter
