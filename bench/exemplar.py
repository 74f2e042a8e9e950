"""Translation after an exemplar (`python dev.py bench exemplar`): what matches, what comes of it.

Tables of matching: how well features find what is what, against the renderer's truth; whether
matching again while the picture forms finds more; what comes back where the exemplar is the source
itself; what the trained variant's interleaving brings (`--weights`, by default the pack's own
network); and what matching takes in memory at the size of SDXL. Then, translation by
translation, how near each class of a picture comes to its class in the exemplar, against how well
the scene is kept, beside rivals. Pictures are kept in .cache/bench/exemplar, so that a stopped run
goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor

from demo_world import EVALUATION_SEEDS
from s2st import (
    InterleavedConfig,
    MatchConfig,
    Matcher,
    Prompt,
    Task,
    exemplars_of,
    interleaved,
    sample,
)
from s2st.look.drawn import mixed
from s2st.look.exemplars import ANYWHERE, Warp
from s2st.look.matching import matches, picture_directions
from s2st.model.features import read_features
from s2st.model.noise import noises_for

from .axes import EDGES, EXEMPLAR_AXES, PSNR, STYLE
from .class_style import class_style_error
from .correspondence import (
    CELLS,
    GOOD,
    HEADS,
    Features,
    Sight,
    all_features,
    errors,
    of_model,
    row_of,
    share,
    sights,
    without_position,
)
from .cost_page import markdown_table
from .exemplar_methods import SOURCE, methods, number_of
from .exemplar_page import PLAIN, TRUTH, at_equal_structure, cost, draw_curves
from .judging import Scores
from .lab import (
    PAIRS,
    TARGET_REFERENCES,
    Case,
    Family,
    Lab,
    Meter,
    Method,
    Pair,
    Setting,
    make_case,
    open_lab,
    pictures,
)
from .matching_memory import memory
from .metrics import edge_agreement, psnr
from .parts import Part, Report, made_by
from .pictures import FOLDER as PICTURES
from .pictures import sheet
from .plan import Line, Plan, seeds_of
from .rows import Findings, compared
from .running import BATCH
from .store import label_maps, rendered, weights_hash
from .trained_exemplar import trained

SCENES, STEPS = 64, 20
STRAY = 0.1  # of picture sides, of the mask that is measured

# How well features find what is what


def correspondence(lab: Lab, seeds: Sequence[int], options: argparse.Namespace) -> str:
    """Tables of PCK for a moved camera, a mirror, and another domain."""
    parts = []
    for title, domains, mirrored in (
        ("Another camera", ("day", "day"), False),
        ("Mirrored", ("day", "day"), True),
        ("Another camera, at night", ("day", "night"), False),
        ("Another camera, in the snow", ("day", "snow"), False),
    ):
        some = sights(seeds, domains, mirrored)
        lines = [
            row_of(name, features, lab, some, STRAY)
            for name, features in all_features(options.grid).items()
        ]
        placeless = (_placeless(lab, domains[0]), _placeless(lab, domains[1]))
        lines.append(row_of("the model's, position removed", placeless, lab, some, STRAY))
        parts.append(f"#### {title}\n\n{markdown_table(HEADS, lines)}")
    return "\n\n".join(parts)


def _placeless(lab: Lab, domain: str) -> Features:
    """The model's features less what it knows of a place in any picture of a domain."""
    some = pictures(TARGET_REFERENCES[:32], domain)
    latents = torch.cat([lab.parts.encode_image(one) for one in some.split(BATCH)])
    every = torch.cat([of_model(lab, some, one) for one in latents.split(BATCH)])
    return without_position(every.mean(dim=0, keepdim=True))


# Whether matching again finds more


class Trust(str, Enum):
    """Whom a warp believes."""

    ALL = "no mask"
    OURS = "our mask"
    ORACLE_MASK = "the true mask"
    ORACLE = "true places"


@dataclass(frozen=True)
class Watched(Matcher):
    """A matcher that knows the truth: it tells how right each match is, or takes the truth."""

    sight: Sight
    trust: Trust
    right: list[float] = field(default_factory=list)  # PCK of every match, in their order

    def warp(self, latent: Tensor, config: MatchConfig) -> Warp:
        found = super().warp(latent, config)
        features = read_features(self.model, latent, self.conditioning)
        own = picture_directions(features, (CELLS, CELLS))[0]
        far = errors(matches(own, self.exemplars.directions), self.sight)
        self.right.append(share(far <= GOOD, self.sight.known.flatten()))
        true = (far <= GOOD).view(1, 1, CELLS, CELLS).to(latent)
        if self.trust is Trust.ORACLE:
            values = self.exemplars.latents.flatten(2)[..., self.sight.places]
            known = self.sight.known[None, None].to(latent)
            brought = torch.lerp(found.latent, values.unflatten(2, (CELLS, CELLS)), known)
            return Warp(brought, torch.ones_like(known))
        return Warp(found.latent, true) if self.trust is Trust.ORACLE_MASK else found


STEP_HEADS = ("mask", "matched again", "PCK 2 at first", "at last", "PSNR to truth", "edges")


@torch.no_grad()
def forming(lab: Lab, seeds: Sequence[int], _: argparse.Namespace) -> str:
    """The same scene at night under another camera is the exemplar: its truth is known."""
    some = sights(seeds, ("day", "night"), mirrored=False)
    truth, source = pictures(seeds, "night"), pictures(seeds, "day")
    lines = []
    for trust in Trust:
        for again in (None, 0, 1, 2, 4):
            done, right = [], []
            for sight in some:
                watched, task = _watched(lab, sight, trust)
                done.append(lab.parts.decode_latent(_formed(lab, task, watched, again)))
                right.append((watched.right[0], watched.right[-1]))
            results = torch.cat(done).clamp(0, 1)
            first, last = torch.tensor(right).mean(dim=0).tolist()
            agreed = float(edge_agreement(results, source).mean())
            near = float(psnr(results, truth).mean())
            cells = (f"{first:.1%}", f"{last:.1%}", f"{near:.2f}", f"{agreed:.3f}")
            often = "one-shot warp" if again is None else str(again)
            lines.append([trust.value, often, *cells])
    return markdown_table(STEP_HEADS, lines)


def _formed(lab: Lab, task: Task, watched: Watched, again: int | None) -> Tensor:
    """The latents after matching again so often; without a number the first warp, not denoised."""
    config = InterleavedConfig(stray=STRAY if watched.trust is Trust.OURS else ANYWHERE)
    if again is None:
        return mixed(task.latent, watched.warp(task.latent, config), config)
    config = replace(config, rematches=again)
    return interleaved(lab.parts.denoiser, task, lab.schedule, config, matcher=watched)


def _watched(lab: Lab, sight: Sight, trust: Trust):
    """A matcher to the sight's second picture, and the task of its first."""
    source, other = (lab.parts.encode_image(one[None]) for one in (sight.first, sight.second))
    known = exemplars_of(lab.parts.denoiser, other, lab.prompt(""))
    target = Prompt(lab.prompt("night"), lab.prompt(""), 1.0)
    task = Task(latent=source, source=lab.prompt("day"), target=target)
    return Watched(lab.parts.denoiser, known, lab.prompt(""), sight, trust), task


# What comes back where the exemplar is the source itself

ITSELF = ("interleaved 0.3", "one-shot warp of grain 0", "path drawn 1, grain 2")


@torch.no_grad()
def identity(lab: Lab, seeds: Sequence[int], _: argparse.Namespace) -> str:
    """Beside what the autoencoder alone returns; no detail is restored."""
    pair, lines = Pair(PAIRS[0].source, PAIRS[0].source), []
    known = {one.name: one for one in methods()}
    for name in ITSELF:
        back, bound = [], []
        for seed in seeds[:BATCH]:
            case = make_case(replace(lab, references=1), pair, [seed])
            case = replace(case, references=case.source, reference_latents=case.latents)
            back.append(psnr(known[name].run(case, {}, Meter()).clamp(0, 1), case.source))
            bound.append(psnr(case.decoded(case.latents).clamp(0, 1), case.source))
        both = (float(torch.cat(one).mean()) for one in (back, bound))
        lines.append([name, *(f"{one:.2f}" for one in both)])
    heads = ("method", "PSNR to the source", "of the autoencoder alone")
    return markdown_table(heads, lines)


TABLES: dict[str, tuple[str, Callable[[Lab, Sequence[int], argparse.Namespace], str]]] = {
    "correspondence": ("How well features find what is what", correspondence),
    "forming": ("Whether matching again finds more", forming),
    "identity": ("The source as its own exemplar", identity),
    "trained": (
        "The trained variant",
        lambda lab, seeds, options: trained(lab, seeds, options.weights, options.quick),
    ),
    "memory": ("What matching takes", memory),
}

# Translation


def exemplar_of(seeds: Sequence[int], count: int) -> int:
    """The seed of the exemplar that a batch was given, of so many."""
    return TARGET_REFERENCES[number_of(seeds, count)]


def translation_scores(plan: Plan, line: Line) -> Scores:
    """Of what is compared: where a method draws, with the source's detail restored."""
    pair, seeds = line[0].pair, seeds_of(line)
    results = plan.pictures(line, compared(line[0].method.family))
    style = [
        style_error(made, pair, job.seeds, exemplar_of(job.seeds, plan.references))
        for job, made in zip(line, results.split(len(line[0].seeds)), strict=True)
    ]
    return {
        STYLE.key: torch.cat(style),
        EDGES.key: edge_agreement(results, rendered(seeds, pair.source)).double(),
        PSNR.key: psnr(results, rendered(seeds, pair.target)).double(),
    }


def style_error(results: Tensor, pair: Pair, seeds: Sequence[int], exemplar: int) -> Tensor:
    """[B]: of each picture, class by class, against the exemplar of this seed."""
    shown, theirs = rendered([exemplar], pair.target)[0], label_maps([exemplar])[0]
    return torch.tensor(
        [
            class_style_error(one, shown, mine, theirs)
            for one, mine in zip(results, label_maps(seeds), strict=True)
        ],
        dtype=torch.float64,
    )


def the_truth(case: Case, _: Setting, __: Meter) -> Tensor:
    """How near the scenes themselves would come: no picture of them need come nearer."""
    return rendered(case.seeds, case.pair.target)


def plain_sampling(case: Case, _: Setting, __: Meter) -> Tensor:
    """Pictures of the prompt alone, for their cost: they know neither source nor exemplar."""
    noise = next(noises_for(case.latents, case.seeds[0], shared=False))
    return case.decoded(sample(case.lab.parts.denoiser, noise, case.target(1.0), case.lab.schedule))


def compared_methods() -> tuple[Method, ...]:
    """The source, the truth and plain sampling, and all that is compared."""
    first, *others = methods()
    bounds = {TRUTH: the_truth, PLAIN: plain_sampling}
    bound = [Method(name=name, family=Family.BOUND, run=run) for name, run in bounds.items()]
    return first, *bound, *others


PARTS = tuple(
    Part(
        name=pair.name.replace(" ", "-"),
        title=pair.name,
        pair=pair,
        scenes=SCENES,
        methods=compared_methods(),
        axes=EXEMPLAR_AXES,
        scores=translation_scores,
        says=(at_equal_structure, cost),
    )
    for pair in PAIRS
)

# The page

CURVES, KEPT_TABLES = f"{PICTURES}/exemplar.png", "exemplar-tables.json"
SHOWN = (
    "AdaIN of latents 1",
    "cross-image attention 2 until 0.7",
    "path, the exemplar its only reference at rate 0.01",
    "one-shot warp of grain 1",
    "interleaved 0.3",
    "path drawn 1, grain 1",
)
SHEET_SCENES = 4


def sheet_of(part: Part) -> str:
    return f"{PICTURES}/exemplar-{part.name}.jpg"


def draw(parts: Sequence[Part], plan: Plan, findings: Findings, docs: Path) -> None:
    """The curves of all translations, and a sheet of each whose pictures are kept."""
    draw_curves(parts, findings, docs / CURVES)
    for part in parts:
        lines = {line[0].method.name: line[:1] for line in part.lines(plan)}
        if not all(plan.has(lines[name]) for name in SHOWN):
            continue
        seeds = lines[SHOWN[0]][0].seeds[:SHEET_SCENES]
        exemplar = rendered([exemplar_of(seeds, plan.references)], part.pair.target)
        columns = {
            "source": rendered(seeds, part.pair.source),
            "exemplar": exemplar.expand(len(seeds), -1, -1, -1),
            **{
                name: plan.pictures(lines[name], compared(lines[name][0].method.family))
                for name in SHOWN
            },
            "truth": rendered(seeds, part.pair.target),
        }
        (docs / PICTURES).mkdir(parents=True, exist_ok=True)
        sheet(columns, len(seeds), docs / sheet_of(part))


def page(parts: Sequence[Part], findings: Findings, docs: Path) -> str:
    """The whole page in Markdown."""
    known = known_tables(docs)
    run = [part for part in parts if part.rows(findings)]
    absent = [part.title for part in parts if part not in run]
    tables = [
        f"### {title}\n\n{known[name]['text'] if name in known else 'Not run yet.'}"
        for name, (title, _) in TABLES.items()
    ]
    sections = []
    for part in run:
        sections.append(part.section(findings))
        if (docs / sheet_of(part)).is_file():
            sections.append(f"![{part.title}]({sheet_of(part)})")
    drawn = [f"![Style against structure]({CURVES})"] if run else []
    body = [
        "# Translation after an exemplar",
        f"""`python dev.py bench exemplar` makes this page, on the [demo model](demo-model.md).
Every eight scenes share an exemplar, another scene of the target domain; *style by class* is how
far each class of a picture (sky, road, wall and so on) is from its like in the exemplar. Where a
method decodes latents, the source's detail is restored, as on the other pages. *{SOURCE}* is the
first line of every table: ▲ and ▼ mark what is better or worse than it beyond doubt.""",
        *drawn,
        *sections,
        f"Not run yet: {', '.join(absent)}." if absent else "",
        "## Matching",
        f"""PCK n is the share of places that are found within n of {CELLS} cells a side, *trusted*
what our mask keeps, *rightly* its precision, *of the right* its recall.""",
        *tables,
        "## How it is measured",
        "\n".join(f"- **{axis.name}**: {axis.meaning}" for axis in EXEMPLAR_AXES),
        *made_by(findings),
    ]
    return "\n\n".join(filter(None, body)) + "\n"


def known_tables(docs: Path) -> dict[str, dict[str, str]]:
    """Tables of runs with the present weights, by their names."""
    path = docs / KEPT_TABLES
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: one for name, one in known.items() if one["weights"] == weights_hash()}


def make_tables(wanted: Sequence[str], options: argparse.Namespace, docs: Path) -> None:
    """Each is written down when it is done."""
    lab = open_lab(steps=STEPS)
    seeds = EVALUATION_SEEDS[: 2 if options.quick else SCENES]
    docs.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        text = TABLES[name][1](lab, seeds, options)
        print(text, flush=True)
        found = {**known_tables(docs), name: {"weights": weights_hash(), "text": text}}
        (docs / KEPT_TABLES).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


REPORT = Report(name="exemplar", parts=PARTS, steps=STEPS, text=page, pictures=draw)


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if any method failed; the others are still judged."""
    parser = REPORT.options(__doc__ or "", TABLES)
    parser.add_argument("--grid", action="store_true", help="features by block, noise, draws too")
    parser.add_argument("--weights", type=Path, help="a scene network (default: the pack's)")
    options = parser.parse_args(arguments)
    wanted = [name for name in TABLES if name in options.parts]
    if wanted and not options.report_only:
        make_tables(wanted, options, REPORT.folder(options))
    return REPORT.run(options)
