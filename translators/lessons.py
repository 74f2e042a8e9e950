"""What a translator learns from: pictures of several domains that show the same items."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from s2st.many_to_one.domains import Domain
from s2st.many_to_one.learning import Lesson
from s2st.many_to_one.networks import Plan


class Pictures(Protocol):
    """The same items in every domain: digits, or scenes."""

    @property
    def domains(self) -> tuple[Domain, ...]: ...

    @property
    def count(self) -> int:
        """How many items there are."""

    def drawn(self, domain: int, items: Tensor, generator: torch.Generator) -> Tensor:
        """These items in a domain, [n, 3, H, W] in 0..1; what is free there is drawn."""


def mixed(
    data: Pictures, plan: Plan, domains: Tensor, items: Tensor, generator: torch.Generator
) -> Tensor:
    """Each item in a domain of its own, as networks see it: [n, C, H, W]."""
    parts: list[Tensor] = [torch.empty(0)] * len(items)
    for number in range(len(plan.domains)):
        places = (domains == number).nonzero()[:, 0]
        if len(places):
            seen = plan.into(number, data.drawn(number, items[places], generator))
            for place, one in zip(places.tolist(), seen, strict=True):
                parts[place] = one
    return torch.stack(parts)


def drawn_lesson(data: Pictures, plan: Plan, batch: int, generator: torch.Generator) -> Lesson:
    """Pictures of random domains on their way to random ones, and references that show others."""

    def numbers(below: int) -> Tensor:
        return torch.randint(below, (batch,), generator=generator)

    def noise() -> Tensor:
        return torch.randn(batch, plan.design.latent, generator=generator)

    sources, targets = numbers(len(plan.domains)), numbers(len(plan.domains))
    items, others, more = (numbers(data.count) for _ in range(3))
    paired = plan.switches.supervised
    return Lesson(
        pictures=mixed(data, plan, sources, items, generator),
        sources=sources,
        targets=targets,
        noise=(noise(), noise()),
        references=(
            mixed(data, plan, targets, others, generator),
            mixed(data, plan, targets, more, generator),
        ),
        answers=mixed(data, plan, targets, items, generator) if paired else None,
    )
