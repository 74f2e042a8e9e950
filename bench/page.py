"""The quality page: every sentence and table computed from the rows of quality.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import duels as rules
from .axes import AXES, COLOUR, FRECHET, Axis
from .cost_page import machine_line, markdown_table
from .duels import DEFAULT, FAITHFUL, Verdict, fair_verdict, verdict
from .judging import RULE, shown
from .method import Family
from .pictures import SCATTERS, sheet_of
from .rows import NUMBERS, Duel, Findings, Row, code_list

PAGE = "quality.md"
LOOKS = (COLOUR, FRECHET)


def page(findings: Findings, docs: Path) -> str:
    """The whole page in Markdown."""
    parts = [
        "# Quality: S2ST and its rivals on paired scenes",
        opening(findings),
        f"![Structure against appearance]({SCATTERS[COLOUR]})",
        "*Structure against appearance, a panel per translation; up and to the right is better. "
        f"[The same with the Fréchet distance]({SCATTERS[FRECHET]}).*",
        *(verdict_part(one) for one in verdicts(findings)),
        *detail_part(fair_verdict(findings.duels)),
        "## Means over the translations",
        mean_table(findings),
        *(pair_part(findings.of(pair), docs) for pair in findings.pairs),
        how_part(findings),
    ]
    return "\n\n".join(parts) + "\n"


def verdicts(findings: Findings) -> list[Verdict]:
    """Both claims by both measures of appearance, as far as our methods are among the rows."""
    found = [verdict(findings.duels, ours, look) for look in LOOKS for ours in (FAITHFUL, DEFAULT)]
    return [one for one in found if one.duels]


def opening(findings: Findings) -> str:
    """The first paragraph: where S2ST loses comes before anything else."""
    told = [verdict_sentence(one) for one in verdicts(findings) if one.appearance is COLOUR]
    if not told:
        return "S2ST is not among the methods of this run."
    size = f"Measured on {findings.facts['scenes']} held-out scenes per translation."
    fair = fair_verdict(findings.duels)
    helped = (
        f"{DEFAULT} restores the source's detail, which would help rivals too: against the "
        f"strongest of them with its detail restored, it holds in {len(fair.held())} of "
        f"{len(fair.pairs)} translations."
    )
    return " ".join([*told, *([helped] if fair.duels else []), size])


def detail_part(fair: Verdict) -> list[str]:
    """What is left of claim 2 where the strongest rival has the restored detail as well."""
    if not fair.duels:
        return []
    return [
        f"## {DEFAULT}: against the strongest rival, its detail restored as well",
        f"It holds in {len(fair.held())} of {len(fair.pairs)} translations.",
        duel_table(fair, fair.duels),
    ]


def verdict_sentence(one: Verdict) -> str:
    """One claim in words, its losses first."""
    losses, every = told_losses(one), len(one.pairs)
    start = f"**{one.ours}** falls short against {losses}. " if losses else ""
    return (
        f"{start}**{one.ours}**, {one.claim}: holds against every rival in {len(one.held())} of "
        f"{every} translations; in {len(one.held(drawing=True))} of {every} against every rival "
        f"that draws with the model, leaving aside those that only recolour the source and so "
        f"cannot move an edge."
    )


def told_losses(one: Verdict) -> str:
    """Who is lost against and where; all that only recolour together."""
    by_rival: dict[str, dict[str, None]] = {}
    for duel in sorted(one.lost, key=lambda duel: duel.recolours):
        name = "recolouring the source" if duel.recolours else duel.rival
        by_rival.setdefault(name, {})[duel.pair] = None
    every = len(one.pairs)
    return "; ".join(
        f"{name} ({', '.join(pairs) if len(pairs) < every or every == 1 else 'everywhere'})"
        for name, pairs in by_rival.items()
    )


def verdict_part(one: Verdict) -> str:
    """A claim with the duels that it is lost in."""
    parts = [
        f"## {one.ours}: {one.claim}, appearance by {one.appearance.name}",
        f"**{'Reached' if one.reached else 'Not reached'}**: holds against every rival in "
        f"{len(one.held())} of {len(one.pairs)} translations ({', '.join(one.held()) or 'none'}).",
    ]
    return "\n\n".join([*parts, duel_table(one, one.lost)] if one.lost else parts)


def duel_table(one: Verdict, duels: Sequence[Duel]) -> str:
    heads = ["translation", "rival", *(f"ahead in {axis.name}" for axis in one.axes), "note"]
    rows = [
        [duel.pair, duel.rival, *(ahead(duel, axis) for axis in one.axes), note(one, duel)]
        for duel in duels
    ]
    return markdown_table(heads, rows)


def note(one: Verdict, duel: Duel) -> str:
    told = duel.told[one.appearance.key][1] if duel.told else ""
    unpaired = "" if duel.paired else "from runs apart"
    return ", ".join(part for part in (told, unpaired) if part) or " "


def ahead(duel: Duel, axis: Axis) -> str:
    """How far ours is ahead on an axis, with its interval; bold where it is behind for sure."""
    one = duel.axes[axis.key]
    value, low, high = (f"{end:+.{axis.digits}f}" for end in (one.value, one.low, one.high))
    text = f"{value} [{low}, {high}]"
    return f"**{text}**" if one.high < 0 else text


def pair_part(rows: Sequence[Row], docs: Path) -> str:
    """One translation: its table, its settings, its pictures."""
    pair = rows[0].pair
    heads = ["method", *(axis.head for axis in AXES), "evaluations", "s"]
    parts = [
        f"## {pair[0].upper()}{pair[1:]}",
        markdown_table(heads, [result_row(one, rows) for one in rows]),
        settings_line(rows),
    ]
    sheet = sheet_of(pair)
    picture = f"![Results for {pair}]({sheet})"
    return "\n\n".join([*parts, picture] if (docs / sheet).is_file() else parts)


def result_row(one: Row, rows: Sequence[Row]) -> list[str]:
    """The best of all but the bounds is bold."""
    contenders = [other for other in rows if other.family is not Family.BOUND]
    cells = []
    for axis in AXES:
        text = one.on(axis).shown(axis.digits)
        cells.append(f"**{text}**" if one in leaders(contenders, axis) else text)
    return [method_cell(one), *cells, price(one), f"{one.seconds:.2f}"]


def leaders(rows: Sequence[Row], axis: Axis) -> list[Row]:
    """The one in front on an axis, and whoever shows the same number."""
    values = [axis.better * round(one.on(axis).value, axis.digits) for one in rows]
    return [one for one, value in zip(rows, values, strict=True) if value == max(values)]


def method_cell(one: Row) -> str:
    """Bounds are slanted and ours bold; a rival stands with its paper's number."""
    mark = {Family.BOUND: "*", Family.OURS: "**", Family.RIVAL: ""}[one.family]
    known = one.family is Family.RIVAL and one.source.replace(".", "").isdigit()
    return f"{mark}{one.method}{mark}" + (f" ({one.source})" if known else "")


def price(one: Row) -> str:
    """Evaluations of the model per picture; backward passes after a plus."""
    backward = f" + {one.gradients:.0f} b" if one.gradients else ""
    return f"{one.evaluations:.0f}{backward}"


def settings_line(rows: Sequence[Row]) -> str:
    """The settings that were chosen."""
    told = [f"{one.method}: {shown(one.setting)}" for one in rows if one.setting]
    return f"Settings: {'; '.join(told)}." if told else "No method has a setting."


def mean_table(findings: Findings) -> str:
    """Every method's axes, averaged over the translations that it has run in all of."""
    rows = []
    for name in dict.fromkeys(one.method for one in findings.rows):
        mine = [one for one in findings.rows if one.method == name]
        if len(mine) == len(findings.pairs):
            means = (sum(one.on(axis).value for one in mine) / len(mine) for axis in AXES)
            cells = (axis.shown(mean) for axis, mean in zip(AXES, means, strict=True))
            rows.append([method_cell(mine[0]), *cells])
    return markdown_table(["method", *(axis.head for axis in AXES)], rows)


def how_part(findings: Findings) -> str:
    """How all this was measured, so that it can be doubted and repeated."""
    facts, judge = findings.facts, findings.judge
    axes = "\n".join(f"- **{axis.name}** ({axis.side.value}): {axis.meaning}." for axis in AXES)
    missing = "; ".join(findings.missing)
    claims = "\n\n".join(rules.__doc__.strip().split("\n\n")[1:])
    return f"""## How it was measured

`python dev.py bench quality` writes this page, `{NUMBERS}` and the pictures. Every method edits
the same {facts["scenes"]} held-out scenes per translation, with the same model, at
{facts["steps"]} steps. Where it wants pictures of a domain it gets {facts["references"]} unpaired
ones, never the truth; the domain that results are measured against is another {facts["pool"]}
pictures, which no method sees.

Settings were chosen for every method and translation on {facts["tuning_scenes"]} other scenes, by
one rule for all, ours included, the highest

> {RULE}

{axes}

± is half the 95 % interval over scenes: Student's for values per scene, bootstrap for the numbers
of a whole set (colour, gradients, Fréchet). The judge is a small network trained on renders of the
training scenes; on renders it had not seen it names {100 * judge["domains"]:.1f} % of the
domains and {100 * judge["labels"]:.1f} % of the pixels' labels. *Evaluations* are of the
UNet, per picture, inversion included; "b" are backward passes. Seconds were taken while other work
ran, so they only give the order; `bench speed` measures time properly.

### The claims

{claims}

{"Missing from this run: " + missing + "." if missing else "Nothing that was planned is missing."}

Made by, with weights {facts["weights"]}:

{code_list((one.code, one.method) for one in findings.rows)}

{machine_line(findings.machine)}"""
