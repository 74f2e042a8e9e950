"""The studies as data: which settings are laid beside each other, cheap ones first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from s2st import Gradient, NullTextMethod, Reference, SeedConfig, StructureForm

from .choices import HISTOGRAM, NULL_TEXT, SEED, WASSERSTEIN, Choice, End, Eta, Paper, along
from .ideas import Labels, ideas, left_out, whole

BASES = {"histogram": HISTOGRAM, "Wasserstein": WASSERSTEIN}
FORMS = {  # a weight of 2 brings the L1 loss of these latents to the size of the other
    "scale-free": {"structure": StructureForm.SCALE_FREE, "structure_weight": 1.0},
    "L1": {"structure": StructureForm.L1, "structure_weight": 2.0},
}
RATES = {"histogram": (0.01, 0.03, 0.09), "Wasserstein": (0.003, 0.01, 0.03)}
ITERATIONS = (0, 1, 3, 10, 30)
DRAWS = 3


@dataclass(frozen=True, kw_only=True)
class Study:
    """Settings that differ in what the columns name.

    `base` ends the labels of the setting that each is compared with.
    """

    name: str
    title: str
    columns: Labels
    base: Labels
    cells: Mapping[Labels, Choice]
    scenes: int = 4  # at most
    everywhere: bool = False  # on all translations, with their mean

    def base_of(self, labels: Labels) -> Labels:
        """The labels of the setting that this one is compared with."""
        return labels[: len(labels) - len(self.base)] + self.base


def seeded(iterations: int) -> SeedConfig | None:
    return replace(SEED, iterations=iterations) if iterations else None


def per_base(values: Mapping[str, dict], bases: Mapping = BASES) -> dict[Labels, Paper]:
    """Each base with each of the labelled changes of a `Paper`."""
    return {
        (name, label): Paper(trajectory=base, **changes)
        for name, base in bases.items()
        for label, changes in values.items()
    }


def etas() -> dict[str, dict]:
    fixed = {one.value: {"eta": one} for one in Eta if one is not Eta.RANDOM}
    drawn = {f"random {draw}": {"eta": Eta.RANDOM, "draw": draw} for draw in range(DRAWS)}
    return fixed | drawn


def null_texts() -> dict[str, dict]:
    return {one.value: {"null_text": replace(NULL_TEXT, method=one)} for one in NullTextMethod}


LAST = {"Wasserstein": WASSERSTEIN}  # the one base of studies that are too costly for two
STUDIES = (
    Study(
        name="ends",
        title="The ends of the scale",
        columns=("pictures",),
        base=(),  # nothing is compared
        cells={("source",): End(truth=False), ("truth",): End(truth=True)},
        scenes=6,
        everywhere=True,
    ),
    Study(
        name="distance",
        title="How distributions are compared",
        columns=("distance", "structure weight", "learning rate"),
        base=("histogram", "1", "0.03"),
        cells={
            (name, f"{weight:g}", f"{rate:g}"): Paper(
                trajectory=replace(base, structure_weight=weight, learning_rate=rate)
            )
            for name, base in BASES.items()
            for weight in (1.0, 3.0)
            for rate in RATES[name]
        },
        scenes=6,
    ),
    Study(
        name="structure",
        title="How edges are compared, and with what",
        columns=("distance", "form", "reference"),
        base=("scale-free", "source"),
        cells={
            (name, form, reference.value): Paper(
                trajectory=replace(base, **changes, reference=reference)
            )
            for name, base in BASES.items()
            for form, changes in FORMS.items()
            for reference in Reference
        },
    ),
    Study(
        name="trajectory-iterations",
        title="Iterations of trajectory optimisation with the Wasserstein distance",
        columns=("distance", "TO iterations"),
        base=("10",),
        cells={
            ("Wasserstein", str(count)): Paper(trajectory=along(iterations=count))
            for count in ITERATIONS
        },
    ),
    Study(
        name="references",
        title="How many reference pictures of the target domain",
        columns=("distance", "references"),
        base=("16",),
        cells=per_base({str(count): {"references": count} for count in (1, 4, 16, 64)}),
    ),
    Study(
        name="eta",
        title="Correlation factors in trajectory optimisation",
        columns=("distance", "eta"),
        base=("estimated",),
        cells=per_base(etas()),
    ),
    Study(
        name="null-text",
        title="Null-text inversion",
        columns=("distance", "null text"),
        base=("off",),
        cells=per_base({"off": {}, **null_texts()}, LAST),
    ),
    Study(
        name="steps",
        title="How many steps",
        columns=("distance", "steps"),
        base=("20",),
        cells=per_base({str(count): {"steps": count} for count in (10, 20, 50, 100)}, LAST),
    ),
    Study(
        name="refine",
        title="Refined inversion",
        columns=("distance", "refinements"),
        base=("0",),
        cells=per_base({str(count): {"refine": count} for count in (0, 1, 3)}, LAST),
    ),
    Study(
        name="ideas",
        title="Better than the paper: ideas",
        columns=("idea",),
        base=("difference path, plain",),
        cells=ideas(),
        scenes=6,
    ),
    Study(
        name="when",
        title="Which steps trajectory optimisation corrects",
        columns=("seed translation", "structure weight", "start"),
        base=("off", "1", "0"),
        cells={
            (name, f"{weight:g}", f"{start:g}"): Paper(
                trajectory=along(structure_weight=weight, start=start), seed=seed
            )
            for name, seed in {"off": None, "on": SEED}.items()
            for weight in (1.0, 3.0)
            for start in (0.0, 0.2, 0.4, 0.6)
        },
    ),
    Study(
        name="gradient",
        title="Frozen against exact gradient (5 TO iterations)",
        columns=("distance", "gradient"),
        base=("exact",),
        cells={
            ("Wasserstein", kind.value): Paper(trajectory=along(iterations=5, gradient=kind))
            for kind in (Gradient.EXACT, Gradient.FROZEN)
        },
    ),
    Study(
        name="iterations",
        title="Iterations of seed translation (ST) and trajectory optimisation (TO)",
        columns=("ST iterations", "TO iterations"),
        base=("0", "0"),
        cells={
            (str(seed), str(count)): Paper(trajectory=along(iterations=count), seed=seeded(seed))
            for seed in ITERATIONS
            for count in (0, 10)
        },
    ),
    Study(
        name="parts",
        title="All stages of the paper, with one left out",
        columns=("left out",),
        base=("nothing",),
        cells=left_out(),
    ),
    Study(
        name="eta-seed",
        title="Correlation factors in seed translation (3 iterations)",
        columns=("eta",),
        base=("estimated",),
        cells={
            (label,): Paper(trajectory=along(iterations=0), seed=seeded(3), **changes)
            for label, changes in etas().items()
        },
    ),
    Study(
        name="defaults",
        title="The whole method, its defaults and other choices",
        columns=("choice",),
        base=("the default",),
        cells=whole(),
        scenes=6,
        everywhere=True,
    ),
)


def thinned(study: Study) -> Study:
    """For a quick run: the first setting, the last, and what they are compared with."""
    ends = [*study.cells][:1] + [*study.cells][-1:]
    names = {*ends, *map(study.base_of, ends)}
    return replace(study, cells={one: study.cells[one] for one in study.cells if one in names})
