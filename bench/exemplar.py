"""Translation after an exemplar (`bench exemplar`): what features match, and what comes of it.

Four parts: how well features find what is what, against the renderer's truth; whether matching
again while the picture forms finds more; and how near each class of a picture comes to its class in
the exemplar, against how well the scene is kept, beside rivals; and what the trained variant's
interleaving brings (`--weights`, by default the network that was trained last).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor

from demo_world import EVALUATION_SEEDS
from s2st import (
    Conditioning,
    DifferenceConfig,
    DrawnConfig,
    InterleavedConfig,
    MatchConfig,
    Matcher,
    Prompt,
    Task,
    ddim_step,
    difference_path,
    exemplars_of,
    interleaved,
    invert,
)
from s2st.look.drawn import mixed
from s2st.look.exemplars import ANYWHERE, Warp
from s2st.look.matching import matches, picture_directions
from s2st.model.features import read_features
from s2st.model.guidance import combine

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
from .lab import PAIRS, TARGET_REFERENCES, Case, Lab, Meter, Pair, make_case, open_lab, pictures
from .metrics import edge_agreement, psnr
from .rivals.injection import EDIT, Injection, Switch, kept_processors, with_source_rows
from .rivals.recolouring import METHODS as RECOLOURING
from .rivals.recolouring import with_moments
from .statistics import mean_interval
from .store import ROOT, label_maps
from .trained_exemplar import trained

FOLDER = ROOT / "out" / "bench"
BATCH = 8  # scenes that share an exemplar
STRAY = 0.1  # of picture sides, of the mask that is measured
USUAL = 20  # steps of what is no path
PATH = 7
CONTRAST = 1.67  # of cross-image attention's maps

# How well features find what is what


def correspondence(lab: Lab, seeds: Sequence[int], grid: bool) -> str:
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
            for name, features in all_features(grid).items()
        ]
        placeless = (_placeless(lab, domains[0]), _placeless(lab, domains[1]))
        lines.append(row_of("the model's, position removed", placeless, lab, some, STRAY))
        parts.append(f"### {title}\n\n{markdown_table(HEADS, lines)}")
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
def forming(lab: Lab, seeds: Sequence[int]) -> str:
    """The same scene at night under another camera is the exemplar: its truth is known."""
    some = sights(seeds, ("day", "night"), mirrored=False)
    truth, source = pictures(seeds, "night"), pictures(seeds, "day")
    lines = []
    for trust in Trust:
        for again in (0, 1, 2, 4):
            done, right = [], []
            for sight in some:
                watched, task = _watched(lab, sight, trust)
                stray = STRAY if trust is Trust.OURS else ANYWHERE
                config = InterleavedConfig(rematches=again, stray=stray)
                latent = interleaved(
                    lab.parts.denoiser, task, lab.schedule, config, matcher=watched
                )
                done.append(lab.parts.decode_latent(latent))
                right.append((watched.right[0], watched.right[-1]))
            results = torch.cat(done).clamp(0, 1)
            first, last = torch.tensor(right).mean(dim=0).tolist()
            agreed = float(edge_agreement(results, source).mean())
            near = float(psnr(results, truth).mean())
            cells = (f"{first:.1%}", f"{last:.1%}", f"{near:.2f}", f"{agreed:.3f}")
            lines.append([trust.value, str(again), *cells])
    return markdown_table(STEP_HEADS, lines)


def _watched(lab: Lab, sight: Sight, trust: Trust):
    """A matcher to the sight's second picture, and the task of its first."""
    source, other = (lab.parts.encode_image(one[None]) for one in (sight.first, sight.second))
    known = exemplars_of(lab.parts.denoiser, other, lab.prompt(""))
    target = Prompt(lab.prompt("night"), lab.prompt(""), 1.0)
    task = Task(latent=source, source=lab.prompt("day"), target=target)
    return Watched(lab.parts.denoiser, known, lab.prompt(""), sight, trust), task


# Translation

Arm = Callable[[Case], Tensor]  # pictures


def one_shot(grain: float) -> Arm:
    """The exemplar where the source's features find it, and no denoising."""

    def run(case: Case) -> Tensor:
        config = DrawnConfig(matching=1.0, grain=grain)
        prompt = case.lab.prompt(case.pair.target)
        warp = Matcher(case.lab.parts.denoiser, case.exemplars, prompt).warp(case.latents, config)
        return case.decoded(mixed(case.latents, warp, config))

    return run


def meeting(**changes: float) -> Arm:
    """MIDMs' loop with a guidance of 1, as published."""

    def run(case: Case) -> Tensor:
        config, there = InterleavedConfig(**changes), case.at(USUAL)
        task = replace(there.task(1.0), exemplars=case.exemplars)
        model = case.lab.parts.denoiser
        return case.decoded(interleaved(model, task, there.lab.schedule, config))

    return run


def drawn_path(**changes: float) -> Arm:
    """The difference path, drawn to the exemplar."""

    def run(case: Case) -> Tensor:
        there, model = case.at(PATH), case.lab.parts.denoiser
        task = replace(there.task(2.0), exemplars=case.exemplars)
        config = DifferenceConfig(neighbours=1, **changes)
        return case.decoded(difference_path(model, task, there.lab.schedule, config))

    return run


def only_reference(rate: float) -> Arm:
    """The default, for which the exemplar is its one reference."""

    def run(case: Case) -> Tensor:
        there, model = case.at(PATH), case.lab.parts.denoiser
        config = DifferenceConfig(neighbours=1, learning_rate=rate)
        return case.decoded(difference_path(model, there.task(2.0), there.lab.schedule, config))

    return run


def adain(amount: float) -> Arm:
    """The exemplar's mean and spread of every channel of the latents."""

    def run(case: Case) -> Tensor:
        moved = with_moments(case.latents, case.reference_latents)
        return case.decoded(case.latents.lerp(moved, amount))

    return run


def whitened(amount: float) -> Arm:
    """Whitening and colouring (Li et al. 1705.08086): the channels' covariance too."""

    def run(case: Case) -> Tensor:
        wanted = case.reference_latents.movedim(1, 0).flatten(1).double()
        centre, root = wanted.mean(1, keepdim=True), _root(wanted.cov(), 0.5)
        rows = []
        for one in case.latents.double():
            flat = one.flatten(1)
            plain = _root(flat.cov(), -0.5) @ (flat - flat.mean(1, keepdim=True))
            rows.append((root @ plain + centre).view_as(one))
        return case.decoded(case.latents.lerp(torch.stack(rows).to(case.latents), amount))

    return run


def _root(matrix: Tensor, power: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp_min(1e-8).pow(power) @ vectors.T


class CrossImage(Injection):
    """The edit's queries read the exemplar's keys and values, with more contrast, as published.

    Rows are (exemplar, null, target).
    """

    def exchanged(
        self, queries: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        return queries, *(with_source_rows(one, EDIT) for one in (keys, values))

    def maps(self, rows: Tensor) -> Tensor:
        own, *edits = rows.chunk(3)
        return torch.cat([own, *(contrasted(one) for one in edits)])


def contrasted(maps: Tensor) -> Tensor:
    mean = maps.mean(dim=-1, keepdim=True)
    return mean + CONTRAST * (maps - mean)


def cross_image(guidance: float, until: float) -> Arm:
    """Cross-image attention (Alaluf et al. 2311.03335) in the decoder, and AdaIN of the states."""

    def run(case: Case) -> Tensor:
        there = case.at(USUAL)
        source = there.inverted(Meter())
        example = _inverted(there, case.reference_latents)
        attention, unet = CrossImage(Switch()), case.lab.parts.pipeline.unet
        with kept_processors(unet) as before:
            decoder = {one for one in before if one.startswith("up_blocks") and "attn1" in one}
            unet.set_attn_processor(
                {name: attention if name in decoder else old for name, old in before.items()}
            )
            return case.decoded(_crossed(there, source, example, attention, guidance, until))

    return run


def _inverted(case: Case, latents: Tensor):
    parts = case.lab.parts
    prompt = case.lab.prompt(case.pair.target)
    return invert(parts.denoiser, latents, prompt, parts.sigma_table, case.lab.inversion())


@torch.no_grad()
def _crossed(case: Case, source, example, attention: CrossImage, guidance: float, until: float):
    model, schedule, x = case.lab.parts.denoiser, source.schedule, source.states[-1]
    words = [case.embedding(one) for one in (case.pair.target, "", case.pair.target)]
    together = Conditioning(torch.cat(words))
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        state = example.state(schedule.steps - index).expand_as(x)
        attention.switch.on = 0.1 <= index / schedule.steps < until
        rows = model.denoise(torch.cat([state, x, x]), sigma, together)
        _, unconditional, conditional = rows.chunk(3)
        x = ddim_step(x, combine(unconditional, conditional, guidance), sigma, next_sigma)
        if attention.switch.on:
            x = with_moments(x, example.state(schedule.steps - index - 1))
    return x


def arms() -> dict[str, Arm]:
    """Everything that is compared, by name; a method's settings make its curve."""
    found: dict[str, Arm] = {"the source itself": lambda case: case.source}
    for method in RECOLOURING:
        for setting in method.settings:
            run = method.run
            name = f"{method.name} {setting['amount']:g}"
            found[name] = lambda case, run=run, setting=setting: run(case, setting, Meter())
    for amount in (0.5, 0.75, 1.0):
        found[f"AdaIN of latents {amount:g}"] = adain(amount)
        found[f"WCT of latents {amount:g}"] = whitened(amount)
    for rate in (0.001, 0.003, 0.01, 0.03):
        found[f"path, the exemplar its only reference, rate {rate:g}"] = only_reference(rate)
    for guidance, until in ((1.0, 0.7), (2.0, 0.7), (2.0, 0.4)):
        found[f"cross-image attention {guidance:g}, until {until:g}"] = cross_image(guidance, until)
    for grain in (0.0, 1.0, 2.0):
        found[f"one-shot warp, grain {grain:g}"] = one_shot(grain)
    for start in (0.15, 0.3, 0.45):
        found[f"interleaved {start:g}"] = meeting(start=start)
        found[f"interleaved {start:g}, grain 2"] = meeting(start=start, grain=2.0)
    found["interleaved 0.3, edges held"] = meeting(start=0.3, iterations=5)
    for grain in (1.0, 2.0, 4.0):
        for amount in (0.5, 1.0):
            found[f"path drawn {amount:g}, grain {grain:g}"] = drawn_path(
                matching=amount, grain=grain
            )
    found["path drawn 1, grain 1, matched again"] = drawn_path(grain=1.0, rematches=2)
    return found


ARM_HEADS = ("method", "style by class", "±", "edges", "±", "PSNR to truth", "±")
ARM_HEADS += ("evaluations", "s / picture")


def style_error(results: Tensor, case: Case, labels: Tensor, known: Tensor) -> Tensor:
    """[B]: distance of the sorted colours of each class from those of the exemplar's class, by the
    class's share; of classes that both have.
    """
    errors = [
        class_style_error(one, case.references[0], mine, known[0])
        for one, mine in zip(results, labels, strict=True)
    ]
    return torch.tensor(errors)


def cases(lab: Lab, pair: Pair, seeds: Sequence[int], own: bool = False) -> Iterator[Case]:
    """Batches of scenes, each with an exemplar of another scene; or with its own source."""
    size = 1 if own else BATCH
    for number, first in enumerate(range(0, len(seeds), size)):
        case = make_case(lab, pair, seeds[first : first + size])
        if own:
            given = {"references": case.source, "reference_latents": case.latents}
        else:
            shown = pictures(TARGET_REFERENCES[number : number + 1], pair.target)
            given = {"references": shown, "reference_latents": lab.parts.encode_image(shown)}
        latents, prompt = given["reference_latents"], lab.prompt(case.pair.target)
        known = exemplars_of(lab.parts.denoiser, latents, prompt)
        yield replace(case, **given, exemplars=known)


def translated(lab: Lab, pair: Pair, seeds: Sequence[int], wanted: Sequence[str]) -> str:
    """The table of one translation."""
    maps = label_maps(seeds)
    lines = []
    chosen = {name: arm for name, arm in arms().items() if _named(name, wanted)}
    prepared = list(cases(lab, pair, seeds))
    for name, arm in chosen.items():
        style, edges, near, meter = [], [], [], Meter()
        for number, case in enumerate(prepared):
            with lab.metered(case.batch) as spent, torch.no_grad():
                results = arm(replace(case, inversions={})).clamp(0, 1)
            meter.add(spent)
            mine = maps[number * BATCH : number * BATCH + case.batch]
            theirs = label_maps(TARGET_REFERENCES[number : number + 1])
            style.append(style_error(results, case, mine, theirs))
            edges.append(edge_agreement(results, case.source))
            near.append(psnr(results, case.truth))
        cells = [
            cell
            for values, digits in ((style, 4), (edges, 3), (near, 2))
            for cell in shown(torch.cat(values), digits)
        ]
        asked, seconds = (one / len(prepared) for one in (meter.evaluations, meter.seconds))
        lines.append([name, *cells, f"{asked:.0f}", f"{seconds:.2f}"])
        print("  ".join(lines[-1]), flush=True)
    return f"### {pair.name}\n\n{markdown_table(ARM_HEADS, lines)}"


def _named(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or any(name.startswith(one) for one in wanted)


def shown(values: Tensor, digits: int) -> tuple[str, str]:
    """Mean and half width of its interval."""
    known = values[values.isfinite()].double()
    found = mean_interval(known)
    return f"{found.value:.{digits}f}", f"{found.half_width:.{digits}f}"


def identity(lab: Lab, seeds: Sequence[int]) -> str:
    """What comes back where the exemplar is the source itself."""
    pair, lines = PAIRS[0], []
    for name in ("interleaved 0.3", "one-shot warp, grain 0", "path drawn 1, grain 2"):
        back, bound = [], []
        for case in cases(lab, replace(pair, target=pair.source), seeds, own=True):
            with torch.no_grad():
                back.append(psnr(arms()[name](case).clamp(0, 1), case.source))
                bound.append(psnr(case.decoded(case.latents).clamp(0, 1), case.source))
        pair_of = (float(torch.cat(one).mean()) for one in (back, bound))
        lines.append([name, *(f"{one:.2f}" for one in pair_of)])
    heads = ("method", "PSNR to the source", "of the autoencoder alone")
    return markdown_table(heads, lines)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench exemplar", description=__doc__)
    add = parser.add_argument
    add("--scenes", type=int, default=64, help="evaluation scenes (%(default)s)")
    add("--pairs", nargs="+", default=[one.name for one in PAIRS], metavar="PAIR")
    add("--parts", nargs="+", default=list(PARTS), choices=list(PARTS), help="which tables")
    add("--arms", nargs="*", default=[], help="only methods that begin so")
    add("--grid", action="store_true", help="features by block, noise level and draws")
    add("--weights", type=Path, help="a scene network for the trained part (default: the newest)")
    add("--quick", action="store_true", help="2 scenes, one pair")
    add("--out", type=Path, default=FOLDER, help="folder of the results")
    options = parser.parse_args(arguments)
    if options.quick:
        options.scenes, options.pairs = 2, options.pairs[:1]
    lab, seeds = open_lab(steps=USUAL), EVALUATION_SEEDS[: options.scenes]
    options.out.mkdir(parents=True, exist_ok=True)
    for part in options.parts:
        text = PARTS[part](lab, seeds, options)
        (options.out / f"exemplar-{part}.md").write_text(text + "\n", encoding="utf-8")
        print(text)
    return 0


def _translations(lab: Lab, seeds: Sequence[int], options: argparse.Namespace) -> str:
    pairs = [one for one in PAIRS if one.name in options.pairs]
    return "\n\n".join(translated(lab, one, seeds, options.arms) for one in pairs)


PARTS: dict[str, Callable[[Lab, Sequence[int], argparse.Namespace], str]] = {
    "correspondence": lambda lab, seeds, options: correspondence(lab, seeds, options.grid),
    "forming": lambda lab, seeds, _: forming(lab, seeds),
    "translation": _translations,
    "identity": lambda lab, seeds, _: identity(lab, seeds[:8]),
    "trained": lambda lab, seeds, options: trained(lab, seeds, options.weights, options.quick),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
