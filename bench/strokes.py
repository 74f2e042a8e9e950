"""Pictures from strokes and words for regions (`python dev.py bench strokes`).

Stroke pictures are made of held-out demo scenes by palette and blur. The parts run one after the
other, and each is written down when it is done. Pictures are kept in .cache/bench/strokes, so a
stopped run goes on where it was; what the present code has written into strokes.json before is not
made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from demo_world import DOMAINS
from s2st.strokes.painting import blurred, median, palette_of, quantised

from .axes import (
    BLURRED,
    FRECHET,
    INSIDE,
    NAMED,
    OUTSIDE,
    PALETTE,
    PHRASE_AXES,
    STROKE_AXES,
)
from .judges import Judge
from .judging import Scores, features_of, set_frechet
from .lab import Method, Pair
from .parts import Duels, Part, Report, Rows, made_by
from .pictures import FOLDER as PICTURES
from .pictures import sheet
from .plan import Line, Plan, examined_judge
from .rows import Findings
from .store import POOL_SEEDS, rendered
from .stroke_methods import (
    COLOURS,
    GUIDANCE,
    ROUNDS,
    UPDATES,
    changed_rounds,
    curves,
    quirks,
    strokes_for,
)
from .strokes_page import GRADOP, LOOPED, agreement, beside, faithfulness, overtaken, plus, unharmed
from .word_methods import SIDE, THINGS, TIMES, Masks, Subject, from_noise, over_strokes

PAIR = Pair("day", "day")  # strokes of day scenes, painted by day
STEPS = 10
SHEET = f"{PICTURES}/strokes.jpg"
SHOWN, SHEET_SCENES = (next(iter(ROUNDS)), *map(plus, UPDATES), "SDEdit 0.5", "SDEdit 0.8"), 4


def stroke_scores(plan: Plan, line: Line) -> Scores:
    """How near results are to the strokes, and to renders of their domain."""
    results, judge, domain = plan.pictures(line), examined_judge(plan.judge).judge, PAIR.source
    distances = [
        distances_from(made, strokes_for(job.seeds, domain))
        for job, made in zip(line, results.split(len(line[0].seeds)), strict=True)
    ]
    near, flat = torch.cat(distances).double().T
    with torch.no_grad():
        told = judge(results)[0].argmax(dim=1)
    right = told == DOMAINS.index(domain)
    return {
        BLURRED.key: near,
        PALETTE.key: flat,
        FRECHET.key: realism(judge, results, rendered(POOL_SEEDS[: plan.pool], domain)),
        NAMED.key: right.double(),
    }


def distances_from(results: Tensor, strokes: Tensor) -> Tensor:
    """[B, 2]: of the blurred results, and of both in the strokes' own main colours."""
    palette = palette_of(strokes, COLOURS)
    flat = [quantised(median(one), palette) for one in (results, strokes)]
    pairs = (blurred(results), strokes), flat
    return torch.stack([root_mean_square(*one) for one in pairs], dim=1)


def root_mean_square(some: Tensor, others: Tensor) -> Tensor:
    return (some - others).square().mean(dim=(1, 2, 3)).sqrt()


def realism(judge: Judge, results: Tensor, pool: Tensor) -> Tensor:
    return set_frechet(features_of(judge, results), features_of(judge, pool))


def region_scores(subject: Subject, plan: Plan, line: Line) -> Scores:
    """How much of each phrase's region shows what it names, and how much of the rest does."""
    results, judge = plan.pictures(line), examined_judge(plan.judge).judge
    every = subject.masks([seed for job in line for seed in job.seeds])
    seen = SEEN[subject](judge, results)
    pairs = zip(seen, every, strict=True)
    shares = torch.stack([shares_of(subject.phrases, *both) for both in pairs])
    inside, outside = shares.double().unbind(dim=2)
    found = {INSIDE.key: inside.nanmean(dim=1), OUTSIDE.key: outside.nanmean(dim=1)}
    axes = [PHRASE_AXES[phrase] for phrase in subject.phrases]
    found |= {axis.key: one for axis, one in zip(axes, inside.T, strict=True)}
    known = {key: one for key, one in found.items() if one.isfinite().sum() > 1}
    return {**known, FRECHET.key: realism(judge, results, pool_of(plan, subject))}


def things_seen(judge: Judge, results: Tensor) -> Tensor:
    """[B, things, H, W]: 1 where the judge sees a thing."""
    seen = judge.label_maps(results)
    return torch.stack([torch.isin(seen, torch.tensor(one)) for one in THINGS.values()], dim=1)


@torch.no_grad()
def times_seen(judge: Judge, results: Tensor) -> Tensor:
    """[B, times, H, W]: 1 all over each half that the judge takes for one of that time."""
    halves = [judge(one)[0].argmax(dim=1) for one in results.chunk(2, dim=3)]
    seen = torch.stack(halves, dim=1).repeat_interleave(SIDE // 2, dim=1)[:, None]
    times = [seen == DOMAINS.index(domain) for domain in ("day", "night")]
    return torch.stack(times, dim=1).expand(-1, -1, SIDE, -1)


SEEN = {Subject.THINGS: things_seen, Subject.TIMES: times_seen}


def shares_of(phrases: Sequence[str], seen: Tensor, masks: Masks) -> Tensor:
    """[phrases, 2]: of each one's region, and of the rest, that shows it; NaN where none is."""
    shares = torch.full((len(phrases), 2), torch.nan)
    for place, (phrase, shown) in enumerate(zip(phrases, seen, strict=True)):
        if phrase in masks:
            parts = torch.stack([masks[phrase], 1 - masks[phrase]])
            shares[place] = (shown * parts).sum(dim=(1, 2)) / parts.sum(dim=(1, 2))
    return shares


def pool_of(plan: Plan, subject: Subject) -> Tensor:
    """Renders as results should look: by day, or with the halves of two times."""
    seeds = POOL_SEEDS[: plan.pool]
    day = rendered(seeds, "day")
    if subject is Subject.THINGS:
        return day
    lit = torch.stack([masks[TIMES[0]] for masks in subject.masks(seeds)])[:, None]
    return torch.where(lit > 0, day, rendered(seeds, "night"))


def strokes_part(
    name: str,
    title: str,
    scenes: int,
    methods: Iterator[Method],
    *says: Callable[[Rows, Duels], str],
) -> Part:
    return Part(
        name=name,
        title=title,
        pair=PAIR,
        scenes=scenes,
        methods=tuple(methods),
        axes=STROKE_AXES,
        scores=stroke_scores,
        says=says,
    )


def words_part(
    name: str, title: str, scenes: int, subject: Subject, methods: Iterator[Method]
) -> Part:
    axes = (INSIDE, OUTSIDE, *(PHRASE_AXES[one] for one in subject.phrases), FRECHET)
    part = strokes_part(name, title, scenes, methods, agreement)
    return replace(part, axes=axes, scores=partial(region_scores, subject))


PARTS = (
    strokes_part(
        "curves",
        "Faithful and real",
        200,
        curves(),
        faithfulness,
        partial(beside, GRADOP, "SDEdit"),
        overtaken,
        partial(beside, tuple(ROUNDS), "SDEdit"),
        partial(beside, tuple(ROUNDS), LOOPED),
    ),
    strokes_part("quirks", "What each quirk does", 32, quirks(), unharmed),
    strokes_part("rounds", "What each setting of the rounds does", 32, changed_rounds(), unharmed),
    words_part("things", "Things in their places", 64, Subject.THINGS, from_noise(Subject.THINGS)),
    words_part("times", "A time of day in each half", 64, Subject.TIMES, from_noise(Subject.TIMES)),
    words_part(
        "agreeing",
        "Things over strokes of their colours",
        32,
        Subject.THINGS,
        over_strokes(Subject.THINGS),
    ),
    words_part(
        "contradicting",
        "Day and night over strokes of day scenes",
        32,
        Subject.TIMES,
        over_strokes(Subject.TIMES),
    ),
)


def draw_sheet(sections: Sequence[Part], plan: Plan, _: Findings, docs: Path) -> None:
    """Strokes and what becomes of them, where their pictures are kept."""
    lines = {line[0].method.name: line for line in sections[0].lines(plan)}
    shown = {name: lines[name][:1] for name in SHOWN}
    if all(map(plan.has, shown.values())):
        seeds = lines[SHOWN[0]][0].seeds[:SHEET_SCENES]
        (docs / SHEET).parent.mkdir(parents=True, exist_ok=True)
        made = {name: plan.pictures(line) for name, line in shown.items()}
        sheet({"strokes": strokes_for(seeds, PAIR.source), **made}, len(seeds), docs / SHEET)


def page(sections: Sequence[Part], findings: Findings, _: Path) -> str:
    """The whole page in Markdown."""
    facts, axes = findings.facts, dict.fromkeys(axis for one in sections for axis in one.axes)
    parts = [
        "# Pictures from strokes, and words for regions",
        f"""`python dev.py bench strokes` makes this page, on the [demo model](demo-model.md) with
{facts["steps"]} steps and a guidance of {GUIDANCE:g} (the difference path has its own). Strokes are
made of held-out day scenes, by a palette of {COLOURS} colours and blur. Values stand with half
their 95 % interval; ▲ and ▼ mark what is better or worse than a table's first line, where the
interval of the difference, paired by scene, excludes zero. Backward passes go through the decoder
alone; an update is a forward and a backward pass of it. GradOP+ takes fresh noise here, as it was
released; kept noise, one of its quirks below, is our default.""",
        f"![Strokes, and what became of them]({SHEET})",
        *(one.section(findings) for one in sections),
        "## How it is measured",
        "\n".join(f"- **{axis.name}**: {axis.meaning}" for axis in axes),
        *made_by(findings),
    ]
    return "\n\n".join(parts) + "\n"


REPORT = Report(name="strokes", parts=PARTS, steps=STEPS, text=page, pictures=draw_sheet)


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if any method failed; the others are still judged."""
    return REPORT.run(REPORT.options(__doc__ or "").parse_args(arguments))
