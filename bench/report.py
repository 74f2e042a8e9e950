"""The report: docs/quality.md for people, docs/quality.json for programs, pictures for both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from .axes import AXES, COLOUR, FRECHET, PSNR, Axis, Side
from .cost_page import machine, machine_line, markdown_table
from .figures import contact_sheet, scatter, sheet_name
from .findings import Findings, numbers
from .frontier import frontier
from .judging import Result
from .lab import Pair
from .method import Family, Setting
from .statistics import Interval
from .tuning import RULE
from .verdict import (
    AS_DECODED,
    DEFAULT,
    FAITHFUL,
    SHARP_RIVAL,
    Duel,
    Verdict,
    measures,
    overall_verdict,
)

PAGE, NUMBERS, PICTURES = "quality.md", "quality.json", "bench"
SHEET_SCENES, SHEET_RIVALS = 4, 4
SCATTERS = {COLOUR: "quality-colour.png", FRECHET: "quality-frechet.png"}


def write_report(
    findings: Findings, sheets: Mapping[Pair, Mapping[str, Tensor]], docs: Path
) -> None:
    """Write page, numbers and pictures; `sheets` are each pair's columns of pictures."""
    for appearance, name in SCATTERS.items():
        scatter(findings.results, appearance, docs / PICTURES / name)
    for pair, columns in sheets.items():
        contact_sheet(columns, docs / PICTURES / sheet_name(pair))
    (docs / PAGE).write_text(page(findings, list(sheets)), encoding="utf-8")
    text = json.dumps(numbers(findings), indent=1)
    (docs / NUMBERS).write_text(text + "\n", encoding="utf-8")


def page(findings: Findings, sheets: Sequence[Pair]) -> str:
    """The whole page in Markdown."""
    parts = [
        "# Quality: S2ST and its rivals on paired scenes",
        opening(findings),
        f"![Structure against appearance]({PICTURES}/{SCATTERS[COLOUR]})",
        "*Structure against appearance, a panel per translation; up and to the right is better. "
        f"[The same with the Fréchet distance]({PICTURES}/{SCATTERS[FRECHET]}).*",
        *(verdict_part(verdict) for verdict in findings.verdicts),
        *measures_part(findings.by_measures),
        *detail_part(findings.results),
        *frontier_part(findings),
        "## Means over the translations",
        mean_table(findings),
        *(pair_part(findings, pair, pair in sheets) for pair in findings.pairs),
        how_part(findings),
    ]
    return "\n\n".join(parts) + "\n"


def opening(findings: Findings) -> str:
    """The first paragraph: where S2ST loses comes before anything else."""
    told = [verdict_sentence(one) for one in findings.verdicts if one.appearance is COLOUR]
    size = f"Measured on {findings.facts['scenes']} held-out scenes per translation."
    if not told:
        return "S2ST is not among the methods of this run."
    parts = detail_part(findings.results)
    helped = f"{DEFAULT} restores the source's detail, which would help rivals too: see below."
    return " ".join([*told, *([helped] if parts else []), size])


def verdict_sentence(verdict: Verdict) -> str:
    """One claim in words, its losses first."""
    losses = told_losses(verdict)
    start = f"**{verdict.ours}** falls short against {losses}. " if losses else ""
    count = f"{len(verdict.held)} of {len(verdict.pairs)} translations"
    drawing = f"{len(verdict.held_against_editors)} of {len(verdict.pairs)}"
    return (
        f"{start}**{verdict.ours}**, {verdict.claim}: holds against every rival in {count}; in "
        f"{drawing} against every rival that draws with the model, leaving aside those that only "
        f"recolour the source and so cannot move an edge."
    )


def told_losses(verdict: Verdict) -> str:
    """Who is lost against and where; all that only recolour together."""
    by_rival: dict[str, dict[str, None]] = {}
    for duel in sorted(verdict.lost, key=lambda duel: duel.recolours):
        name = "recolouring the source" if duel.recolours else duel.rival
        by_rival.setdefault(name, {})[duel.pair.name] = None
    every = len(verdict.pairs)
    return "; ".join(
        f"{name} ({', '.join(pairs) if len(pairs) < every or every == 1 else 'everywhere'})"
        for name, pairs in by_rival.items()
    )


def verdict_part(verdict: Verdict) -> str:
    """A claim with the duels that it is lost in."""
    outcome = "reached" if verdict.reached else "not reached"
    title = f"## {verdict.ours}: {verdict.claim}, appearance by {verdict.appearance.name}"
    held = ", ".join(pair.name for pair in verdict.held) or "none"
    lines = [
        title,
        f"**{outcome[0].upper()}{outcome[1:]}**: holds against every rival in "
        f"{len(verdict.held)} of {len(verdict.pairs)} translations ({held}).",
    ]
    return "\n\n".join([*lines, lost_table(verdict)] if verdict.lost else lines)


def measures_part(verdicts: Sequence[Verdict]) -> list[str]:
    """In how many translations claim 2 holds, a row per measure of structure."""
    if not verdicts:
        return []
    first = verdicts[0]
    appearances = [axis.name for axis in measures(Side.APPEARANCE)]
    rows = [
        [axis.name, *(held_cell(one) for one in verdicts if one.structure == axis)]
        for axis in measures(Side.STRUCTURE)
    ]
    return [
        f"## {first.ours}: {first.claim}, under every measure",
        f"Translations, of {len(first.pairs)}, in which the claim holds against every rival, and "
        f"in brackets against every rival that draws with the model; a row per measure of "
        f"structure, a column per measure of appearance.",
        markdown_table(["structure by", *appearances], rows),
    ]


def held_cell(verdict: Verdict) -> str:
    return f"{len(verdict.held)} ({len(verdict.held_against_editors)})"


def frontier_part(findings: Findings) -> list[str]:
    """Claim 1 over all settings that were tried, a row per rival."""
    found = frontier(findings.choices, findings.rivals)
    if not found:
        return []
    cells = {(one.rival, one.pair): f"{one.beaten} of {one.settings}" for one in found}
    rivals, pairs = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    rows = [[rival, *(cells.get((rival, pair), " ") for pair in pairs)] for rival in rivals]
    return [
        f"## {FAITHFUL}: structure at equal appearance, over all settings",
        f"How many of a rival's settings are beaten on the {findings.facts['tuning_scenes']} "
        f"tuning scenes: one of the settings of {FAITHFUL} comes at least as near to the target "
        f"domain's colours and keeps more edges of the source, beyond doubt.",
        markdown_table(["rival", *(pair.name for pair in pairs)], rows),
    ]


def detail_part(results: Sequence[Result]) -> list[str]:
    """Claim 2 without the restored detail, and against the strongest rival with it."""
    decoded = overall_verdict(results, COLOUR, name=AS_DECODED)
    fair = overall_verdict(results, COLOUR, opponent=SHARP_RIVAL)
    if not (decoded.duels and fair.duels):
        return []
    losses = told_losses(decoded)
    return [
        f"## {DEFAULT}: what the restored detail decides",
        f"{DEFAULT} restores the source's detail after decoding, and any method's results could be "
        f"treated so. Without it, as *{AS_DECODED}*, claim 2 holds against every rival that draws "
        f"with the model in {len(decoded.held_against_editors)} of {len(decoded.pairs)} "
        f"translations (it falls short against {losses or 'none'}). With it on both sides, against "
        f"the strongest rival, it holds in {len(fair.held)} of {len(fair.pairs)}:",
        duel_table(fair.duels),
    ]


def lost_table(verdict: Verdict) -> str:
    """Against whom the claim does not hold, on which axis, by how much."""
    return duel_table(verdict.lost)


def duel_table(duels: Sequence[Duel]) -> str:
    axes = [axis for axis in AXES if axis.key in duels[0].advantages]
    heads = ["translation", "rival", *(f"ahead in {axis.name}" for axis in axes), "note"]
    rows = [
        [
            duel.pair.name,
            duel.rival,
            *(advantage_cell(duel, axis) for axis in axes),
            duel.note or " ",
        ]
        for duel in duels
    ]
    return markdown_table(heads, rows)


def advantage_cell(duel: Duel, axis: Axis) -> str:
    """How far ours is ahead on an axis, with its interval; bold where it is behind for sure."""
    one = duel.advantages[axis.key]
    text = f"{signed(one.value, axis)} [{signed(one.low, axis)}, {signed(one.high, axis)}]"
    return f"**{text}**" if one.high < 0 else text


def signed(value: float, axis: Axis) -> str:
    return f"{value:+.{axis.digits}f}"


def pair_part(findings: Findings, pair: Pair, has_sheet: bool) -> str:
    """One translation: its table, its settings, its pictures."""
    title = f"## {pair.name[0].upper()}{pair.name[1:]}"
    picture = f"![Results for {pair.name}]({PICTURES}/{sheet_name(pair)})"
    parts = [title, pair_table(findings.of(pair)), settings_line(findings.of(pair))]
    return "\n\n".join([*parts, picture] if has_sheet else parts)


def pair_table(results: Sequence[Result]) -> str:
    """A row per method, a column per axis; the best of all but the bounds is bold."""
    heads = ["method", *map(head, AXES), "evaluations", "s"]
    return markdown_table(heads, [result_row(one, results) for one in results])


def head(axis: Axis) -> str:
    return f"{axis.name} {'↑' if axis.more_is_better else '↓'}"


def result_row(one: Result, results: Sequence[Result]) -> list[str]:
    contenders = [other for other in results if other.method.family is not Family.BOUND]
    cells = [
        bold_if(value_cell(one.scores.interval(axis), axis), one in leaders(contenders, axis))
        for axis in AXES
    ]
    return [method_cell(one), *cells, price(one), f"{one.spent.seconds:.2f}"]


def leaders(results: Sequence[Result], axis: Axis) -> list[Result]:
    """The one in front on an axis, and whoever shows the same number."""
    if not results:
        return []
    values = [round(one.scores.interval(axis).value, axis.digits) for one in results]
    top = max(values) if axis.more_is_better else min(values)
    return [one for one, value in zip(results, values, strict=True) if value == top]


def method_cell(one: Result) -> str:
    match one.method.family:
        case Family.BOUND:
            return f"*{one.method.name}*"
        case Family.OURS:
            return f"**{one.method.name}**"
        case Family.RIVAL:
            source = one.method.source
            known = source.replace(".", "").isdigit()
            return f"{one.method.name} ({source})" if known else one.method.name
        case _:
            raise ValueError(f"The family is {one.method.family!r}, but must be a Family.")


def value_cell(interval: Interval, axis: Axis) -> str:
    return f"{interval.value:.{axis.digits}f} ± {interval.half_width:.{axis.digits}f}"


def bold_if(text: str, condition: bool) -> str:
    return f"**{text}**" if condition else text


def price(one: Result) -> str:
    """Evaluations of the model per picture; backward passes after a plus."""
    backward = f" + {one.spent.gradients:.0f} b" if one.spent.gradients else ""
    return f"{one.spent.evaluations:.0f}{backward}"


def settings_line(results: Sequence[Result]) -> str:
    """The settings that were chosen."""
    told = [f"{one.method.name}: {shown(one.setting)}" for one in results if one.setting]
    return f"Settings: {'; '.join(told)}." if told else "No method has a setting."


def shown(setting: Setting) -> str:
    return ", ".join(f"{name} {value}" for name, value in setting.items())


def mean_table(findings: Findings) -> str:
    """Every method's axes, averaged over the translations that it has run in all of."""
    rows = []
    for name in dict.fromkeys(one.method.name for one in findings.results):
        mine = [one for one in findings.results if one.method.name == name]
        if len(mine) == len(findings.pairs):
            rows.append([method_cell(mine[0]), *(mean_cell(mine, axis) for axis in AXES)])
    return markdown_table(["method", *map(head, AXES)], rows)


def mean_cell(results: Sequence[Result], axis: Axis) -> str:
    values = [one.scores.interval(axis).value for one in results]
    return f"{sum(values) / len(values):.{axis.digits}f}"


def how_part(findings: Findings) -> str:
    """How all this was measured, so that it can be doubted and repeated."""
    facts, examined = findings.facts, findings.examined
    axes = "\n".join(f"- **{axis.name}** ({axis.side.value}): {axis.meaning}." for axis in AXES)
    missing = "; ".join(findings.missing)
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
training scenes; on renders it had not seen it names {100 * examined.domain_accuracy:.1f} % of the
domains and {100 * examined.label_accuracy:.1f} % of the pixels' labels. *Evaluations* are of the
UNet, per picture, inversion included; "b" are backward passes. Seconds were taken while other work
ran, so they only give the order; `bench speed` measures time properly.

### The claims

{claims_text()}

{"Missing from this run: " + missing + "." if missing else "Nothing that was planned is missing."}

{machine_line(machine(torch.device("cpu")))}"""


def claims_text() -> str:
    """The rules as the module that applies them states them."""
    from . import verdict

    return "\n\n".join(verdict.__doc__.strip().split("\n\n")[1:])


def sheet_columns(results: Sequence[Result], source: Tensor, truth: Tensor, pictures) -> dict:
    """Source, ours, the strongest rivals by PSNR, truth; `pictures` gives a result's own."""
    ours = [one for one in results if one.method.family is Family.OURS]
    rivals = [one for one in results if one.method.family is Family.RIVAL]
    rivals.sort(key=lambda one: one.scores.interval(PSNR).value, reverse=True)
    columns = {"source": source}
    for one in (*ours, *rivals[:SHEET_RIVALS]):
        columns[one.method.name] = pictures(one)
    return {**columns, "truth": truth}


def printed(verdicts: Sequence[Verdict]) -> str:
    """The verdict for the terminal."""
    lines = []
    for verdict in verdicts:
        lines.append(
            f"{verdict.ours}, {verdict.claim} (appearance by {verdict.appearance.name}): "
            f"{len(verdict.held)} of {len(verdict.pairs)} translations, "
            f"{'reached' if verdict.reached else 'not reached'}; "
            f"{len(verdict.held_against_editors)} without the recolouring rivals"
        )
        lines += [f"  {duel_line(duel)}" for duel in verdict.lost]
    return "\n".join(lines)


def duel_line(duel: Duel) -> str:
    """One lost duel in one line."""
    axes = [axis for axis in AXES if axis.key in duel.advantages]
    told = ", ".join(f"{axis.name} {advantage_cell(duel, axis)}" for axis in axes)
    return f"{duel.pair.name}, {duel.rival}: {told} {duel.note}".rstrip()
