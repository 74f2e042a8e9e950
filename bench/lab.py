"""The laboratory every method works in: one model, paired scenes, one meter for all costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor

import s2st
from demo_world import REFERENCE_SEEDS, load, prompt, render, scene
from demo_world.model import WEIGHTS, as_pipeline
from s2st.adapters.diffusers import PipelineParts


@dataclass(frozen=True)
class Pair:
    """A translation, by the names of its two domains."""

    source: str
    target: str

    @property
    def name(self) -> str:
        return f"{self.source} to {self.target}"


PAIRS = (
    *(Pair("day", target) for target in ("night", "sunset", "fog", "rain", "snow")),
    Pair("night", "day"),
)
MOST_REFERENCES = 64
TARGET_REFERENCES = REFERENCE_SEEDS[:MOST_REFERENCES]
SOURCE_REFERENCES = REFERENCE_SEEDS[MOST_REFERENCES : 2 * MOST_REFERENCES]


@dataclass
class Meter:
    """Evaluations and backward passes of the model per image, and seconds per image."""

    evaluations: float = 0.0
    gradients: float = 0.0
    seconds: float = 0.0

    def add(self, other: Meter) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class Lab:
    """The model, and the settings that all methods share."""

    parts: PipelineParts
    steps: int = 20
    spacing: s2st.Spacing = s2st.Spacing.TRAILING
    references: int = 16

    @property
    def schedule(self) -> s2st.Schedule:
        return s2st.make_schedule(self.parts.sigma_table, self.steps, self.spacing)

    def inversion(self) -> s2st.InversionConfig:
        return s2st.InversionConfig(steps=self.steps, spacing=self.spacing)

    def prompt(self, domain: str) -> s2st.Conditioning:
        """A domain's plain prompt; the empty text for the domain ''."""
        return self.parts.encode_prompt(prompt(domain) if domain else "")

    @contextmanager
    def metered(self, batch: int):
        """Count what the UNet does inside, whoever calls it, per image of a batch."""
        meter, unet = Meter(), self.parts.pipeline.unet

        def count_gradient(gradient):
            meter.gradients += len(gradient) / batch

        def count(_, __, output):
            rows = output.sample if hasattr(output, "sample") else output[0]
            meter.evaluations += len(rows) / batch
            if rows.requires_grad:
                rows.register_hook(count_gradient)

        handle, began = unet.register_forward_hook(count), time.perf_counter()
        try:
            yield meter
        finally:
            handle.remove()
            meter.seconds += (time.perf_counter() - began) / batch


def open_lab(steps: int = 20, references: int = 16, model: Path = WEIGHTS) -> Lab:
    """The laboratory with a model in the demo model's layout, the committed one by default."""
    parts = PipelineParts.of(as_pipeline(load(model)))
    parts.pipeline.unet.to(memory_format=torch.channels_last)  # a third faster on CPUs
    return Lab(parts, steps=steps, references=references)


def pictures(seeds: Sequence[int], domain: str) -> Tensor:
    """The scenes of these seeds as pictures [B, 3, 128, 128] in 0..1."""
    rendered = [torch.from_numpy(render(scene(seed), domain)) for seed in seeds]
    return torch.stack(rendered).permute(0, 3, 1, 2).contiguous()


@dataclass(frozen=True)
class Case:
    """A batch of scenes to translate; methods never see `truth`."""

    lab: Lab
    pair: Pair
    seeds: tuple[int, ...]
    source: Tensor  # [B, 3, H, W], 0..1
    truth: Tensor
    latents: Tensor  # of the source
    references: Tensor  # unpaired pictures of the target domain
    reference_latents: Tensor
    source_reference_latents: Tensor  # of unpaired pictures of the source domain
    exemplars: s2st.Exemplars  # the target references with their features, read once for all cases
    inversions: dict[int, tuple[s2st.Trajectory, Meter]] = field(default_factory=dict, repr=False)

    @property
    def batch(self) -> int:
        return len(self.seeds)

    def at(self, steps: int) -> Case:
        """The same scenes at another number of steps."""
        return replace(self, lab=replace(self.lab, steps=steps))

    def inverted(self, spent: Meter) -> s2st.Trajectory:
        """The source's trajectory, made once and charged to every method that uses it.

        Where it is made here, the meter that runs sees it; where it lies ready, `spent` is told.
        """
        steps = self.lab.steps
        if steps in self.inversions:
            spent.add(self.inversions[steps][1])
        else:
            task, parts = self.task(1.0), self.lab.parts
            with self.lab.metered(self.batch) as meter:
                made = s2st.invert(
                    parts.denoiser,
                    task.latent,
                    task.described,
                    parts.sigma_table,
                    self.lab.inversion(),
                )
            self.inversions[steps] = made, meter
        return self.inversions[steps][0]

    def task(self, guidance: float) -> s2st.Task:
        """What is asked of every method of ours."""
        return s2st.Task(
            latent=self.latents,
            source=self.lab.prompt(self.pair.source),
            target=self.target(guidance),
            look=s2st.look_of(self.reference_latents),
        )

    def target(self, guidance: float, negative: str = "") -> s2st.Prompt:
        """The target's prompt, guided away from a domain's (or the empty one)."""
        lab = self.lab
        return s2st.Prompt(lab.prompt(self.pair.target), lab.prompt(negative), guidance)

    def source_look(self) -> s2st.Look:
        return s2st.look_of(self.source_reference_latents)

    def embedding(self, domain: str) -> Tensor:
        """A domain's prompt (the empty text for ''), once for every picture."""
        return self.lab.prompt(domain).embedding.repeat(self.batch, 1, 1)

    def generators(self) -> list[torch.Generator]:
        """One for every picture, so that a batch draws what single pictures draw."""
        return [torch.Generator().manual_seed(seed) for seed in self.seeds]

    def decoded(self, latents: Tensor) -> Tensor:
        return self.lab.parts.decode_latent(latents)


@torch.no_grad()
def make_case(lab: Lab, pair: Pair, seeds: Sequence[int]) -> Case:
    """Render and encode everything a batch needs."""
    source, encode = pictures(seeds, pair.source), lab.parts.encode_image
    looks = pictures(TARGET_REFERENCES[: lab.references], pair.target)
    known = encode(looks)
    others = pictures(SOURCE_REFERENCES[: lab.references], pair.source)
    return Case(
        lab=lab,
        pair=pair,
        seeds=tuple(seeds),
        source=source,
        truth=pictures(seeds, pair.target),
        latents=encode(source),
        references=looks,
        reference_latents=known,
        source_reference_latents=encode(others),
        exemplars=s2st.exemplars_of(lab.parts.denoiser, known, lab.prompt(pair.target)),
    )


Setting = Mapping[str, float | int | str]
# (case, setting, meter) -> pictures [B, 3, H, W] in 0..1. The meter already runs; a method adds to
# it only what it takes from the case ready-made (the inversion).
Procedure = Callable[[Case, Setting, Meter], Tensor]


class Family(str, Enum):
    BOUND = "bound"  # not a method: what could be reached at best, or without doing anything
    RECOLOURING = "recolouring"  # never asks the model: moves the source's values
    TRAINED = "trained"  # never asks the model either: it was trained on the domains themselves
    RIVAL = "rival"
    OURS = "ours"

    @property
    def draws(self) -> bool:
        """Whether it draws with the model, so that its pictures have lost the source's detail."""
        return self in (Family.RIVAL, Family.OURS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """One line of the comparison."""

    name: str
    family: Family
    run: Procedure
    settings: Sequence[Setting] = ({},)  # candidates, the best of which is chosen on tuning scenes
    source: str = ""  # the paper, for the table


def settings(names: str, *rows: Sequence[float | str]) -> tuple[Setting, ...]:
    """Candidate settings from a small table."""
    return tuple(dict(zip(names.split(), row, strict=True)) for row in rows)


@dataclass(frozen=True)
class Edited:
    """What a method has made of a case, and what it cost."""

    pictures: Tensor
    spent: Meter


def edited(method: Method, case: Case, setting: Setting) -> Edited:
    """Run a method, metered; `steps` of a setting are in the place of the lab's."""
    extra, case = Meter(), case.at(setting.get("steps", case.lab.steps))
    with case.lab.metered(case.batch) as meter:
        made = method.run(case, setting, extra)
    meter.add(extra)
    if made.shape != case.source.shape or not torch.isfinite(made).all():
        raise RuntimeError(f"{method.name} has made pictures of shape {tuple(made.shape)}, or NaN.")
    return Edited(made, meter)
