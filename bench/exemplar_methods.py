"""What translates a picture after one exemplar: ours, and all that it is laid beside.

Every batch has an exemplar of its own. A family's settings make its curve, from little to much of
the exemplar's look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from s2st import (
    Conditioning,
    DifferenceConfig,
    DrawnConfig,
    InterleavedConfig,
    Matcher,
    Trajectory,
    ddim_step,
    difference_path,
    exemplars_of,
    interleaved,
    invert,
)
from s2st.look.drawn import mixed
from s2st.model.guidance import combine
from s2st.path.difference_path import DEFAULT_GUIDANCE, DEFAULT_STEPS

from .lab import Case, Family, Meter, Method, Procedure, Setting
from .rivals.injection import EDIT, Injection, Switch, kept_processors, with_source_rows
from .rivals.recolouring import METHODS as RECOLOURING
from .rivals.recolouring import with_moments
from .running import BATCH

CONTRAST = 1.67  # of cross-image attention's maps
Arm = Callable[[Case, Meter], Tensor]  # pictures


def number_of(seeds: Sequence[int], count: int) -> int:
    """Which of so many exemplars a batch of scenes is given."""
    return seeds[0] // BATCH % count


def shown(case: Case) -> Case:
    """The case with its one exemplar, whose features are read and paid for."""
    at = number_of(case.seeds, len(case.references))
    known, prompt = case.reference_latents[at : at + 1], case.lab.prompt(case.pair.target)
    return replace(
        case,
        references=case.references[at : at + 1],
        reference_latents=known,
        exemplars=exemplars_of(case.lab.parts.denoiser, known, prompt),
    )


def on_exemplar(arm: Arm, case: Case, _: Setting, spent: Meter) -> Tensor:
    return arm(shown(case), spent)


def recoloured(run: Procedure, setting: Setting, case: Case, spent: Meter) -> Tensor:
    return run(case, setting, spent)


def the_source(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.source


def one_shot(case: Case, _: Meter, *, grain: float) -> Tensor:
    """The exemplar where the source's features find it, and no denoising."""
    config, prompt = DrawnConfig(matching=1.0, grain=grain), case.lab.prompt(case.pair.target)
    warp = Matcher(case.lab.parts.denoiser, case.exemplars, prompt).warp(case.latents, config)
    return case.decoded(mixed(case.latents, warp, config))


def meeting(case: Case, _: Meter, **changes: float) -> Tensor:
    """MIDMs' loop with a guidance of 1, as published."""
    task = replace(case.task(1.0), exemplars=case.exemplars)
    config = InterleavedConfig(**changes)
    return case.decoded(interleaved(case.lab.parts.denoiser, task, case.lab.schedule, config))


def path(case: Case, _: Meter, *, drawn: bool, **changes: float) -> Tensor:
    """The default, for which the exemplar is the one reference; or drawn to what matches in it."""
    case = case.at(min(DEFAULT_STEPS, case.lab.steps))
    task = case.task(DEFAULT_GUIDANCE)
    task = replace(task, exemplars=case.exemplars) if drawn else task
    config = DifferenceConfig(neighbours=1, **changes)
    return case.decoded(difference_path(case.lab.parts.denoiser, task, case.lab.schedule, config))


def adain(case: Case, _: Meter, *, amount: float) -> Tensor:
    """The exemplar's mean and spread of every channel of the latents."""
    moved = with_moments(case.latents, case.reference_latents)
    return case.decoded(case.latents.lerp(moved, amount))


def whitened(case: Case, _: Meter, *, amount: float) -> Tensor:
    """Whitening and colouring (Li et al. 1705.08086): the channels' covariance too."""
    wanted = case.reference_latents.movedim(1, 0).flatten(1).double()
    centre, root = wanted.mean(1, keepdim=True), _root(wanted.cov(), 0.5)
    rows = []
    for one in case.latents.double():
        flat = one.flatten(1)
        plain = _root(flat.cov(), -0.5) @ (flat - flat.mean(1, keepdim=True))
        rows.append((root @ plain + centre).view_as(one))
    return case.decoded(case.latents.lerp(torch.stack(rows).to(case.latents), amount))


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


def cross_image(case: Case, spent: Meter, *, guidance: float, until: float) -> Tensor:
    """Cross-image attention (Alaluf et al. 2311.03335) in the decoder, and AdaIN of the states."""
    source, parts = case.inverted(spent), case.lab.parts
    prompt = case.lab.prompt(case.pair.target)
    example = invert(
        parts.denoiser, case.reference_latents, prompt, parts.sigma_table, case.lab.inversion()
    )
    attention, unet = CrossImage(Switch()), parts.pipeline.unet
    with kept_processors(unet) as before:
        decoder = {one for one in before if one.startswith("up_blocks") and "attn1" in one}
        unet.set_attn_processor(
            {name: attention if name in decoder else old for name, old in before.items()}
        )
        return case.decoded(_crossed(case, source, example, attention, guidance, until))


@torch.no_grad()
def _crossed(
    case: Case,
    source: Trajectory,
    example: Trajectory,
    attention: CrossImage,
    guidance: float,
    until: float,
) -> Tensor:
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


# Curve by curve: settings from little to much of the exemplar's look.

AMOUNTS, STARTS = (0.5, 0.75, 1.0), (0.15, 0.3, 0.45)
SOURCE, INTERLEAVED, DRAWN = "the source itself", "interleaved", "path drawn"
OURS = (INTERLEAVED, DRAWN)


def curves() -> dict[str, list[Method]]:
    """Everything that is compared, by the name of its curve."""
    return {
        SOURCE: [Method(name=SOURCE, family=Family.BOUND, run=the_source)],
        **{one.name: _recolouring(one) for one in RECOLOURING},
        **{
            curve: [_drawing(curve, label, arm) for label, arm in arms.items()]
            for curve, arms in drawing().items()
        },
    }


def drawing() -> dict[str, dict[str, Arm]]:
    """All that decodes latents, so that the source's detail has to be restored."""
    return {
        "AdaIN of latents": {f"{one:g}": partial(adain, amount=one) for one in AMOUNTS},
        "WCT of latents": {f"{one:g}": partial(whitened, amount=one) for one in AMOUNTS},
        "path, the exemplar its only reference": {
            f"at rate {one:g}": partial(path, drawn=False, learning_rate=one)
            for one in (0.001, 0.003, 0.01, 0.03)
        },
        "cross-image attention": {
            f"{guidance:g} until {until:g}": partial(cross_image, guidance=guidance, until=until)
            for guidance, until in ((2.0, 0.4), (1.0, 0.7), (2.0, 0.7))
        },
        "one-shot warp": {
            f"of grain {one:g}": partial(one_shot, grain=one) for one in (4.0, 2.0, 1.0, 0.0)
        },
        INTERLEAVED: {
            **{f"{one:g}": partial(meeting, start=one) for one in STARTS},
            **{f"{one:g}, grain 2": partial(meeting, start=one, grain=2.0) for one in STARTS},
            "0.3, edges held": partial(meeting, start=0.3, iterations=5),
            **{
                f"0.3, matched {again} times again": partial(meeting, start=0.3, rematches=again)
                for again in (0, 4)
            },
        },
        DRAWN: {
            **{
                f"{much:g}, grain {grain:g}": partial(path, drawn=True, matching=much, grain=grain)
                for grain in (4.0, 2.0, 1.0)
                for much in (0.5, 1.0)
            },
            "1, grain 1, matched again": partial(
                path, drawn=True, matching=1.0, grain=1.0, rematches=2
            ),
        },
    }


def _recolouring(rival: Method) -> list[Method]:
    """A rival of the quality page that never draws, with the exemplar as its one reference."""
    return [
        Method(
            name=f"{rival.name} {setting['amount']:g}",
            family=rival.family,
            run=partial(on_exemplar, partial(recoloured, rival.run, setting)),
        )
        for setting in rival.settings
    ]


def _drawing(curve: str, label: str, arm: Arm) -> Method:
    family = Family.OURS if curve in OURS else Family.RIVAL
    return Method(name=f"{curve} {label}", family=family, run=partial(on_exemplar, arm))


def methods() -> tuple[Method, ...]:
    return tuple(one for curve in curves().values() for one in curve)
