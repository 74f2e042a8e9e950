"""The quality page: every sentence and table computed from the rows of quality.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from demo_world import LABELS

from . import duels as rules
from .axes import AXES, CLASS_AXES, COLOUR, FRECHET, PSNR, Axis
from .cost_page import machine_line, markdown_table
from .duels import DECIDING, OURS, Verdict, mean, rows_by_name, strongest, verdict
from .judging import RULE, shown
from .lab import PAIRS, Family
from .methods import PAPER
from .metrics import LEAST_PATCH
from .pictures import SCATTERS, sheet_of
from .rows import NUMBERS, Duel, Findings, Row, Variant, code_list
from .statistics import Interval, Standing, share_interval
from .trained_page import meetings as trained_rows
from .trained_page import trained_part

PAGE = "quality.md"
AXIS_HEADS = [axis.head for axis in AXES]
BRIEF = (
    "Means over the translations; the last column says in how many of them S2ST is ahead, level "
    "and behind in truth beyond doubt."
)
WORDS = dict(zip(DECIDING, ("truth", "source edges", "colour"), strict=True))


def page(findings: Findings, docs: Path) -> str:
    """The whole page in Markdown."""
    parts = [
        "# Quality: S2ST and its rivals on paired scenes",
        opening(findings),
        f"![Structure against appearance]({SCATTERS[COLOUR]})",
        "*Structure against appearance, a panel per translation; up and to the right is better. "
        f"[The same with the Fréchet distance]({SCATTERS[FRECHET]}).*",
        *verdict_part(findings),
        *cost_part(findings),
        *class_part(findings),
        *(trained_part(findings) if trained_rows(findings) else ()),
        "## Means over the translations",
        mean_table(findings),
        *(pair_part(findings.of(pair), docs) for pair in findings.pairs),
        how_part(findings),
    ]
    return "\n\n".join(parts) + "\n"


def opening(findings: Findings) -> str:
    """The first paragraph: in plain words what was won and what was not."""
    size = f"Measured on {findings.facts['scenes']} held-out scenes per translation."
    one = verdict(findings)
    if not one.duels:
        return f"S2ST and a rival that draws are not both among the methods of this run. {size}"
    return " ".join([won(one), not_won(one, findings), *paper_sentence(findings), size])


def won(one: Verdict) -> str:
    """The three counts of the claim."""
    level, ahead, cheap = (len(one.free_of(of)) for of in (one.lost, one.not_ahead, one.dear))
    every, rivals = len(one.pairs), len({duel.rival for duel in one.duels})
    return (
        f"Against the {rivals} rivals that draw with the model, each at its best setting and with "
        f"the source's detail restored on both sides, **S2ST** is at least equal to all of them in "
        f"truth, source edges and colour in {level} of {every} translations, strictly ahead of all "
        f"of them in truth in {ahead} of {every}, and takes half their evaluations or fewer in "
        f"{cheap} of {every}: {'this is all that was' if one.reached else 'not all that was'} "
        f"aimed at (all; two thirds; all)."
    )


def not_won(one: Verdict, findings: Findings) -> str:
    """Every loss by name; then Fréchet, and who is left out."""
    losses = {f"behind in {word}": one.of(Standing.WORSE, axis) for axis, word in WORDS.items()}
    losses["only equal in truth"] = one.of(Standing.EQUAL, PSNR)
    losses["at more than half the evaluations"] = one.dear
    told = [f"{what}: {grouped(duels, one.pairs)}" for what, duels in losses.items() if duels]
    text = f"Not won: {'; '.join(told)}." if told else "None of this was lost."
    frechet = grouped(one.of(Standing.WORSE, FRECHET), one.pairs) or "none"
    text += f" By the Fréchet distance, which decides nothing, it is behind: {frechet}."
    if any(row.family is Family.RECOLOURING for row in findings.rows):
        text += " Rivals that only recolour the source are no part of this: they never draw."
    return text


def short_part(findings: Findings) -> str:
    """What the README shows: the default, the strongest rival and a few that everybody knows."""
    best = [name + Variant.RESTORED.value for name in strongest(findings, 1)]
    labels = {
        OURS: "**S2ST's difference path (the default)**",
        **{name: f"{plain_name(name)}, the strongest rival" for name in best},
        PAPER + Variant.RESTORED.value: "the paper's stages, without null text",
        "DDIM inversion" + Variant.RESTORED.value: "DDIM inversion",
    }
    found = rows_by_name(findings, lambda row: row.name in labels)
    shown = [name for name in labels if name in found]
    lines = [
        [labels[name], *(axis.shown(mean(found[name], axis)) for axis in DECIDING)]
        + [price(found[name])]
        for name in shown
    ]
    heads = ["", "to truth, dB", "edges kept", "colour distance", "evaluations"]
    size, pairs = findings.facts["scenes"], findings.pairs
    return "\n\n".join(
        [
            f"Means over {len(pairs)} of {len(PAIRS)} translations whose truth is known "
            f"({', '.join(pairs)}), {size} held-out scenes each, with the source's detail restored "
            "in all results:",
            markdown_table(heads, lines),
            f"{won(verdict(findings))} All rivals and all losses: "
            "[docs/quality.md](docs/quality.md).",
        ]
    )


def grouped(duels: Sequence[Duel], pairs: Sequence[str]) -> str:
    """Rivals with the translations they are meant in."""
    by_rival: dict[str, list[str]] = {}
    for duel in duels:
        by_rival.setdefault(plain_name(duel.rival), []).append(duel.pair)
    every = len(pairs)
    return ", ".join(
        f"{name} ({'everywhere' if len(own) == every > 1 else ', '.join(own)})"
        for name, own in by_rival.items()
    )


def plain_name(name: str) -> str:
    """A row's name without what all compared rows have in common."""
    return name.partition(Variant.RESTORED.value)[0]


def paper_sentence(findings: Findings) -> list[str]:
    """What the paper's stages reach, among all that draw."""
    drawing = rows_by_name(findings, lambda row: row.variant is Variant.RESTORED)
    mine = drawing.get(PAPER + Variant.RESTORED.value)
    if not mine:
        return []
    place = 1 + sum(mean(rows, PSNR) > mean(mine, PSNR) for rows in drawing.values())
    values = ", ".join(f"{axis.shown(mean(mine, axis))} in {axis.name}" for axis in DECIDING)
    return [
        f"The paper's stages, without null text, reach {values} on average, at "
        f"{price(mine)} evaluations: place {place} of {len(drawing)} in truth among all that draw."
    ]


def verdict_part(findings: Findings) -> list[str]:
    """The claim's counts with their translations, and every duel that is not won on all of them."""
    one, axes = verdict(findings), (*DECIDING, FRECHET)
    if not one.duels:
        return []
    counts = {
        "At least equal in truth, source edges and colour": one.lost,
        "Strictly ahead in truth": one.not_ahead,
        "At half the evaluations or fewer": one.dear,
    }
    every, lines = len(one.pairs), []
    for name, losses in counts.items():
        pairs = one.free_of(losses)
        told = ", ".join(pairs) or "none"
        lines.append(f"- {name}, against every rival: {len(pairs)} of {every} ({told}).")
    rows = [
        [
            duel.pair,
            plain_name(duel.rival),
            *(ahead(duel, axis) for axis in axes),
            f"{one.shares[duel.key]:.2f}" + ("" if duel.paired else ", from runs apart"),
        ]
        for duel in one.duels
        if any(duel in losses for losses in counts.values())
    ]
    heads = ["translation", "rival", *(f"ahead in {axis.name}" for axis in axes), "cost"]
    told = "Where a duel is not won on all counts; *cost* is the share of the rival's evaluations:"
    return [
        "## S2ST against every rival that draws, detail restored on both sides",
        f"**{'Reached' if one.reached else 'Not reached'}**",
        "\n".join(lines),
        *([told, markdown_table(heads, rows)] if rows else []),
    ]


def ahead(duel: Duel, axis: Axis) -> str:
    """How far ours is ahead on an axis, with its interval; bold where it is behind for sure."""
    one = duel.on(axis)
    value, low, high = (f"{end:+.{axis.digits}f}" for end in one)
    text = f"{value} [{low}, {high}]"
    return f"**{text}**" if one.high < 0 else text


def cost_part(findings: Findings) -> list[str]:
    """The strongest rivals at the number of steps whose evaluations come nearest to ours."""
    one, axes = verdict(findings, Variant.AT_OUR_COST), (*DECIDING, FRECHET)
    if not one.duels:
        return []
    heads, lines = brief_table(
        findings, one, axes, lambda row: row.variant is Variant.AT_OUR_COST or row.name == OURS
    )
    return [
        "## The strongest rivals at our cost",
        "Each at its best setting, but at the number of steps whose evaluations come nearest to "
        f"those of S2ST, detail restored on both sides. {BRIEF}",
        markdown_table(heads, lines),
    ]


def brief_table(
    findings: Findings, one: Verdict, axes: Sequence[Axis], wanted: Callable[[Row], bool]
) -> tuple[list[str], list[list[str]]]:
    """Heads and lines: steps, price, means on few axes, and how S2ST stands to it."""
    lines = []
    for name, rows in rows_by_name(findings, wanted).items():
        usual = "default" if name == OURS else findings.facts["steps"]
        steps = dict.fromkeys(str(row.setting.get("steps", usual)) for row in rows)
        values = [axis.shown(mean(rows, axis)) for axis in axes]
        counts = one.counts(name) if any(duel.rival == name for duel in one.duels) else " "
        lines.append([plain_name(name), ", ".join(steps), price(rows), *values, counts])
    return ["method", "steps", "evaluations", *(axis.head for axis in axes), "S2ST"], lines


def class_part(findings: Findings) -> list[str]:
    """What is right in the sky, on lamps, windows and cars."""
    heads = ["method", *(axis.head for axis in CLASS_AXES), "cars kept", "lost", "cars invented"]
    lines = []
    for name, rows in rows_by_name(findings, in_class_table).items():
        counts = zip(*(one.cars for one in rows), strict=True)
        before, kept, after, invented = map(sum, counts)
        found = (kept, before), (before - kept, before), (invented, after)
        lines.append(
            [
                plain_name(name),
                *(cautious_mean(rows, axis).shown(axis.digits) for axis in CLASS_AXES),
                *(car_cell(some, count, len(rows)) for some, count in found),
            ]
        )
    seen = ", ".join(f"{name} {100 * findings.judge[name]:.0f} %" for name in LABELS)
    return [
        "## By class",
        "Where pictures go wrong, detail restored in all that is drawn: the mean distance of the "
        "brightness (0..1) from the truth's in the sky, on the bulbs of street lamps and on "
        "windows; and the cars that the judge finds. A car is a connected patch of at least "
        f"{LEAST_PATCH} pixels that the judge calls a car; one of the source is kept if it shares "
        "at least half the pixels of the smaller one with one of the result, else lost, and one of "
        "the result that shares them with none of the source is invented. *Truth* is a true "
        "render judged against the other: more than it, nothing can reach. On renders that the "
        f"judge had not seen it names of each class this share of the pixels: {seen}.",
        markdown_table(heads, lines),
        "Means and sums over the translations. ± is cautious: all translations show the same "
        "scenes, so many of them count as one (the mean of their half intervals; for shares "
        "Wilson's interval with the number of cars of one translation).",
    ]


def in_class_table(row: Row) -> bool:
    return row.compared and (row.family is not Family.BOUND or row.method in ("Identity", "Truth"))


def cautious_mean(rows: Sequence[Row], axis: Axis) -> Interval:
    """Over translations of the same scenes: what they share may be all there is."""
    ends = zip(*(one.on(axis) for one in rows), strict=True)
    return Interval(*(sum(end) / len(rows) for end in ends))


def car_cell(some: int, count: int, translations: int) -> str:
    """A share in percent; cars of one scene in several translations count once for its interval."""
    if not count:
        return "no car"
    found = share_interval(some / translations, count / translations)
    value, low, high = (f"{100 * end:.0f}" for end in found)
    return f"{some} of {count}: {value} % [{low}, {high}]"


def pair_part(rows: Sequence[Row], docs: Path) -> str:
    """One translation: its table, its settings, its pictures."""
    pair = rows[0].pair
    told = [one for one in rows if one.variant is not Variant.AT_OUR_COST]
    parts = [
        f"## {pair[0].upper()}{pair[1:]}",
        markdown_table(
            ["method", *AXIS_HEADS, "evaluations", "s"], [result_row(one, told) for one in told]
        ),
        settings_line(told),
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
    return [method_cell(one), *cells, price([one]), f"{one.seconds:.2f}"]


def leaders(rows: Sequence[Row], axis: Axis) -> list[Row]:
    """The one in front on an axis, and whoever shows the same number."""
    values = [axis.better * round(one.on(axis).value, axis.digits) for one in rows]
    return [one for one, value in zip(rows, values, strict=True) if value == max(values)]


def method_cell(one: Row) -> str:
    """Bounds are slanted and ours bold; a rival stands with its paper's number."""
    mark = {Family.BOUND: "*", Family.OURS: "**"}.get(one.family, "")
    from_paper = one.family in (Family.RIVAL, Family.TRAINED)
    known = from_paper and one.source.replace(".", "").isdigit()
    paper = f" ({one.source})" if known and one.variant is Variant.PLAIN else ""
    return f"{mark}{one.name}{mark}{paper}"


def price(rows: Sequence[Row]) -> str:
    """Evaluations of the model per picture, on average; backward passes after a plus."""
    spent, back = (
        sum(getattr(one, name) for one in rows) / len(rows) for name in ("evaluations", "gradients")
    )
    return f"{spent:.0f}" + (f" + {back:.0f} b" if back else "")


def settings_line(rows: Sequence[Row]) -> str:
    """The settings that were chosen."""
    told = [
        f"{one.method}: {shown(one.setting)}"
        for one in rows
        if one.setting and one.variant is Variant.PLAIN
    ]
    return f"Settings: {'; '.join(told)}." if told else "No method has a setting."


def mean_table(findings: Findings) -> str:
    """Every method's axes, averaged over the translations that it has run in all of."""
    found = rows_by_name(findings, lambda row: row.variant is not Variant.AT_OUR_COST)
    lines = [
        [method_cell(rows[0]), *(axis.shown(mean(rows, axis)) for axis in AXES), price(rows)]
        for rows in found.values()
    ]
    return markdown_table(["method", *AXIS_HEADS, "evaluations"], lines)


def how_part(findings: Findings) -> str:
    """How all this was measured, so that it can be doubted and repeated."""
    facts, judge = findings.facts, findings.judge
    axes = "\n".join(f"- **{axis.name}** ({axis.side.value}): {axis.meaning}." for axis in AXES)
    missing = "; ".join(findings.missing)
    claim = "\n\n".join(rules.__doc__.strip().split("\n\n")[1:])
    return f"""## How it was measured

`python dev.py bench quality` writes this page, `{NUMBERS}` and the pictures. Every method edits
the same {facts["scenes"]} held-out scenes per translation, with the same model, at
{facts["steps"]} steps where its setting does not name fewer; S2ST takes the library's defaults.
Where a method wants pictures of a domain it gets {facts["references"]} unpaired ones, never the
truth; the domain that results are measured against is another {facts["pool"]} pictures, which no
method sees. *Detail restored* is what the library's `restore_detail` makes of the very same
pictures, for rivals as for ours.

Settings were chosen for every method and translation on {facts["tuning_scenes"]} other scenes, and
then its number of steps for the best of them, by one rule for all, on pictures with the detail
restored, since these are compared: the highest

> {RULE}

{axes}

± is half the 95 % interval over scenes: Student's for values per scene, bootstrap for the numbers
of a whole set (colour, gradients, Fréchet). The judge is a small network trained on renders of the
training scenes; on renders it had not seen it names {100 * judge["domains"]:.1f} % of the
domains and {100 * judge["labels"]:.1f} % of the pixels' labels. *Evaluations* are of the
UNet, per picture, inversion included; "b" are backward passes. Seconds were taken while other work
ran, so they only give the order; `bench speed` measures time properly.

### The claim

{claim}

{"Missing from this run: " + missing + "." if missing else "Nothing that was planned is missing."}

Made by, with weights {facts["weights"]}:

{code_list((one.code, one.method) for one in findings.rows)}

{machine_line(findings.machine)}"""
