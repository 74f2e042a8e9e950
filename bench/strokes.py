"""Pictures from strokes (`bench strokes`): faithfulness against realism, and words for regions.

Stroke pictures are made of held-out demo scenes by palette and blur. Faithful is what comes near to
them under a painting function: under the blur that is optimised, and under a palette that is not.
Realistic is what our judge's features place near renders of the domain, and name right.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from demo_world import DOMAINS, EVALUATION_SEEDS, LABELS, prompt
from demo_world.kinds import Label
from s2st import (
    DifferenceConfig,
    GradopConfig,
    GradopPlusConfig,
    Painting,
    Prompt,
    Region,
    RegionConfig,
    Schedule,
    Strokes,
    Task,
    difference_path,
    gradop,
    gradop_plus,
    sample,
    strokes_of,
)
from s2st.adapters.diffusers import attention_bias
from s2st.model.contract import Joint, Query, ask
from s2st.model.ddim import ddim_step
from s2st.model.guidance import guided_denoised
from s2st.model.noise import noises_for
from s2st.model.parameterization import from_variance_preserving, to_variance_preserving
from s2st.strokes.gradop_plus import Noise, Variable, starting_seed
from s2st.strokes.painting import blurred, median, palette_of, quantised
from s2st.strokes.token_regions import HeldPrompt, layout_of, token_masks, tokens_of
from s2st.strokes.updates import Clamp, Length

from .cost_page import markdown_table
from .judges import SMALL, Judge, open_judge
from .lab import Lab, open_lab
from .metrics import frechet_distance
from .store import BULB, POOL_SEEDS, ROOT, label_maps, rendered

BATCH, STEPS, GUIDANCE = 8, 20, 3.0
COLOURS, BLUR = 8, 0.5
DRAWN = "a drawing of a street"  # what the difference path is told of the strokes
RESAMPLES = 200
FOLDER = ROOT / "out" / "bench"
HEADS = ("arm", "blur", "±", "palette", "±", "Fréchet", "±", "named right", "s / picture")


@dataclass(frozen=True)
class Case:
    """A batch of stroke pictures to paint over."""

    lab: Lab
    domain: str
    first: int  # number of its first picture, and seed of its noise
    strokes: Tensor
    latents: Tensor

    @property
    def prompt(self) -> Prompt:
        return Prompt(self.lab.prompt(self.domain), self.lab.prompt(""), GUIDANCE)

    @property
    def task(self) -> Task:
        source = self.lab.parts.encode_prompt(DRAWN)
        return Task(latent=self.latents, source=source, target=self.prompt)


Arm = Callable[[Case], Tensor]  # latents


def painted(config: GradopPlusConfig | GradopConfig) -> Arm:
    def run(case: Case) -> Tensor:
        own = replace(config, noise_seed=case.first, shared_noise=False)
        parts, strokes = case.lab.parts, Strokes(case.strokes)
        given = (parts.denoiser, parts.autoencoder, case.task, strokes, case.lab.schedule)
        if isinstance(own, GradopPlusConfig):
            return gradop_plus(*given, own)
        return gradop(*given, own)

    return run


def sdedit(strength: float, rounds: int = 1) -> Arm:
    """Noise the strokes and denoise them; loopback does so again with what has come out."""

    def run(case: Case) -> Tensor:
        sigmas = case.lab.schedule.sigmas
        first = min(round((1 - strength) * case.lab.steps), case.lab.steps - 1)
        rest, latents = Schedule(sigmas[first:]), case.latents
        noises = noises_for(latents, case.first, shared=False)
        for _ in range(rounds):
            x = latents + rest.sigmas[0] * next(noises)
            seed = to_variance_preserving(x, rest.sigmas[0])
            latents = sample(case.lab.parts.denoiser, seed, case.prompt, rest)
        return latents

    return run


@torch.no_grad()
def low_pass(case: Case, until: float) -> Tensor:
    """In the manner of ILVR (Choi et al. 2108.02938): low frequencies are the strokes'."""
    schedule = case.lab.schedule
    x = from_variance_preserving(starting_seed(case.latents, case.first, False), schedule.sigmas[0])
    for index, (sigma, next_sigma) in enumerate(schedule.pairs()):
        denoised = guided_denoised(case.lab.parts.denoiser, x, sigma, case.prompt)
        if index < until * schedule.steps:
            swapped = denoised + low(case.latents) - low(denoised)
            x, denoised = x + swapped - denoised, swapped
        x = ddim_step(x, denoised, sigma, next_sigma)
    return x


def low(latents: Tensor) -> Tensor:
    small = torch.nn.functional.avg_pool2d(latents, 4)
    return torch.nn.functional.interpolate(small, latents.shape[-2:], mode="bilinear")


def default_path(case: Case) -> Tensor:
    return difference_path(
        case.lab.parts.denoiser, case.task, case.lab.schedule, DifferenceConfig()
    )


def arms(ablation: bool) -> dict[str, Arm]:
    """Everything that is compared, by name."""
    base = GradopPlusConfig()
    found: dict[str, Arm] = {"strokes themselves": lambda case: case.latents}
    for total in (0, 20, 40, 60):
        config = GradopPlusConfig(updates=total // 5, optimised=5)
        found[f"GradOP+ N={total}"] = painted(config)
    found["GradOP+ default"] = painted(base)
    found["GradOP N=60"] = painted(GradopConfig())
    for tenth in range(1, 11):
        found[f"SDEdit {tenth / 10:g}"] = sdedit(tenth / 10)
    found["loopback 3 x 0.4"] = sdedit(0.4, 3)
    found["low-pass 0.3"] = lambda case: low_pass(case, 0.3)
    found["low-pass 0.6"] = lambda case: low_pass(case, 0.6)
    found["difference path"] = default_path
    if ablation:
        changes: Mapping[str, Mapping[str, object]] = {
            "noisy latent": {"variable": Variable.STATE},
            "kept noise": {"noise": Noise.KEPT},
            "clamp after f": {"clamp": Clamp.AFTER},
            "no clamp": {"clamp": Clamp.NEVER},
            "Adam's length": {"length": Length.ADAM},
            "palette": {"painting": Painting.PALETTE},
            "strength 0.9": {"strength": 0.9},
            "strength 0.7": {"strength": 0.7},
            "strength 0.6": {"strength": 0.6},
        }
        for name, change in changes.items():
            found[f"GradOP+ {name}"] = painted(GradopPlusConfig(**{**asdict(base), **change}))
        for gamma in (0.0, 0.1):
            found[f"GradOP gamma {gamma:g}"] = painted(GradopConfig(gamma=gamma))
    return found


@dataclass(frozen=True)
class Row:
    """What one arm reached; the half widths are of 95 % intervals."""

    arm: str
    blur: float
    blur_half: float
    palette: float
    palette_half: float
    frechet: float
    frechet_half: float
    named: float
    seconds: float

    @property
    def cells(self) -> list[str]:
        numbers = (self.blur, self.blur_half, self.palette, self.palette_half)
        cells = [f"{one:.4f}" for one in numbers]
        cells += [f"{one:.3f}" for one in (self.frechet, self.frechet_half)]
        return [self.arm, *cells, f"{self.named:.0%}", f"{self.seconds:.2f}"]


def row_of(
    arm: str, results: Tensor, strokes: Tensor, domain: str, judge: Judge, seconds: float
) -> Row:
    under_blur = distance(blurred(results), strokes)
    palette = palette_of(strokes, COLOURS)
    coarse = [quantised(median(one), palette) for one in (results, strokes)]
    under_palette = distance(*coarse)
    features, pool = judge.features(results), judge.features(rendered(POOL_SEEDS, domain))
    generator = torch.Generator().manual_seed(0)
    picks = torch.randint(len(results), (RESAMPLES, len(results)), generator=generator)
    spread = frechet_distance(features[picks], pool).std()
    with torch.no_grad():
        told = judge(results)[0].argmax(dim=1)
    names = [str(getattr(one, "value", one)) for one in DOMAINS]
    return Row(
        arm,
        float(under_blur.mean()),
        half_width(under_blur),
        float(under_palette.mean()),
        half_width(under_palette),
        float(frechet_distance(features, pool)),
        float(1.96 * spread),
        float((told == names.index(domain)).double().mean()),
        seconds,
    )


def distance(some: Tensor, others: Tensor) -> Tensor:
    """Root mean square, [B]."""
    return (some - others).square().mean(dim=(1, 2, 3)).sqrt()


def half_width(values: Tensor) -> float:
    return float(1.96 * values.std() / len(values) ** 0.5)


def compared(lab: Lab, options: argparse.Namespace, judge: Judge) -> Iterator[Row]:
    seeds = EVALUATION_SEEDS[: options.scenes]
    strokes = strokes_of(rendered(seeds, options.domain), COLOURS, BLUR)
    chosen = arms(options.ablation)
    device = lab.parts.device
    for name, arm in chosen.items():
        if options.arms and not any(name.startswith(one) for one in options.arms):
            continue
        results, began = [], time.perf_counter()
        for place, part in enumerate(strokes.split(BATCH)):
            there = part.to(device)
            latents = lab.parts.encode_image(there)
            case = Case(lab, options.domain, place * BATCH, there, latents)
            results.append(lab.parts.decode_latent(arm(case)).cpu())
        seconds = (time.perf_counter() - began) / len(strokes)
        yield row_of(name, torch.cat(results), strokes, options.domain, judge, seconds)


# Words for regions

THINGS = {"trees": ("tree",), "tall buildings": ("building", "window"), "a car": ("car",)}
WORDS = f"{prompt('day')}, with {', '.join(THINGS)}"
LEAST = 0.02  # of the picture that a thing must cover to be a region
REGION_HEADS = ("arm", "thing", "pictures", "seen inside", "±", "seen outside", "±")


class Held(Joint):
    """The laboratory's model, holding one prompt's words to their regions."""

    def __init__(self, lab: Lab, held: HeldPrompt | None) -> None:
        self._parts, self._held = lab.parts, held

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        size = tuple(queries[0].x.shape[-2:])

        def bias(query: Tensor, key: Tensor, heads: int, words: Tensor) -> Tensor | None:
            call = None if self._held is None else self._held.in_call(words, sigma, size)
            return None if call is None else call.bias(query, key, heads)

        with attention_bias(self._parts.pipeline.unet, bias):
            return ask(self._parts.denoiser, queries, sigma)


def held_prompt(lab: Lab, masks: Mapping[str, Tensor], strength: float) -> HeldPrompt | None:
    """The prompt of all things, each held to its mask."""
    layout = layout_of([Region(name, mask) for name, mask in masks.items()])
    tokens = words_of(lab, WORDS)
    places = [tokens_of(phrase_of(lab, one.phrase), tokens) for one in layout.regions]
    named = {at for name in THINGS for at in tokens_of(phrase_of(lab, name), tokens)}
    free = [at for at, one in enumerate(tokens) if one >= 0 and at not in named]
    found = token_masks(layout, [*places, free], len(tokens))
    if found is None:
        return None
    config = RegionConfig(strength=strength)
    return HeldPrompt(lab.parts.encode_prompt(WORDS).embedding, found, config)


def words_of(lab: Lab, text: str) -> list[int]:
    tokenizer = lab.parts.pipeline.tokenizer
    ids = tokenizer(text, padding="max_length", truncation=True).input_ids
    special = set(tokenizer("", padding="max_length").input_ids)
    return [-1 if one in special else one for one in ids]


def phrase_of(lab: Lab, text: str) -> list[int]:
    return [one for one in words_of(lab, text) if one >= 0]


def region_rows(lab: Lab, options: argparse.Namespace, judge: Judge) -> list[list[str]]:
    """How much of each thing's region shows it, and how much of the rest."""
    maps = label_maps(EVALUATION_SEEDS[: options.scenes])
    maps = maps.where(maps != BULB, Label.LAMP)
    every = [things_of(one) for one in maps]
    shifted = [*every[1:], every[0]]
    strengths = [("prompt alone", every, 0.0)]
    strengths += [(f"regions {one:g}", every, one) for one in options.strengths]
    strengths.append((f"permuted {options.strengths[-1]:g}", shifted, options.strengths[-1]))
    lines = []
    for name, given, strength in strengths:
        results = torch.cat([sampled(lab, one, strength, at) for at, one in enumerate(given)])
        seen = judge.label_maps(results)
        lines += [line_of(name, thing, seen, every) for thing in THINGS]
    return lines


def things_of(labels: Tensor) -> dict[str, Tensor]:
    """The masks of those things that a scene has enough of."""
    numbers = {name: [LABELS.index(one) for one in kinds] for name, kinds in THINGS.items()}
    masks = {name: torch.isin(labels, torch.tensor(one)).float() for name, one in numbers.items()}
    return {name: mask for name, mask in masks.items() if mask.mean() >= LEAST}


def sampled(lab: Lab, masks: Mapping[str, Tensor], strength: float, seed: int) -> Tensor:
    held = held_prompt(lab, masks, strength) if masks else None
    positive = lab.parts.encode_prompt(WORDS)
    blank = torch.zeros(1, 4, 32, 32, device=lab.parts.device)
    wanted = Prompt(positive, lab.prompt(""), GUIDANCE)
    latents = sample(Held(lab, held), starting_seed(blank, seed), wanted, lab.schedule)
    return lab.parts.decode_latent(latents).cpu()


def line_of(arm: str, thing: str, seen: Tensor, every: Sequence[Mapping[str, Tensor]]) -> list[str]:
    numbers = torch.tensor([LABELS.index(one) for one in THINGS[thing]])
    shares = []
    for one, masks in zip(seen, every, strict=True):
        if thing in masks:
            there, inside = torch.isin(one, numbers).float(), masks[thing]
            within = (there * inside).sum() / inside.sum()
            without = (there * (1 - inside)).sum() / (1 - inside).sum()
            shares.append(torch.stack([within, without]))
    if not shares:
        return [arm, thing, "0", "", "", "", ""]
    inside, outside = torch.stack(shares).T
    cells = (inside.mean(), half_width(inside), outside.mean(), half_width(outside))
    return [arm, thing, str(len(shares)), *(f"{float(one):.1%}" for one in cells)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench strokes", description=__doc__)
    parser.add_argument("--scenes", type=int, default=200, help="stroke pictures (%(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of sampling (%(default)s)")
    parser.add_argument("--domain", default="day", help="of the scenes (%(default)s)")
    parser.add_argument("--device", default="cpu", help="where the model runs (%(default)s)")
    parser.add_argument("--arms", nargs="*", default=[], help="only arms that begin so")
    parser.add_argument("--ablation", action="store_true", help="every quirk of GradOP+ as an arm")
    parser.add_argument("--regions", action="store_true", help="words for regions, and no strokes")
    parser.add_argument("--strengths", type=float, nargs="*", default=[0.5, 1.0, 2.0, 4.0])
    parser.add_argument("--quick", action="store_true", help="4 scenes, 4 steps, a small judge")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the results")
    options = parser.parse_args(arguments)
    if options.quick:
        options.scenes, options.steps = 4, 4
    lab = open_lab(steps=options.steps)
    lab.parts.pipeline.to(options.device)
    judge = open_judge(SMALL if options.quick else None).judge
    options.out.mkdir(parents=True, exist_ok=True)
    if options.regions:
        return report(options.out / "regions", REGION_HEADS, region_rows(lab, options, judge))
    rows = []
    for row in compared(lab, options, judge):
        rows.append(row)
        print("  ".join(row.cells), flush=True)
    return report(options.out / "strokes", HEADS, [row.cells for row in rows])


def report(path: Path, heads: Sequence[str], lines: list[list[str]]) -> int:
    table = markdown_table(heads, lines)
    path.with_suffix(".md").write_text(table + "\n", encoding="utf-8")
    kept = json.dumps([dict(enumerate(line)) for line in lines], indent=1)
    path.with_suffix(".json").write_text(kept + "\n", encoding="utf-8")
    print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
