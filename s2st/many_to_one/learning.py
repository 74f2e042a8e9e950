"""One step of training, as StarGAN v2 has it (Choi et al., 1912.01865) and the switches change it.

L = adversarial + style - diversity + cycle (+ supervised), each mean absolute; every step runs
discriminator and generator twice: with styles drawn from noise, and with styles of references.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..kit.settings import Settings, number
from .discriminator import Discriminator
from .losses import apart, made_loss, real_loss, slope_penalty, styles_apart
from .networks import Networks, Plan


@dataclass(frozen=True, kw_only=True)
class LearningConfig(Settings):
    style: float = number(1.0, 0.0, 100.0, "How much it counts that a given style is found again.")
    diversity: float = number(
        1.0, 0.0, 100.0, "How much it counts at first that two styles give different pictures."
    )
    diversity_end: float = number(
        1.0, 0.01, 1.0, "Share of the run after which the diversity loss has fallen to 0."
    )
    cycle: float = number(1.0, 0.0, 100.0, "How much it counts to come back to the source.")
    pairs: float = number(1.0, 0.0, 100.0, "How much a known answer counts, if supervised.")
    slope: float = number(1.0, 0.0, 100.0, "R1: how flat the discriminator is at real pictures.")
    rate: float = number(1e-4, 0.0, 1.0, "Learning rate of Adam.")
    mapping_rate: float = number(1e-6, 0.0, 1.0, "Learning rate of what draws styles.")
    decay: float = number(1e-4, 0.0, 1.0, "Weight decay.")
    average: float = number(0.999, 0.0, 0.99999, "How slowly the weights that are kept follow.")

    def diversity_at(self, share: float) -> float:
        """The weight after a share of the run: a straight line down to 0."""
        return self.diversity * max(0.0, 1.0 - share / self.diversity_end)


@dataclass(frozen=True)
class Lesson:
    """A batch, as networks see it; every second of a pair is for the second style."""

    pictures: Tensor  # [B, C, H, W]
    sources: Tensor  # [B], their domains
    targets: Tensor  # [B], wanted domains
    noise: tuple[Tensor, Tensor]  # [B, latent]
    references: tuple[Tensor, Tensor]  # pictures of the wanted domains
    answers: Tensor | None = None  # the paired pictures, if supervised

    def to(self, device: torch.device) -> Lesson:
        """On a device."""
        (n1, n2), (r1, r2) = self.noise, self.references
        answers = None if self.answers is None else self.answers.to(device)
        return Lesson(
            self.pictures.to(device),
            self.sources.to(device),
            self.targets.to(device),
            (n1.to(device), n2.to(device)),
            (r1.to(device), r2.to(device)),
            answers,
        )


@dataclass(frozen=True)
class Learner:
    """The networks with what they learn against, and the plan that says what is asked of them."""

    plan: Plan
    networks: Networks
    discriminator: Discriminator
    config: LearningConfig

    def discriminator_losses(self, lesson: Lesson) -> Iterator[dict[str, Tensor]]:
        """Of both passes; what is real is judged anew in each, as the paper does."""
        for styles, _ in self._styles(lesson):
            with torch.no_grad():
                made = self._made(lesson, next(styles))
            real = lesson.pictures.detach().requires_grad_()
            told = self.discriminator(real, lesson.sources)
            fooled = self.discriminator(made, lesson.targets)
            yield {
                "real": real_loss(told).mean(),
                "made": made_loss(fooled).mean(),
                "slope": self.config.slope * slope_penalty(told, real).mean(),
            }

    def generator_losses(self, lesson: Lesson, share: float) -> Iterator[dict[str, Tensor]]:
        """Of both passes, after a share of the run; mapping and encoder learn in the first."""
        for styles, first in self._styles(lesson):
            yield self._generator_loss(lesson, styles, first, share)

    def _generator_loss(
        self, lesson: Lesson, styles: Iterator[Tensor], first: bool, share: float
    ) -> dict[str, Tensor]:
        config, networks = self.config, self.networks
        wanted, own = self._channels(lesson.targets), self._channels(lesson.sources)
        with torch.set_grad_enabled(first):
            style, other = next(styles), next(styles)
        made = self._made(lesson, style)
        with torch.no_grad():
            otherwise = self._made(lesson, other)
        back = networks(
            made, lesson.targets, lesson.sources, networks.read(lesson.pictures, lesson.sources)
        )
        found = networks.read(made, lesson.targets)
        differs = self._asks_difference(lesson.targets) * apart(made, otherwise, wanted)
        losses = {
            "adversarial": real_loss(self.discriminator(made, lesson.targets)).mean(),
            "style": config.style * styles_apart(found, style).mean(),
            "diversity": -config.diversity_at(share) * differs.mean(),
            "cycle": config.cycle * apart(back, lesson.pictures, own).mean(),
        }
        if self.plan.switches.supervised and lesson.answers is not None:
            missed = self._has_answer(lesson.targets) * apart(made, lesson.answers, wanted)
            losses["pairs"] = config.pairs * missed.mean()
        return losses

    def _styles(self, lesson: Lesson) -> Iterator[tuple[Iterator[Tensor], bool]]:
        """For each pass: its styles one by one, and whether it is the pass of noise."""
        networks, targets = self.networks, lesson.targets
        yield (networks.drawn(one, targets) for one in lesson.noise), True
        yield (networks.read(one, targets) for one in lesson.references), False

    def _made(self, lesson: Lesson, style: Tensor) -> Tensor:
        made: Tensor = self.networks(lesson.pictures, lesson.sources, lesson.targets, style)
        return made

    def _channels(self, domains: Tensor) -> Tensor:
        own = self.plan.channels * (len(self.plan.domains) // len(self.plan.channels))
        return torch.tensor(own, device=domains.device)[domains].float()

    def _has_answer(self, domains: Tensor) -> Tensor:
        """1 for pictures on the way to a domain with one answer, [B]."""
        one = [0.0 if domain.many else 1.0 for domain in self.plan.domains]
        return torch.tensor(one, device=domains.device)[domains]

    def _asks_difference(self, domains: Tensor) -> Tensor:
        """1 for pictures that two styles shall make different, [B]."""
        everywhere = torch.ones(len(domains), device=domains.device)
        if not self.plan.switches.diversity_where_many:
            return everywhere
        return everywhere - self._has_answer(domains)
