"""docs/many-to-one.md: every number and every sentence about one is made from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from s2st.many_to_one.design import Design
from s2st.many_to_one.learning import LearningConfig
from s2st.many_to_one.switches import Preset, Switches
from translators.config import USUAL, Data
from translators.digits import TAUGHT, WHEEL
from translators.runs import Run
from translators.scenes import LABEL_MAP

from ..cost_page import markdown_table
from ..rows import NUMBERS as QUALITY
from ..rows import read as read_quality
from ..statistics import Interval
from ..trained_page import trained_part
from .measures import BINS, NEAREST
from .oracles import ORACLES
from .probe import CHANCE
from .rows import CEILING, FLOOR, SHIPPED, Row, ahead, number, of_arm, paired, saved
from .streets import IOU
from .wanted import HMS, HMU, STARGAN, TURNED

PAGE = "many-to-one.md"
DIGITS, SCENES = Data.DIGITS.value, Data.SCENES.value
WANTED_SAVING, WANTED_RECALL = 0.20, 0.05
CHANCE_MARGIN = 0.05
READ_BACK = 1.1  # as far off under noise: the noise took what was read
LOST = "–"


@dataclass(frozen=True)
class Column:
    """One number of a table."""

    key: str
    head: str
    digits: int
    meaning: str

    def cell(self, rows: Sequence[Row]) -> str:
        if not all(self.key in one.numbers for one in rows):
            return LOST
        found = number(rows, self.key)
        value = f"{found.value:.{self.digits}f}"
        return value if len(rows) == 1 else f"{value} ± {found.half_width:.{self.digits}f}"


COLOURS = (
    Column("mse", "error of grey ↓", 4, "mean squared error of the grey digit, in 0..1"),
    Column("recall", "Color Recall ↑", 3, "what made and real colours' shares of bins share"),
    Column("bins", "bins reached ↑", 3, "share of the real colours' bins that are reached"),
    Column("unique", "bins", 0, "how many bins made colours fall into"),
    Column("frechet", "Fréchet ↓", 4, "between Gaussians fitted to the colours"),
    Column("density", "density", 2, f"of Naeem et al., k = {NEAREST}, on the colours"),
    Column("coverage", "coverage ↑", 3, "of the same"),
    Column("class", "class", 3, "share of the colours' variance that the digit's class explains"),
    Column("digit", "digit ↓", 4, "squared error of the coloured digit's brightest channel"),
)
HIDDEN = (
    Column("probe", "probe", 3, "how often a probe names the brightest channel of the tint"),
    Column("betrayed", "betrayed", 3, "share of the first colour's variance in the second one"),
    Column("back", "back ↓", 4, "distance of the colour that comes back with its style"),
    Column("back_rounded", "8 bits ↓", 4, "the same, the grey digit kept as a file would"),
    Column("back_noisy", "noise ↓", 4, "the same under noise of ±2/255"),
    Column("fickle", "fickle ↓", 4, "how far two seeds' grey digits are apart"),
)
STREETS = (
    Column("miou", "mIoU ↑", 3, "photo to labels, mean over classes"),
    Column("right", "pixels ↑", 3, "share of right pixels"),
    Column("fickle", "fickle ↓", 4, "how far two seeds' label maps are apart"),
    Column("difference", "difference", 4, "of every two of a label map's photos"),
    Column("frechet", "Fréchet ↓", 2, "of photos, between quantiles of colours and slopes"),
    Column("back", "back ↓", 4, "photo, labels, photo with its own style: mean distance"),
    Column("back_noisy", "noise ↓", 4, "the same, the label map under noise of ±2/255"),
    Column("again", "again ↑", 3, "mIoU of the second label map against the first"),
    Column("again_truth", "truth ↑", 3, "the same against the true one"),
)


def page(rows: Sequence[Row], missing: Sequence[Run], docs: Path) -> str:
    """The whole page."""
    parts = [
        "# Many to one: asymmetric StarGAN v2",
        opening(rows),
        *what_part(),
        *oracle_part(rows),
        *digits_part(rows),
        *switch_part(rows),
        *hidden_part(rows),
        *scenes_part(rows),
        *trained_part(read_quality(docs / QUALITY)),
        *how_part(rows, missing),
    ]
    return "\n\n".join(parts) + "\n"


def opening(rows: Sequence[Row]) -> str:
    """What was asked, and in one sentence what came out."""
    asked = (
        "Colour to grey has one right answer, grey to colour has many. StarGAN v2 treats both "
        "sides alike; the framework of arXiv 2402.12531 does not. Wanted was: an error on the "
        f"side with one answer at least {WANTED_SAVING:.0%} lower than StarGAN v2's, with Color "
        f"Recall within {100 * WANTED_RECALL:.0f} points of its."
    )
    return " ".join([asked, *(verdict(rows, name) for name in (HMU, HMS))])


def verdict(rows: Sequence[Row], name: str) -> str:
    """Whether a preset reaches what was wanted, on Colorized MNIST."""
    ours, theirs = of_arm(rows, DIGITS, name), of_arm(rows, DIGITS, STARGAN)
    saving, recall = saved(ours, theirs, "mse"), ahead(ours, theirs, "recall")
    if saving is None or recall is None:
        return f"**{name}: not measured yet**, for its runs or StarGAN v2's are missing."
    count = len(paired(ours, theirs))
    lower, near = saving.value >= WANTED_SAVING, recall.value >= -WANTED_RECALL
    reached = {
        (True, True): "reached",
        (True, False): "lower in error, but with less of the colours",
        (False, True): "not reached: the error is not that much lower",
        (False, False): "not reached in either",
    }[lower, near]
    sure = ", an interval that holds 0" if saving.low <= 0 <= saving.high else ""
    if count == 1:
        sure = ", of one seed, so with no interval"
    return (
        f"**{name}: {reached}**: its error is {share(saving, count)} lower{sure}, its Color Recall "
        f"{points(recall, count)} points away ({seeds(count)})."
    )


def share(one: Interval, count: int) -> str:
    ends = "" if count == 1 else f" [{one.low:.0%}, {one.high:.0%}]"
    return f"{one.value:.0%}{ends}"


def points(one: Interval, count: int) -> str:
    ends = "" if count == 1 else f" [{100 * one.low:+.1f}, {100 * one.high:+.1f}]"
    return f"{100 * one.value:+.1f}{ends}"


def seeds(count: int) -> str:
    return f"{count} seed{'s' if count > 1 else ''}"


def what_part() -> list[str]:
    """The switches, in their own words."""
    heads = ("switch", "what it does", *(one.value for one in Preset))
    lines = []
    for name in (one.name for one in fields(Switches)):
        states = ["on" if getattr(one.switches, name) else "off" for one in Preset]
        lines.append([f"`{name}`", Switches.limits(name).meaning, *states])
    return ["## The five changes", markdown_table(heads, lines)]


def oracle_part(rows: Sequence[Row]) -> list[str]:
    """Whether the measures rank what needs no training as it deserves."""
    names = [one.name for one in ORACLES]
    found = {name: of_arm(rows, DIGITS, name) for name in names}
    if not all(found.values()):
        return []
    right, dark, constant, leak = (found[name][0].numbers for name in names)
    claims = {
        "the error of grey is lower for the right grey than for luminance": right["mse"]
        < dark["mse"],
        "Color Recall, bins and coverage are higher for random tints than for a constant one": all(
            right[key] > constant[key] for key in ("recall", "bins", "coverage")
        ),
        "the Fréchet distance is lower for random tints": right["frechet"] < constant["frechet"],
        "the probe finds a leak of one level in 255": leak["probe"] > CHANCE + 5 * CHANCE_MARGIN,
        "and nothing in an honest grey": abs(right["probe"] - CHANCE) < CHANCE_MARGIN,
    }
    wrong = [claim for claim, holds in claims.items() if not holds]
    told = "All hold: " if not wrong else f"**Not all hold ({'; '.join(wrong)})**, of: "
    return [
        "## The measures first",
        "Translators that need no training, which every measure must rank as they deserve. "
        f"{told}{'; '.join(claims)}.",
        table((*COLOURS, *HIDDEN), rows, DIGITS, [CEILING, *names]),
    ]


def digits_part(rows: Sequence[Row]) -> list[str]:
    """The three presets on Colorized MNIST."""
    return [
        "## Colorized MNIST",
        " ".join(filter(None, [equal_sentence(rows, DIGITS), trade_off(rows)])),
        table(COLOURS, rows, DIGITS, [CEILING, STARGAN, HMU, HMS], cost=True),
    ]


def trade_off(rows: Sequence[Row]) -> str:
    """Whether HMU's lower error costs diversity, as the paper says; one seed tells nothing."""
    both = of_arm(rows, DIGITS, HMU), of_arm(rows, DIGITS, STARGAN)
    count = len(paired(*both))
    recall, coverage = (ahead(*both, key) for key in ("recall", "coverage"))
    if recall is None or coverage is None or count == 1:
        return ""
    falls = any(one.high < 0 for one in (recall, coverage))
    return (
        "The paper pays for HMU's lower error with slightly less diversity; here that price "
        f"{'shows' if falls else 'does not show'}: against StarGAN v2 its Color Recall is "
        f"{points(recall, count)} and its coverage {points(coverage, count)} points away."
    )


def equal_sentence(rows: Sequence[Row], data: str) -> str:
    """Whether the presets had as many weights and steps, as far as they have run."""
    made = [row.made for name in (STARGAN, HMU, HMS) for row in of_arm(rows, data, name)]
    if not made:
        return "No preset has run yet."
    sizes = [one["numbers"] for one in made]
    steps, batches = ({one[key] for one in made} for key in ("steps", "batch"))
    apart = max(sizes) / min(sizes) - 1
    same = len(steps) == len(batches) == 1
    told = (
        f"All runs took {steps.pop()} steps of {batches.pop()} pictures"
        if same
        else f"**Steps differ ({', '.join(map(str, sorted(steps)))})**, so these are no equals"
    )
    return f"{told}; the presets' weights, {min(sizes):,} or more, differ by {apart:.1%} at most."


def switch_part(rows: Sequence[Row]) -> list[str]:
    """One switch less than HMS, or one more than StarGAN v2."""
    heads = ("arm", "against", "error of grey", "Color Recall, points", "probe")
    arms = [
        (Run(data=Data.DIGITS, preset=preset, off=off, on=on).arm, preset.value)
        for preset, off, on in TURNED
    ]
    lines = []
    for name, base in [(HMU, HMS), *arms]:
        ours, theirs = of_arm(rows, DIGITS, name), of_arm(rows, DIGITS, base)
        error = saved(ours, theirs, "mse")
        recall, probe = (ahead(ours, theirs, key) for key in ("recall", "probe"))
        if error is None or recall is None or probe is None:
            continue
        count = len(paired(ours, theirs))
        cells = (share(-error, count), points(recall, count), points(probe, count))
        lines.append([name, base, *cells])
    told = (
        "Each against the preset it is made of, seed by seed, with 95 % intervals: change of the "
        "error in shares of it, of Color Recall and of the probe's accuracy in points. HMU is HMS "
        "without `supervised`; `diversity_where_many` is asked of StarGAN v2, for where a style is "
        "0 no two answers differ and it asks nothing."
    )
    empty = "None of these has run yet."
    return ["## One switch at a time", told, markdown_table(heads, lines) if lines else empty]


def hidden_part(rows: Sequence[Row]) -> list[str]:
    """Whether the grey digit carries what it should not."""
    names = [name for name in (STARGAN, HMU, HMS) if of_arm(rows, DIGITS, name)]
    sentences = []
    for name in names:
        found = of_arm(rows, DIGITS, name)
        probe, back, noisy = (number(found, key).value for key in ("probe", "back", "back_noisy"))
        hides = probe > CHANCE + CHANCE_MARGIN
        verb = "carries the colour" if hides else "carries nothing that the probe finds"
        reads = "reads" if noisy > READ_BACK * back else "does not read"
        sentences.append(
            f"{name}'s grey {verb} ({probe:.0%}, chance {CHANCE:.0%}); its way back {reads} what "
            f"noise drowns ({noisy:.4f} with it, {back:.4f} without)."
        )
    told = (
        "Networks that must find their way back hide the colour in what looks grey (1712.02950). "
        "A probe is trained to name the brightest channel of the tint from the grey digit; "
        "*betrayed* is how much of the first colour shows in a second one that was asked of "
        "another style; *back* is the distance of the colour that returns with its own style, "
        "also from 8 bits and under noise."
    )
    listed = [CEILING, *(one.name for one in ORACLES), STARGAN, HMU, HMS]
    return [
        "## The hidden channel",
        " ".join([told, *sentences]),
        table(HIDDEN, rows, DIGITS, listed[1:]),
    ]


def scenes_part(rows: Sequence[Row]) -> list[str]:
    """Photos and label maps."""
    known = [name for name in (STARGAN, HMU, HMS) if of_arm(rows, SCENES, name)]
    if not known:
        return ["## Scenes", "No preset has run on scenes yet."]
    best = max(known, key=lambda name: number(of_arm(rows, SCENES, name), "miou").value)
    reached = number(of_arm(rows, SCENES, best), "miou").value
    blind = of_arm(rows, SCENES, FLOOR)[0].numbers["miou"]
    real = of_arm(rows, SCENES, CEILING)[0].numbers["difference"]
    differs = number(of_arm(rows, SCENES, best), "difference").value
    first = f"Best at labels is {best}" if len(known) > 1 else f"Only {best} has run"
    told = (
        f"{first}, with a mIoU of {reached:.3f}; the commonest class of each "
        f"place, which looks at nothing, has {blind:.3f}. Its photos of one label map differ by "
        f"{differs / real:.0%} of what the six looks of a scene do. {equal_sentence(rows, SCENES)}"
    )
    classes = ", ".join(
        f"{name} {number(of_arm(rows, SCENES, best), IOU + name).value:.2f}"
        for name in LABEL_MAP.legend
        if all(IOU + name in one.numbers for one in of_arm(rows, SCENES, best))
    )
    told += f" By class it reaches: {classes}." if classes else ""
    for ours in of_arm(rows, SCENES, SHIPPED):
        told += f" *{SHIPPED}* is {ours.made['arm']} after {ours.made['steps']} steps."
    names = [CEILING, FLOOR, STARGAN, HMU, HMS, SHIPPED]
    return ["## Scenes", told, table(STREETS, rows, SCENES, names, cost=True)]


def how_part(rows: Sequence[Row], missing: Sequence[Run]) -> list[str]:
    """How it was measured, what is missing, and how it is made."""
    groups = {"Digits": (*COLOURS, *HIDDEN), "Scenes": STREETS}
    meanings = "\n".join(
        f"- {title}, **{one.head}**: {one.meaning}."
        for title, columns in groups.items()
        for one in columns
    )
    lines = "\n".join(f"    {one.line}" for one in missing)
    left = "Nothing is missing." if not missing else f"Missing are {len(missing)} runs:\n\n{lines}"
    return [
        "## How it was measured",
        f"Real digits are those of `{WHEEL}` (5,000 of MNIST, which is given as CC BY-SA 3.0), "
        f"{TAUGHT} of each class to learn from and the others held out, split before any of them "
        "is coloured; tints are drawn on the fly. A foreground colour is the mean over pixels "
        "where the grey digit is lighter than half, as a share of how light it is there, and "
        f"colours fall into {BINS}³ bins. *{CEILING}* is as many other real colours. Values of "
        "several seeds are means ± half the 95 % interval. Color Recall is ours: the paper's "
        "exact formula was not found.",
        learning_sentence(),
        meanings,
        f"{left}\n\n`python dev.py bench many-to-one --train` makes what is missing and writes "
        "this page and `many-to-one.json`.",
    ]


def learning_sentence() -> str:
    """Where trainings leave StarGAN v2's own weights and rates, and the side styles act at."""
    own, told = {**asdict(LearningConfig()), "inside": Design().inside}, []
    for data, training in USUAL.items():
        asked = {**asdict(training.learning), "inside": training.design.inside}.items()
        other = [f"{name} {value:g} ({own[name]:g})" for name, value in asked if value != own[name]]
        told.append(f"{data.value}: {', '.join(other)}")
    return (
        "But for their width, networks are built and learn as in StarGAN v2, whose values stand in "
        f"brackets, except in {'; '.join(told)}."
    )


def table(
    columns: Sequence[Column], rows: Sequence[Row], data: str, names: Sequence[str], cost=False
) -> str:
    """A line for each arm that has rows."""
    lines = []
    for name in names:
        found = of_arm(rows, data, name)
        if found:
            lines.append([shown(name, found), *(one.cell(found) for one in columns)])
            lines[-1] += [minutes(found)] if cost else []
    heads = ["", *(one.head for one in columns), *(["minutes"] if cost else [])]
    return markdown_table(heads, lines)


def shown(name: str, rows: Sequence[Row]) -> str:
    return name if not rows[0].made else f"**{name}** ({seeds(len(rows))})"


def minutes(rows: Sequence[Row]) -> str:
    """What a run took, and where."""
    if not rows[0].made:
        return ""
    spent = sum(one.made["seconds"] for one in rows) / len(rows) / 60
    return f"{spent:.0f} ({rows[0].made['device']})"
