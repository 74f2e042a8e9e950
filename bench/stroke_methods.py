"""What paints over strokes: in rounds, GradOP+ and GradOP with every quirk, and what others do.

Stroke pictures are made of scenes by palette and blur. All are asked for one prompt at one guidance
and number of steps. At ten steps GradOP+ optimises two, whose noise levels are those of the three
that it optimises by default at twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache, partial
from itertools import islice

import torch
from torch import Tensor

from s2st import (
    Denoiser,
    GradopConfig,
    GradopPlusConfig,
    Painting,
    RoundsConfig,
    Schedule,
    Strokes,
    Task,
    difference_path,
    gradop,
    gradop_plus,
    paint_in_rounds,
    sample,
    strokes_of,
)
from s2st.model.ddim import ddim_step
from s2st.model.guidance import guided_denoised
from s2st.model.noise import noises_for
from s2st.model.parameterization import from_variance_preserving, to_variance_preserving
from s2st.path.difference_path import DEFAULT_GUIDANCE, DEFAULT_STEPS
from s2st.strokes.gradop_plus import Noise, Variable, starting_seed
from s2st.strokes.updates import Clamp, Length

from .lab import Case, Family, Meter, Method, Setting
from .store import rendered

COLOURS, BLUR = 8, 0.5
GUIDANCE = 3.0
DRAWN = "a drawing of a street"  # what the difference path is told of the strokes
UPDATES = (0, 20, 40, 60)  # in all
PLUS = GradopPlusConfig(optimised=2, noise=Noise.FRESH)  # as released
ROUNDS = {
    f"in rounds, {updates} updates between them": RoundsConfig(updates=updates)
    for updates in (RoundsConfig().updates, 4)
}
CHANGES: Mapping[str, Mapping[str, object]] = {
    "1 update": {"updates": 1},
    "8 updates": {"updates": 8},
    "3 rounds": {"rounds": 3},
    "10 rounds": {"rounds": 10},
    "strength 0.3": {"strength": 0.3},
    "strength 0.5": {"strength": 0.5},
    "Adam's length": {"length": Length.ADAM},
    "no clamp": {"clamp": Clamp.NEVER},
    "f: palette": {"painting": Painting.PALETTE},
    "rate 0.05": {"learning_rate": 0.05},
}
LOOPBACK = ((2, 0.3), (3, 0.3), (3, 0.4), (6, 0.3), (3, 0.5), (6, 0.4))  # rounds and strength
Config = RoundsConfig | GradopPlusConfig | GradopConfig
QUIRKS: Mapping[str, Mapping[str, object]] = {
    "noisy latent": {"variable": Variable.STATE},
    "kept noise": {"noise": Noise.KEPT},
    "clamp after f": {"clamp": Clamp.AFTER},
    "no clamp": {"clamp": Clamp.NEVER},
    "Adam's length": {"length": Length.ADAM},
    "f: palette": {"painting": Painting.PALETTE},
    "four steps of half the updates": {"optimised": 4, "updates": PLUS.updates // 2},
    "strength 0.9": {"strength": 0.9},
    "strength 0.7": {"strength": 0.7},
    "strength 0.6": {"strength": 0.6},
}


@cache
def strokes_for(seeds: Sequence[int], domain: str) -> Tensor:
    """The stroke pictures of scenes, made once: medians take longer than a step of sampling."""
    return strokes_of(rendered(seeds, domain), COLOURS, BLUR)


def drawn(case: Case) -> Case:
    """The case with its strokes in the place of its pictures."""
    strokes = strokes_for(case.seeds, case.pair.source)
    return replace(case, source=strokes, latents=case.lab.parts.encode_image(strokes))


def task_of(case: Case, guidance: float, photos: bool) -> Task:
    """The strokes and words, and with `photos` the look of the domain's references."""
    task = replace(case.task(guidance), source=case.lab.parts.encode_prompt(DRAWN))
    return replace(task, exemplars=case.exemplars) if photos else replace(task, look=None)


def themselves(case: Case, _: Setting, __: Meter) -> Tensor:
    return drawn(case).source


def by_gradients(config: Config, case: Case, setting: Setting, spent: Meter) -> Tensor:
    """In rounds, GradOP+ or GradOP."""
    case = drawn(case)
    task = task_of(case, GUIDANCE, bool(setting["photos"]))
    return painted(case.lab.parts.denoiser, case, task, config, spent)


def painted(model: Denoiser, case: Case, task: Task, config: Config, spent: Meter) -> Tensor:
    """What becomes of a drawn case; what goes back through the decoder counts as gradients."""
    own = replace(config, noise_seed=case.seeds[0], shared_noise=False)
    paint = PAINTERS[type(config)]
    return case.decoded(
        paint(
            model,
            case.lab.parts.autoencoder,
            task,
            Strokes(case.source),
            case.lab.schedule,
            own,
            on_update=lambda: spent.add(Meter(gradients=1)),
        )
    )


PAINTERS: Mapping[type[Config], Callable[..., Tensor]] = {
    RoundsConfig: paint_in_rounds,
    GradopPlusConfig: gradop_plus,
    GradopConfig: gradop,
}


def sdedit(case: Case, setting: Setting, _: Meter) -> Tensor:
    """Noise the strokes and denoise them; loopback does so again with what has come out."""
    case, sigmas = drawn(case), case.lab.schedule.sigmas
    first = min(round((1 - setting["strength"]) * case.lab.steps), case.lab.steps - 1)
    rest, latents = Schedule(sigmas[first:]), case.latents
    noises, prompt = noises_for(latents, case.seeds[0], shared=False), case.target(GUIDANCE)
    for noise in islice(noises, setting["rounds"]):
        seed = to_variance_preserving(latents + rest.sigmas[0] * noise, rest.sigmas[0])
        latents = sample(case.lab.parts.denoiser, seed, prompt, rest)
    return case.decoded(latents)


@torch.no_grad()
def low_pass(case: Case, setting: Setting, _: Meter) -> Tensor:
    """In the manner of ILVR (Choi et al. 2108.02938): low frequencies are the strokes'."""
    case = drawn(case)
    schedule, prompt = case.lab.schedule, case.target(GUIDANCE)
    seed = starting_seed(case.latents, case.seeds[0], shared=False)
    x = from_variance_preserving(seed, schedule.sigmas[0])
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        denoised = guided_denoised(case.lab.parts.denoiser, x, sigma, prompt)
        if index < setting["until"] * schedule.steps:
            swapped = denoised + low(case.latents) - low(denoised)
            x, denoised = x + swapped - denoised, swapped
        x = ddim_step(x, denoised, sigma, next_sigma)
    return case.decoded(x)


def low(latents: Tensor) -> Tensor:
    small = torch.nn.functional.avg_pool2d(latents, 4)
    return torch.nn.functional.interpolate(small, latents.shape[-2:], mode="bilinear")


def path(case: Case, setting: Setting, _: Meter) -> Tensor:
    """The library's default, which takes the strokes for a picture to translate."""
    case = drawn(case).at(min(DEFAULT_STEPS, case.lab.steps))
    task = task_of(case, DEFAULT_GUIDANCE, bool(setting["photos"]))
    return case.decoded(difference_path(case.lab.parts.denoiser, task, case.lab.schedule))


def gradients(name: str, config: Config, photos: bool = False) -> Method:
    setting = {"config": repr(config), "photos": int(photos)}
    run = partial(by_gradients, config)
    return Method(name=name, family=Family.OURS, run=run, settings=(setting,))


def curves() -> Iterator[Method]:
    """GradOP+ at four numbers of updates, in rounds, and all that both are laid beside."""
    for total in UPDATES:
        yield gradients(f"GradOP+ N={total}", replace(PLUS, updates=total // PLUS.optimised))
    for name, config in ROUNDS.items():
        yield gradients(name, config)
    rival = partial(Method, family=Family.RIVAL)
    for tenth in range(1, 11):
        setting = {"strength": tenth / 10, "rounds": 1}
        yield rival(name=f"SDEdit {tenth / 10:g}", run=sdedit, settings=(setting,))
    for rounds, strength in LOOPBACK:
        loop = {"strength": strength, "rounds": rounds}
        yield rival(name=f"loopback, {rounds} rounds of {strength:g}", run=sdedit, settings=(loop,))
    for until in (0.3, 0.6):
        yield rival(name=f"low-pass to {until:g}", run=low_pass, settings=({"until": until},))
    yield Method(name="difference path", family=Family.OURS, run=path, settings=({"photos": 0},))
    yield Method(name="the strokes themselves", family=Family.BOUND, run=themselves)


def changed_rounds() -> Iterator[Method]:
    """In rounds by default, and with one thing changed."""
    yield gradients("in rounds by default", RoundsConfig())
    for name, change in CHANGES.items():
        yield gradients(f"in rounds, {name}", RoundsConfig(**{**asdict(RoundsConfig()), **change}))
    yield gradients("in rounds, the look of photos", RoundsConfig(), photos=True)


def quirks() -> Iterator[Method]:
    """GradOP+, with one thing changed, or with photos; GradOP at as many updates."""
    yield gradients("GradOP+, fresh noise", PLUS)
    for name, change in QUIRKS.items():
        yield gradients(f"GradOP+, {name}", GradopPlusConfig(**{**asdict(PLUS), **change}))
    for gamma in (0.0, 0.01, 0.1):
        plain = GradopConfig(gamma=gamma, updates=PLUS.optimised * PLUS.updates)
        yield gradients(f"GradOP, gamma {gamma:g}", plain)
    yield gradients("GradOP+, the look of photos", PLUS, photos=True)
    setting = {"photos": 1}
    yield Method(name="difference path, photos", family=Family.OURS, run=path, settings=(setting,))
