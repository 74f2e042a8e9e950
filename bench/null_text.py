"""Ways to the null text: what each leaves of the source, what it costs, and how it edits.

`python -m bench.null_text` writes its part of docs/cost.md. The yardstick is the published
procedure; as a learning rate made for Stable Diffusion need not fit this model, it also runs with
the best of three. `--steps` runs one of the studies and keeps the others' numbers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from demo_world import TUNING_SEEDS
from s2st import NullTextConfig, NullTextMethod, Prompt, Trajectory, null_text_inversion, sample
from s2st.model.contract import Conditioning

from .cost_page import (
    FOLDER,
    known_numbers,
    machine,
    machine_line,
    markdown_table,
    write_part,
)
from .lab import Case, Lab, Meter, Pair, make_case, open_lab
from .metrics import colour_distribution, distribution_distance, edge_agreement, psnr
from .published_null_text import LEARNING_RATE, published_null_text

PART = "null text"
SOURCE, TARGETS = "day", ("night", "snow")
TUNED_RATE = 10 * LEARNING_RATE  # the best of 1x, 3x and 10x on a tuning scene
BACKWARD = 2  # a backward pass costs about as much as two evaluations
YARDSTICK = "as published"

Negatives = Sequence[Conditioning]
# (lab, trajectory, guided source prompt) -> the null prompt of every step
Procedure = Callable[[Lab, Trajectory, Prompt], Negatives]


@dataclass(frozen=True, kw_only=True)
class Study:
    """How many steps, over which scenes and at which guidances, and towards which domains."""

    steps: int
    scenes: int = 1
    guidances: tuple[float, ...] = (7.5,)
    targets: tuple[str, ...] = TARGETS


STUDIES = (Study(steps=20), Study(steps=50, targets=()))
QUICK = (Study(steps=4),)


@dataclass(frozen=True)
class Way:
    """A null text, and how its trajectory is inverted."""

    name: str
    find: Procedure
    refine: int = 0


@dataclass(frozen=True, kw_only=True)
class Edit:
    """How a null text edits towards one domain."""

    target: str
    truth: float  # dB
    edges: float  # agreement with the source
    colour: float  # distance to the domain


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One way on one scene at one guidance."""

    way: str
    steps: int
    guidance: float
    error: float  # mean squared error of the latent
    returned: float  # dB, decoded, to the decoded source
    evaluations: float  # inversion included
    gradients: float
    seconds: float
    edits: tuple[Edit, ...]

    @property
    def cost(self) -> float:
        """In evaluations, a backward pass counted as two."""
        return self.evaluations + BACKWARD * self.gradients


def none(lab: Lab, trajectory: Trajectory, source: Prompt) -> Negatives:
    """The empty prompt itself."""
    return [source.negative] * trajectory.schedule.steps


def published(rate: float) -> Procedure:
    def find(lab: Lab, trajectory: Trajectory, source: Prompt) -> Negatives:
        found = published_null_text(
            lab.parts.denoiser,
            trajectory,
            source.positive,
            source.negative,
            source.scale,
            learning_rate=rate,
        )
        return [source.negative.with_embedding(one) for one in found.embeddings]

    return find


def ours(method: NullTextMethod) -> Procedure:
    def find(lab: Lab, trajectory: Trajectory, source: Prompt) -> Negatives:
        config = NullTextConfig(method=method)
        return null_text_inversion(lab.parts.denoiser, trajectory, source, config).negatives

    return find


WAYS = (
    Way("empty prompt", none),
    Way(YARDSTICK, published(LEARNING_RATE)),
    Way("as published, learning rate x 10", published(TUNED_RATE)),
    Way("negative prompt", ours(NullTextMethod.NEGATIVE_PROMPT)),
    Way("fast null-text", ours(NullTextMethod.FAST)),
    Way("negative prompt, refine 1", ours(NullTextMethod.NEGATIVE_PROMPT), refine=1),
    Way("fast null-text, refine 1", ours(NullTextMethod.FAST), refine=1),
    Way("fast null-text, refine 3", ours(NullTextMethod.FAST), refine=3),
)


def outcomes(study: Study, ways: Sequence[Way]) -> Iterator[Outcome]:
    """Every way on every scene at every guidance."""
    lab = open_lab(study.steps, references=8)
    for seed in TUNING_SEEDS[: study.scenes]:
        case = make_case(lab, Pair(SOURCE, TARGETS[0]), [seed])
        edits = [make_case(lab, Pair(SOURCE, target), [seed]) for target in study.targets]
        for guidance in study.guidances:
            for way in ways:
                yield outcome(way, case, edits, guidance)


def outcome(way: Way, case: Case, edits: Sequence[Case], guidance: float) -> Outcome:
    """Find the null text, sample the source with it, and edit with it."""
    lab = case.lab
    trajectory, spent = case.inverted(way.refine)
    prompt = Prompt(lab.prompt(SOURCE), lab.prompt(""), guidance)
    with lab.metered(1) as meter:
        negatives = way.find(lab, trajectory, prompt)
    returned = sampled(lab, trajectory, prompt, negatives)
    source = case.decoded(case.latents)
    total = Meter()
    total.add(spent)
    total.add(meter)
    return Outcome(
        way=way.name,
        steps=lab.steps,
        guidance=guidance,
        error=float((returned - case.latents).square().mean()),
        returned=float(psnr(case.decoded(returned), source)),
        evaluations=total.evaluations,
        gradients=total.gradients,
        seconds=total.seconds,
        edits=tuple(edit(one, trajectory, negatives, guidance) for one in edits),
    )


def sampled(lab: Lab, trajectory: Trajectory, prompt: Prompt, negatives: Negatives) -> Tensor:
    prompts = [prompt.with_negative(negative) for negative in negatives]
    return sample(lab.parts.denoiser, trajectory.seed, prompts, trajectory.schedule)


def edit(case: Case, trajectory: Trajectory, negatives: Negatives, guidance: float) -> Edit:
    """The source's seed sampled with the target prompt and this null text."""
    target = Prompt(case.lab.prompt(case.pair.target), negatives[0], guidance)
    made = case.decoded(sampled(case.lab, trajectory, target, negatives))
    colours = colour_distribution(made), colour_distribution(case.references)
    return Edit(
        target=case.pair.target,
        truth=float(psnr(made, case.truth)),
        edges=float(edge_agreement(made, case.source)),
        colour=float(distribution_distance(colours[0].mean(0), colours[1].mean(0)).mean()),
    )


def reconstruction_table(found: Sequence[Outcome]) -> str:
    """Outcomes of one number of steps and one guidance, as means over scenes."""
    heads = ("null text", "error of the latent", "returned, dB", "evaluations", "backward passes")
    heads += ("cost", "cheaper than published")
    groups = by_way(found)
    yardstick = mean(groups[YARDSTICK], "cost")
    return markdown_table(heads, [_line(name, of, yardstick) for name, of in groups.items()])


def _line(name: str, found: Sequence[Outcome], yardstick: float) -> list[str]:
    cost = mean(found, "cost")
    return [
        name,
        f"{mean(found, 'error'):.1e}",
        f"{mean(found, 'returned'):.1f}",
        f"{mean(found, 'evaluations'):.0f}",
        f"{mean(found, 'gradients'):.0f}",
        f"{cost:.0f}",
        f"{yardstick / cost:.1f}x",
    ]


def edit_table(found: Sequence[Outcome]) -> str:
    """Truth / edges / colour of the edits, a column for each guidance and domain."""
    columns = dict.fromkeys((one.guidance, edit.target) for one in found for edit in one.edits)
    heads = ["null text", *(f"{target}, w = {guidance:g}" for guidance, target in columns)]
    rows = [
        [name, *(_edit_cell(of, guidance, target) for guidance, target in columns)]
        for name, of in by_way(found).items()
    ]
    return markdown_table(heads, rows)


def _edit_cell(found: Sequence[Outcome], guidance: float, target: str) -> str:
    at_guidance = (edit for one in found if one.guidance == guidance for edit in one.edits)
    edits = [one for one in at_guidance if one.target == target]
    truth, edges, colour = (mean(edits, name) for name in ("truth", "edges", "colour"))
    return f"{truth:.1f} / {edges:.2f} / {colour:.3f}"


def by_way(found: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    names = dict.fromkeys(one.way for one in found)
    return {name: [one for one in found if one.way == name] for name in names}


def mean(items: Sequence[object], name: str) -> float:
    return fmean(getattr(one, name) for one in items)


def section(found: Sequence[Outcome], facts: Mapping[str, str]) -> str:
    """One study in words and tables."""
    strongest = max(one.guidance for one in found)
    returned = [one for one in found if one.guidance == strongest]
    scenes = len(by_way(returned)[YARDSTICK])
    parts = [
        f"**{found[0].steps} steps, {scenes} picture(s), w = {strongest:g}.** Counts include the "
        f"inversion; cost is in evaluations, a backward pass counts as {BACKWARD}. "
        f"{machine_line(facts)}",
        reconstruction_table(returned),
    ]
    if found[0].edits:
        parts += [
            "Edited with the target prompt (PSNR to the truth in dB / edges kept of the source / "
            "colour distance to the domain):",
            edit_table(found),
        ]
    return "\n\n".join(parts)


def as_outcome(values: Mapping[str, Any]) -> Outcome:
    """An outcome as it was written to the JSON."""
    return Outcome(**{**values, "edits": tuple(Edit(**one) for one in values["edits"])})


def body(studies: Mapping[str, Mapping[str, Any]]) -> str:
    """The part of the page: all studies whose numbers are known, fewest steps first."""
    known = sorted(studies.items(), key=lambda item: int(item[0]))
    return "\n\n".join(
        section([as_outcome(one) for one in study["outcomes"]], study["machine"])
        for _, study in known
    )


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench.null_text", description=__doc__)
    options.add_argument("--steps", type=int, help="only the study with this many steps")
    options.add_argument("--quick", action="store_true", help="4 steps")
    options.add_argument("--threads", type=int, help="threads of the CPU; all by default")
    options.add_argument("--out", type=Path, default=FOLDER, help="folder of cost.md, cost.json")
    return options


def chosen(options: argparse.Namespace) -> list[Study]:
    studies = QUICK if options.quick else STUDIES
    found = [one for one in studies if options.steps in (None, one.steps)]
    if not found:
        known = ", ".join(str(one.steps) for one in studies)
        raise ValueError(f"There is no study with {options.steps} steps; there are: {known}.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all ways and write their part of the page."""
    options = parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    facts = machine(torch.device("cpu"))
    for study in chosen(options):
        found = []
        for one in outcomes(study, WAYS):
            print(f"{one.steps} steps, w {one.guidance:g}, {one.way}: {one.error:.1e}", flush=True)
            found.append(asdict(one))
        numbers = known_numbers(options.out, PART)
        numbers[str(study.steps)] = {"machine": facts, "outcomes": found}
        write_part(options.out, PART, body(numbers), numbers)
    print(body(numbers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
