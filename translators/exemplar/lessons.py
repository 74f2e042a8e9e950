"""What a step learns from: label maps, their photos in a look, and exemplars of that look.

An exemplar shows another scene, or the very photo moved to the side, whose places are then known.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from demo_world import LABELS
from s2st.exemplar.learning import Lesson
from s2st.exemplar.losses import UNKNOWN
from s2st.exemplar.networks import Plan
from s2st.exemplar.sampling import FIRST, LAST, sigma_at
from s2st.kit.legend import one_hot

from .config import Training
from .world import World

SKY = LABELS.index("sky")  # has no places of its own
LOWEST, HIGHEST = 0.03, 1.2  # noise levels that the prior learns


def drawn_lesson(
    world: World, plan: Plan, training: Training, generator: torch.Generator
) -> Lesson:
    """Scenes in random looks."""
    batch = training.batch

    def chance(share: float) -> Tensor:
        return (torch.rand(batch, generator=generator) < share).float()

    scenes, others, looks = (
        torch.randint(count, (batch,), generator=generator)
        for count in (world.count, world.count - 1, world.looks)
    )
    others = others + (others >= scenes).long()  # never the scene itself
    truth = world.latents[scenes, looks].float()
    shown = one_hot(world.classes[scenes], plan.classes)
    cells = shares(shown, truth)
    exemplars, places = moved(truth, cells, generator)
    real = chance(training.real)[:, None, None, None] > 0
    far = world.latents[others, looks].float()
    far_cells = shares(one_hot(world.classes[others], plan.classes), far)
    sigma, begun = levels(chance(training.begun), generator)
    return Lesson(
        shown=shown,
        truth=truth,
        exemplars=torch.where(real, far, exemplars[0]),
        classes=torch.where(real, far_cells, exemplars[1]),
        places=torch.where(real[:, 0, 0], UNKNOWN, places),
        noise=torch.randn(truth.shape, generator=generator),
        sigma=sigma,
        given=torch.maximum(chance(training.given), begun),
        begun=begun,
    )


def shares(shown: Tensor, latents: Tensor) -> Tensor:
    """Of each class in every cell, [B, K, h, w]."""
    return F.adaptive_avg_pool2d(shown, latents.shape[-2:])


def moved(
    truth: Tensor, cells: Tensor, generator: torch.Generator
) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """((photos rolled to the right by whole cells, their classes), where each cell has gone)."""
    height, width = truth.shape[-2:]
    by = torch.randint(width, (len(truth),), generator=generator).tolist()
    rolled = [
        torch.stack([one.roll(far, dims=-1) for one, far in zip(maps, by, strict=True)])
        for maps in (truth, cells)
    ]
    here = torch.arange(height * width).view(height, width)
    gone = torch.stack([here.roll(-far, dims=-1) for far in by])
    known = gone.where(cells[:, SKY] < 0.5, UNKNOWN).flatten(1)
    return (rolled[0], rolled[1]), known


def levels(begun: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(noise levels, even in their logarithm; where noise is on the warp, as sampling has it)."""
    low, high = (torch.full_like(begun, math.log(one)) for one in (LOWEST, HIGHEST))
    first, last = (torch.full_like(begun, math.log(sigma_at(one))) for one in (FIRST, LAST))
    even = torch.rand(len(begun), generator=generator)
    sigma = torch.where(begun > 0, last.lerp(first, even), low.lerp(high, even)).exp()
    return sigma, begun
