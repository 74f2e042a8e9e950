"""The training of a scene network: step by step, averaged, logged, shown, saved and resumed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from demo_world.training.config import StageConfig
from demo_world.training.loop import (
    averaged,
    descend,
    is_due,
    learning_rate,
    optimizers_of,
    restore_checkpoint,
    save_checkpoint,
    step_generator,
    write_line,
)
from s2st.exemplar.learning import Learner
from s2st.exemplar.networks import Networks, Plan
from s2st.exemplar.scene_network import SceneNetwork

from ..curves import draw_losses
from ..runs import write_facts
from ..training import (
    CHECKPOINT,
    LOG,
    LOSSES,
    SAMPLES,
    check_same,
    keep_lines,
    lines_of,
    mean_of,
)
from .config import Training
from .lessons import drawn_lesson
from .samples import show
from .world import World


def train(
    world: World,
    plan: Plan,
    training: Training,
    asked: Mapping[str, Any],
    folder: Path,
    device: torch.device,
    resume: bool,
) -> SceneNetwork:
    """Train with the seed in `asked`; checkpoint, log and pictures lie in `folder`.

    A step depends on its number and the seed alone, so a resumed run draws what an unbroken one
    would.
    """
    seed, steps = int(asked["seed"]), training.steps
    networks, kept = (
        Networks(plan, torch.Generator().manual_seed(seed)).to(device) for _ in range(2)
    )
    networks.to(memory_format=torch.channels_last)  # an eighth faster on CPUs
    learner, optimizers = Learner(networks, training.learning), optimizers_of(networks)
    average = {name: one.detach().clone() for name, one in networks.state_dict().items()}
    facts = {**asked, **plan.facts, "training": asdict(training)}
    checkpoint, log = folder / CHECKPOINT, folder / LOG
    first = 0
    if resume and checkpoint.exists():
        check_same(folder, facts)
        first = restore_checkpoint(checkpoint, networks, average, optimizers)
        keep_lines(log, first)
    else:
        log.unlink(missing_ok=True)
        write_facts(folder, facts)

    def so_far(step: int) -> SceneNetwork:
        kept.load_state_dict(average)
        spent = sum(line["seconds"] for line in lines_of(log))
        made = {"steps": step, "seconds": round(spent, 1), "device": device.type}
        return SceneNetwork(plan, kept, {**asked, "batch": training.batch, **made})

    stage, recent, began = stage_of(training), [], time.perf_counter()
    bar = tqdm(range(first, steps), desc="exemplar", initial=first, total=steps)
    for step in bar:
        lesson = drawn_lesson(world, plan, training, step_generator(seed, step)).to(device)
        losses = learner.losses(lesson, step / steps)
        total = sum(losses.values(), torch.zeros((), device=device))
        descend(networks, total, optimizers, learning_rate(stage, step))
        averaged(average, networks, step, training.learning.average)
        recent.append({name: one.item() for name, one in losses.items()})
        if is_due(step, training.log_every, steps):
            means = {name: mean_of(recent, name) for name in recent[0]}
            spent, began = time.perf_counter() - began, time.perf_counter()
            write_line(log, step=step + 1, seconds=spent, **means)
            bar.set_postfix({name: f"{value:.2f}" for name, value in means.items()})
            recent.clear()
        if is_due(step, training.save_every, steps):
            save_checkpoint(checkpoint, networks, average, optimizers, step + 1)
        if is_due(step, training.show_every, steps):
            show(so_far(step + 1), world, folder / SAMPLES / f"{step + 1:07}.jpg")
            draw_losses(lines_of(log) or [{"step": step + 1, **recent[-1]}], folder / LOSSES)
    return so_far(steps)


def stage_of(training: Training) -> StageConfig:
    """How the learning rate rises, stays and falls."""
    return StageConfig(
        steps=training.steps,
        batch=training.batch,
        learning_rate=training.learning.rate,
        warm_up=training.warm_up,
        average_decay=training.learning.average,
        cool_down=0.5,
    )
