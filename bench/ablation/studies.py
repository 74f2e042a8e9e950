"""The studies: which settings are laid beside each other, and in which order they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from s2st import (
    Gradient,
    NullTextConfig,
    NullTextMethod,
    Reference,
    SeedConfig,
    StructureForm,
    TrajectoryConfig,
)

from .ideas import (
    VARIANTS,
    PathOptions,
    PlainOptions,
    RestartOptions,
    SelfTargetOptions,
    along_the_path,
    best_of_several,
    plain,
    sharp_along_the_path,
    sharp_plain,
    to_own_look,
)
from .options import (
    HISTOGRAM,
    PUBLISHED_NULL_TEXT,
    SEED,
    WASSERSTEIN,
    Options,
    Procedure,
    Weights,
    translated,
)
from .whole import LATE, choices, whole

BASES = {"histogram": HISTOGRAM, "Wasserstein": WASSERSTEIN}
L1_WEIGHT = 2.0  # brings the L1 loss of these latents to the size of the scale-free one


@dataclass(frozen=True)
class Cell:
    """One setting of a study; cells with equal labels are draws of the same setting."""

    labels: tuple[str, ...]
    options: Options
    procedure: Procedure = translated


@dataclass(frozen=True, kw_only=True)
class Study:
    """Cells that differ in what the columns name.

    `base` ends the labels of the cell that the others are compared with.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    base: tuple[str, ...]
    cells: tuple[Cell, ...]
    scenes: int = 4  # at most
    everywhere: bool = False  # on all translations, with their mean

    def base_of(self, cell: Cell) -> tuple[str, ...]:
        """The labels of the cell that this one is compared with."""
        return cell.labels[: len(cell.labels) - len(self.base)] + self.base


@dataclass(frozen=True, kw_only=True)
class Values:
    """What the studies step through."""

    steps: int = 20  # where the steps are not studied
    step_counts: tuple[int, ...] = (10, 20, 50, 100)
    iterations: tuple[int, ...] = (0, 1, 3, 10, 30)
    inner: int = 10  # iterations where they are not studied
    exact: int = 5  # where every iteration evaluates the model
    few: int = 3  # where seed translation has to run for every cell
    draws: int = 5
    refines: tuple[int, ...] = (0, 1, 3)
    references: tuple[int, ...] = (1, 4, 16, 64)
    starts: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6)
    bases: tuple[str, ...] = tuple(BASES)
    seed: SeedConfig = SEED
    null_text: NullTextConfig = PUBLISHED_NULL_TEXT

    @property
    def last_base(self) -> tuple[str, ...]:
        """The one base of studies that are too costly for two."""
        return self.bases[-1:]

    def last(self, iterations: int) -> TrajectoryConfig:
        """That base, with so many iterations."""
        return replace(BASES[self.bases[-1]], iterations=iterations)

    @property
    def usual_references(self) -> int:
        return 16 if 16 in self.references else self.references[-1]

    def base(self, name: str) -> TrajectoryConfig:
        return replace(BASES[name], iterations=self.inner)

    def options(self, trajectory: TrajectoryConfig) -> Options:
        references = self.usual_references
        return Options(steps=self.steps, references=references, trajectory=trajectory)


QUICK = Values(
    steps=2,
    step_counts=(2, 3),
    iterations=(0, 2),
    inner=2,
    exact=2,
    few=1,
    draws=2,
    refines=(0, 1),
    references=(1, 4),
    starts=(0.0, 0.5),
    bases=("histogram",),
    seed=replace(SEED, lookahead=1),
    null_text=replace(PUBLISHED_NULL_TEXT, inner_steps=1),
)


def distance(values: Values) -> Study:
    rates = {"histogram": (0.005, 0.015, 0.045), "Wasserstein": (0.0015, 0.005, 0.015)}

    def options(name: str, weight: float, rate: float) -> Options:
        base = values.base(name)
        return values.options(replace(base, structure_weight=weight, learning_rate=rate))

    cells = [
        Cell((name, f"{weight:g}", f"{rate:g}"), options(name, weight, rate))
        for name in values.bases
        for weight in (1.0, 3.0)
        for rate in rates[name]
    ]
    return Study(
        name="distance",
        title="How distributions are compared",
        columns=("distance", "structure weight", "learning rate"),
        base=("histogram", "1", "0.015"),
        cells=tuple(cells),
        scenes=6,
    )


def structure(values: Values) -> Study:
    forms = {"scale-free": (StructureForm.SCALE_FREE, 1.0), "L1": (StructureForm.L1, L1_WEIGHT)}

    def options(name: str, form: str, reference: Reference) -> Options:
        kind, factor = forms[form]
        base = values.base(name)
        weight = factor * base.structure_weight
        changed = replace(base, structure=kind, structure_weight=weight, reference=reference)
        return values.options(changed)

    cells = [
        Cell((name, form, reference.value), options(name, form, reference))
        for name in values.bases
        for form in forms
        for reference in Reference
    ]
    return Study(
        name="structure",
        title="How edges are compared, and with what",
        columns=("distance", "form", "reference"),
        base=("scale-free", "source"),
        cells=tuple(cells),
    )


def when(values: Values) -> Study:
    """Whether the first steps are left alone, under the source's seed and a translated one."""
    seeds = {"off": replace(values.seed, iterations=0), "on": values.seed}

    def options(seed: SeedConfig, weight: float, start: float) -> Options:
        late = replace(values.last(values.inner), structure_weight=weight, start=start)
        return replace(values.options(late), seed=seed)

    cells = [
        Cell((name, f"{weight:g}", f"{start:g}"), options(seed, weight, start))
        for name, seed in seeds.items()
        for weight in (1.0, 3.0)
        for start in values.starts
    ]
    return Study(
        name="when",
        title="Which steps trajectory optimisation corrects",
        columns=("seed translation", "structure weight", "start"),
        base=("off", "1", "0"),
        cells=tuple(cells),
    )


def references(values: Values) -> Study:
    cells = [
        Cell((name, str(count)), replace(values.options(values.base(name)), references=count))
        for name in values.bases
        for count in values.references
    ]
    return Study(
        name="references",
        title="How many reference pictures of the target domain",
        columns=("distance", "references"),
        base=(str(values.usual_references),),
        cells=tuple(cells),
    )


def eta(values: Values) -> Study:
    cells = [
        Cell((name, label), replace(values.options(values.base(name)), weights=kind, draw=draw))
        for name in values.bases
        for label, kind, draw in _weightings(values)
        if kind is not Weights.RANDOM or name == "histogram"
    ]
    return Study(
        name="eta",
        title="Correlation factors in trajectory optimisation",
        columns=("distance", "eta"),
        base=(Weights.ESTIMATED.value,),
        cells=tuple(cells),
    )


def eta_seed(values: Values) -> Study:
    """With plain sampling after it, so that only seed translation uses eta; few iterations."""
    options = replace(
        values.options(values.last(0)),
        seed=replace(values.seed, iterations=values.few),
    )
    cells = [
        Cell((label,), replace(options, weights=kind, draw=draw))
        for label, kind, draw in _weightings(values)
    ]
    return Study(
        name="eta-seed",
        title=f"Correlation factors in seed translation ({values.few} iterations)",
        columns=("eta",),
        base=(Weights.ESTIMATED.value,),
        cells=tuple(cells),
    )


def null_text(values: Values) -> Study:
    wanted = {"off": None}
    for method in NullTextMethod:
        wanted[method.value] = replace(values.null_text, method=method)
    cells = [
        Cell((name, label), replace(values.options(values.base(name)), null_text=config))
        for name in values.last_base
        for label, config in wanted.items()
    ]
    return Study(
        name="null-text",
        title="Null-text inversion",
        columns=("distance", "null text"),
        base=("off",),
        cells=tuple(cells),
    )


def steps(values: Values) -> Study:
    cells = [
        Cell((name, str(count)), replace(values.options(values.base(name)), steps=count))
        for name in values.last_base
        for count in values.step_counts
    ]
    return Study(
        name="steps",
        title="How many steps",
        columns=("distance", "steps"),
        base=(str(values.steps),),
        cells=tuple(cells),
    )


def refine(values: Values) -> Study:
    cells = [
        Cell((name, str(count)), replace(values.options(values.base(name)), refine=count))
        for name in values.last_base
        for count in values.refines
    ]
    return Study(
        name="refine",
        title="Refined inversion",
        columns=("distance", "refinements"),
        base=("0",),
        cells=tuple(cells),
    )


def trajectory_iterations(values: Values) -> Study:
    cells = [
        Cell(("Wasserstein", str(count)), values.options(replace(WASSERSTEIN, iterations=count)))
        for count in values.iterations
    ]
    return Study(
        name="trajectory-iterations",
        title="Iterations of trajectory optimisation with the Wasserstein distance",
        columns=("distance", "TO iterations"),
        base=(str(values.inner),),
        cells=tuple(cells),
    )


def iterations(values: Values) -> Study:
    cells = [
        Cell(
            (str(seed), str(trajectory)),
            replace(
                values.options(values.last(trajectory)),
                seed=replace(values.seed, iterations=seed),
            ),
        )
        for seed in values.iterations
        for trajectory in values.iterations
    ]
    return Study(
        name="iterations",
        title="Iterations of seed translation (ST) and trajectory optimisation (TO)",
        columns=("ST iterations", "TO iterations"),
        base=("0", "0"),
        cells=tuple(cells),
    )


def parts(values: Values) -> Study:
    """All stages of the paper, and the same with one left out."""
    whole = replace(
        values.options(values.last(values.inner)),
        null_text=values.null_text,
        seed=replace(values.seed, iterations=values.inner),
    )
    variants = {
        "nothing": whole,
        "null text": replace(whole, null_text=None),
        "seed translation": replace(whole, seed=replace(values.seed, iterations=0)),
        "trajectory optimisation": replace(whole, trajectory=values.last(0)),
    }
    return Study(
        name="parts",
        title="All stages of the paper, with one left out",
        columns=("left out",),
        base=("nothing",),
        cells=tuple(Cell((label,), options) for label, options in variants.items()),
    )


def gradient(values: Values) -> Study:
    def options(name: str, kind: Gradient) -> Options:
        base = replace(values.base(name), iterations=values.exact)
        return values.options(replace(base, gradient=kind))

    cells = [
        Cell((name, kind.value), options(name, kind))
        for name in values.last_base
        for kind in (Gradient.EXACT, Gradient.FROZEN)
    ]
    return Study(
        name="gradient",
        title=f"Frozen against exact gradient ({values.exact} TO iterations)",
        columns=("distance", "gradient"),
        base=("exact",),
        cells=tuple(cells),
    )


def ideas(values: Values) -> Study:
    """Better than the paper: the difference path, its parts, and what else was tried."""
    rows = {
        "trajectory optimisation, the scene's own look": (SelfTargetOptions(), to_own_look),
        "difference path, plain": (PlainOptions(), plain),
        "difference path, two draws": (PlainOptions(draws=2), plain),
        **{name: (PathOptions(config=one), along_the_path) for name, one in VARIANTS.items()},
        "the default, best of three by loss": (RestartOptions(), best_of_several),
        "the default, detail restored": (PathOptions(), sharp_along_the_path),
        "difference path, plain, detail restored": (PlainOptions(), sharp_plain),
    }
    sampling = values.options(values.last(0))
    cells = [
        Cell(("DDIM inversion, plain sampling",), sampling),
        Cell(("trajectory optimisation, Wasserstein",), values.options(WASSERSTEIN)),
        *(Cell((name,), options, procedure) for name, (options, procedure) in rows.items()),
    ]
    return Study(
        name="ideas",
        title="Better than the paper: ideas",
        columns=("idea",),
        base=("difference path, plain",),
        cells=tuple(cells),
        scenes=6,
    )


def defaults(values: Values) -> Study:
    """The whole method at its defaults, and with one of them changed."""
    late = replace(LATE, iterations=values.inner)
    seed = replace(values.seed, iterations=min(values.inner, values.seed.iterations))
    cells = [
        Cell((name,), replace(options, references=values.usual_references), whole)
        for name, options in choices(values.steps, seed, late, values.null_text).items()
    ]
    return Study(
        name="defaults",
        title="The whole method, its defaults and other choices",
        columns=("choice",),
        base=("the default",),
        cells=tuple(cells),
        scenes=6,
        everywhere=True,
    )


# The cheap ones first.
BUILDERS: tuple[Callable[[Values], Study], ...] = (
    distance,
    structure,
    trajectory_iterations,
    references,
    eta,
    null_text,
    steps,
    refine,
    ideas,
    when,
    gradient,
    iterations,
    parts,
    eta_seed,
    defaults,
)


def studies(values: Values) -> dict[str, Study]:
    """All studies by name, in the order in which they run."""
    return {one.name: one for one in (build(values) for build in BUILDERS)}


def _weightings(values: Values) -> list[tuple[str, Weights, int]]:
    """(label, where eta comes from, which draw)."""
    fixed = [(kind.value, kind, 0) for kind in Weights if kind is not Weights.RANDOM]
    label = f"random ({values.draws} draws)"
    return fixed + [(label, Weights.RANDOM, draw) for draw in range(values.draws)]
