"""The training of a translator: step by step, averaged, logged, shown, saved and resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from demo_world.training.loop import (
    averaged,
    fast_arithmetic,
    is_due,
    restore_checkpoint,
    save_checkpoint,
    step_generator,
    write_line,
)
from s2st.many_to_one.learning import Learner, Lesson
from s2st.many_to_one.networks import Networks, Plan, discriminator_of
from s2st.many_to_one.translator import Translator

from .config import Training
from .curves import draw_losses
from .lessons import Pictures, drawn_lesson
from .runs import FACTS, read_facts, write_facts
from .samples import show

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"
SAMPLES, LOSSES = "samples", "losses.png"
BETAS = (0.0, 0.99)


@dataclass(frozen=True)
class Optimizers:
    """One for each network, as mapping and encoder do not move in the pass of references."""

    generator: torch.optim.Adam
    mapping: torch.optim.Adam
    encoder: torch.optim.Adam
    discriminator: torch.optim.Adam

    @classmethod
    def of(cls, learner: Learner) -> Optimizers:
        config, networks = learner.config, learner.networks

        def adam(module: nn.Module, rate: float) -> torch.optim.Adam:
            decay = config.decay
            return torch.optim.Adam(module.parameters(), rate, betas=BETAS, weight_decay=decay)

        return cls(
            adam(networks.generator, config.rate),
            adam(networks.mapping, config.mapping_rate),
            adam(networks.encoder, config.rate),
            adam(learner.discriminator, config.rate),
        )

    @property
    def all(self) -> list[torch.optim.Adam]:
        return [self.generator, self.mapping, self.encoder, self.discriminator]


def taught(
    learner: Learner, optimizers: Optimizers, lesson: Lesson, share: float
) -> dict[str, float]:
    """One step on a lesson; every loss, summed over its two passes."""
    told: dict[str, float] = {}

    def descend(losses: Mapping[str, Tensor], moving: list[torch.optim.Adam]) -> None:
        for name, one in losses.items():
            told[name] = told.get(name, 0.0) + one.item()
        if not all(map(torch.isfinite, losses.values())):
            raise FloatingPointError(
                f"The losses are {told}, but must be finite: take a lower learning rate than "
                f"{learner.config.rate:g} (--rate)."
            )
        for optimizer in optimizers.all:
            optimizer.zero_grad(set_to_none=True)
        sum(losses.values(), torch.zeros(())).backward()
        for optimizer in moving:
            optimizer.step()

    learner.discriminator.requires_grad_(True)
    for losses in learner.discriminator_losses(lesson):
        descend(losses, [optimizers.discriminator])
    learner.discriminator.requires_grad_(False)
    passes = [
        [optimizers.generator, optimizers.mapping, optimizers.encoder],
        [optimizers.generator],
    ]
    for moving, losses in zip(passes, learner.generator_losses(lesson, share), strict=True):
        descend(losses, moving)
    return told


def train(
    data: Pictures,
    plan: Plan,
    training: Training,
    asked: Mapping[str, Any],
    folder: Path,
    device: torch.device,
    resume: bool,
) -> Translator:
    """Train with the seed in `asked`, which names the run; checkpoint, log and pictures lie in
    `folder`. A step depends on its number and the seed alone, so a resumed run draws what an
    unbroken one would.
    """
    seed = int(asked["seed"])
    drawing = torch.Generator().manual_seed(seed)
    networks, discriminator = Networks(plan, drawing), discriminator_of(plan, drawing)
    for one in (networks, discriminator):
        one.to(device, memory_format=torch.channels_last)  # a tenth faster on CPUs
    arithmetic = fast_arithmetic if training.coarse else nullcontext
    learner = Learner(plan, networks, discriminator, training.learning)
    optimizers, kept = Optimizers.of(learner), Networks(plan, drawing).to(device)
    average = {name: one.detach().clone() for name, one in networks.state_dict().items()}
    whole = nn.ModuleDict({"networks": networks, "discriminator": learner.discriminator})
    facts = {**asked, **plan.facts, "training": asdict(training)}
    checkpoint, log = folder / CHECKPOINT, folder / LOG
    first = 0
    if resume and checkpoint.exists():
        check_same(folder, facts)
        first = restore_checkpoint(checkpoint, whole, average, optimizers.all)
        keep_lines(log, first)
    else:
        log.unlink(missing_ok=True)
        write_facts(folder, facts)

    def so_far(step: int) -> Translator:
        kept.load_state_dict(average)
        spent = sum(line["seconds"] for line in lines_of(log))
        made = {"steps": step, "seconds": round(spent, 1), "device": device.type}
        return Translator(plan, kept, {**asked, "batch": training.batch, **made})

    recent: list[dict[str, float]] = []
    began = time.perf_counter()
    steps = training.steps
    bar = tqdm(range(first, steps), desc=str(asked["arm"]), initial=first, total=steps)
    for step in bar:
        lesson = drawn_lesson(data, plan, training.batch, step_generator(seed, step))
        with arithmetic(device):
            recent.append(taught(learner, optimizers, lesson.to(device), step / steps))
        averaged(average, networks, step, training.learning.average)
        if is_due(step, training.log_every, steps):
            means = {name: mean_of(recent, name) for name in recent[-1]}
            spent, began = time.perf_counter() - began, time.perf_counter()
            write_line(log, step=step + 1, seconds=spent, **means)
            bar.set_postfix({name: f"{value:.2f}" for name, value in means.items()})
            recent.clear()
        if is_due(step, training.save_every, steps):
            save_checkpoint(checkpoint, whole, average, optimizers.all, step + 1)
        if is_due(step, training.show_every, steps):
            show(so_far(step + 1), data, folder / SAMPLES / f"{step + 1:07}.jpg")
            draw_losses(lines_of(log) or [{"step": step + 1, **recent[-1]}], folder / LOSSES)
    return so_far(steps)


def mean_of(lines: list[dict[str, float]], name: str) -> float:
    return sum(one[name] for one in lines) / len(lines)


def lines_of(log: Path) -> list[dict[str, float]]:
    """What was logged."""
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def keep_lines(log: Path, step: int) -> None:
    """Leave out what was logged after the checkpoint: it is done once more."""
    lines = [json.dumps(one) for one in lines_of(log) if one["step"] <= step]
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def check_same(folder: Path, facts: Mapping[str, Any]) -> None:
    """A run goes on as what it was begun as."""
    begun = read_facts(folder)
    wanted = json.loads(json.dumps(facts))
    other = [name for name in wanted if wanted[name] != begun.get(name)]
    if other:
        raise ValueError(
            f"The run in {folder.name} was begun with other {', '.join(other)} ({FACTS} says "
            f"which), so it cannot go on with these: ask for the same, or leave --resume out to "
            f"begin anew."
        )
