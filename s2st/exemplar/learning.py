"""One step of training: what the paper asks of matching and prior, and what the renderer knows.

Matching learns from the condition and, after a warm-up, from the clean estimates of the prior,
which then learns to give estimates that match. Of the paper's losses two need VGG: the perceptual
one is left out, as the truth is known here, and the contextual one is taken from latents.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kit.settings import Settings, number
from ..look.exemplars import size_of
from .contextual import contextual_loss
from .losses import Met, class_loss, cycle_loss, domain_loss, place_loss
from .networks import Networks

TEMPERATURE = 0.005  # tau of the paper


@dataclass(frozen=True, kw_only=True)
class LearningConfig(Settings):
    domain: float = number(10.0, 0.0, 1e3, "Condition and photo have the same features.")
    cycle: float = number(1.0, 0.0, 1e3, "A warped exemplar comes back.")
    iterated: float = number(1.0, 0.0, 1e3, "The same once the estimate was matched.")
    feature: float = number(10.0, 0.0, 1e3, "The estimate has the features of the true photo.")
    diffusion: float = number(1.0, 0.0, 1e3, "The clean estimate is the true photo.")
    contextual: float = number(0.1, 0.0, 1e3, "The estimate is made of the exemplar's patches.")
    classes: float = number(1.0, 0.0, 1e3, "Like is matched with like; ours.")
    places: float = number(0.1, 0.0, 1e3, "Known places are found; ours.")
    warm_up: float = number(0.2, 0.0, 1.0, "Share of the run in which estimates are not matched.")
    rate: float = number(1e-3, 0.0, 1.0, "Highest learning rate.")
    average: float = number(0.998, 0.0, 0.99999, "How slowly the weights that are kept follow.")


@dataclass(frozen=True)
class Lesson:
    """A batch, with all that is drawn for it."""

    shown: Tensor  # [B, K, H, W], the conditions, one channel a class
    truth: Tensor  # [B, C, h, w], latents of their photos in the exemplars' looks
    exemplars: Tensor  # [B, C, h, w]
    classes: Tensor  # [B, K, h, w], each class's share of an exemplar's cell
    places: Tensor  # [B, h * w], where each cell is in the exemplar, or UNKNOWN
    noise: Tensor  # [B, C, h, w]
    sigma: Tensor  # [B]
    given: Tensor  # [B], 1 where the prior sees the warp
    begun: Tensor  # [B], 1 where noise is on the warp, as sampling begins, 0 where on the truth

    def to(self, device: torch.device) -> Lesson:
        """On a device."""
        return Lesson(*(getattr(self, one.name).to(device) for one in fields(self)))


@dataclass(frozen=True)
class Learner:
    """The networks and what is asked of them."""

    networks: Networks
    config: LearningConfig

    def losses(self, lesson: Lesson, share: float) -> dict[str, Tensor]:
        """The means over a batch, weighted, after a share of the run; their sum is minimised."""
        networks = self.networks
        photo, others = (networks.of_photo(one) for one in (lesson.truth, lesson.exemplars))
        maps = networks.condition(lesson.shown)
        met = Met(networks.of_condition(maps), others, TEMPERATURE)
        warp, found = self._matched(met, lesson, "cycle")
        domain = domain_loss(met.own, photo)
        clean = self._estimate(lesson, warp.detach())
        found |= {"domain": domain, "diffusion": diffusion_loss(clean, lesson)}
        if share >= self.config.warm_up:
            again = Met(networks.of_estimate(clean, maps), others, TEMPERATURE)
            _, more = self._matched(again, lesson, "iterated")
            for name in ("classes", "places"):
                found[name] = (found[name] + more.pop(name)) / 2
            found |= {**more, "feature": domain_loss(again.own, photo.detach())}
            found["contextual"] = contextual_loss(clean, lesson.exemplars)
        return {name: getattr(self.config, name) * one.mean() for name, one in found.items()}

    def _matched(self, met: Met, lesson: Lesson, cycle: str) -> tuple[Tensor, dict[str, Tensor]]:
        """(the warped exemplars, the losses of matching)."""
        counts = [lesson.exemplars.shape[1], lesson.classes.shape[1]]
        both = met.warp(torch.cat([lesson.exemplars, lesson.classes], dim=1))
        warp, brought = both.split(counts, dim=1)
        own = F.adaptive_avg_pool2d(lesson.shown, size_of(lesson.truth))
        return warp, {
            cycle: cycle_loss(met, warp, lesson.exemplars),
            "classes": class_loss(brought, own, lesson.classes),
            "places": place_loss(met, lesson.places),
        }

    def _estimate(self, lesson: Lesson, warp: Tensor) -> Tensor:
        """The prior's clean estimate, of the truth or of the warp under noise."""
        begun, level = (one[:, None, None, None] for one in (lesson.begun, lesson.sigma))
        x = lesson.truth.lerp(warp, begun) + level * lesson.noise
        clean: Tensor = self.networks.prior(x, lesson.sigma, warp, lesson.given)
        return clean


def diffusion_loss(clean: Tensor, lesson: Lesson) -> Tensor:
    """[B]: squared error of the clean estimate; in units of what noise leaves open, where it was on
    the truth, so that every noise level counts alike.
    """
    apart = (clean - lesson.truth).square().flatten(1).mean(dim=1)
    open_to = lesson.sigma.square() / (1 + lesson.sigma.square())
    return torch.where(lesson.begun > 0, apart, apart / open_to)
