"""The laboratory every method works in: one model, paired scenes, one meter for all costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from demo_world import REFERENCE_SEEDS, load, prompt, render, scene
from demo_world.model import as_pipeline
from s2st import (
    InversionConfig,
    Look,
    Prompt,
    Schedule,
    Spacing,
    Task,
    Trajectory,
    invert,
    look_of,
    make_schedule,
)
from s2st.adapters.diffusers import PipelineParts
from s2st.model.contract import Conditioning


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
    spacing: Spacing = Spacing.TRAILING
    references: int = 16

    @property
    def schedule(self) -> Schedule:
        return make_schedule(self.parts.sigma_table, self.steps, self.spacing)

    def inversion(self, refine: int = 0) -> InversionConfig:
        return InversionConfig(steps=self.steps, spacing=self.spacing, refine=refine)

    def prompt(self, domain: str) -> Conditioning:
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


def open_lab(steps: int = 20, references: int = 16) -> Lab:
    """The laboratory with the committed demo model."""
    parts = PipelineParts.of(as_pipeline(load()))
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
    source_references: Tensor  # unpaired pictures of the source domain
    source_reference_latents: Tensor
    _inversions: dict[int, tuple[Trajectory, Meter]] = field(default_factory=dict, repr=False)

    @property
    def batch(self) -> int:
        return len(self.seeds)

    def inverted(self, refine: int = 0) -> tuple[Trajectory, Meter]:
        """The source's trajectory, made once, and what making it has cost."""
        if refine not in self._inversions:
            with self.lab.metered(self.batch) as meter:
                trajectory = invert(
                    self.lab.parts.denoiser,
                    self.latents,
                    self.lab.prompt(self.pair.source),
                    self.lab.parts.sigma_table,
                    self.lab.inversion(refine),
                )
            self._inversions[refine] = trajectory, meter
        return self._inversions[refine]

    def is_inverted(self, refine: int = 0) -> bool:
        """Whether the trajectory is there already, so that no running meter will see it made."""
        return refine in self._inversions

    def task(self, guidance: float, references: int | None = None) -> Task:
        """What is asked of every method of ours, with so many of the references."""
        lab = self.lab
        return Task(
            latent=self.latents,
            source=lab.prompt(self.pair.source),
            target=Prompt(lab.prompt(self.pair.target), lab.prompt(""), guidance),
            look=look_of(self.reference_latents[:references]),
        )

    def source_look(self, references: int | None = None) -> Look:
        return look_of(self.source_reference_latents[:references])

    def decoded(self, latents: Tensor) -> Tensor:
        return self.lab.parts.decode_latent(latents)


@torch.no_grad()
def make_case(lab: Lab, pair: Pair, seeds: Sequence[int]) -> Case:
    """Render and encode everything a batch needs."""
    source = pictures(seeds, pair.source)
    looks = pictures(TARGET_REFERENCES[: lab.references], pair.target)
    others = pictures(SOURCE_REFERENCES[: lab.references], pair.source)
    encode = lab.parts.encode_image
    return Case(
        lab=lab,
        pair=pair,
        seeds=tuple(seeds),
        source=source,
        truth=pictures(seeds, pair.target),
        latents=encode(source),
        references=looks,
        reference_latents=encode(looks),
        source_references=others,
        source_reference_latents=encode(others),
    )
