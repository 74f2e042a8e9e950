"""What translates: generator, mapping and style encoder, and the plan they are built by."""

from __future__ import annotations

from collections.abc import Mapping as Facts
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import start
from .design import Design
from .discriminator import Discriminator
from .domains import COLOURS, Domain
from .generator import Generator
from .styles import Mapping, StyleEncoder
from .switches import Switches

LEAST_DOMAINS = 2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Between which domains, how large, and with which of the changes."""

    domains: tuple[Domain, ...]
    design: Design
    switches: Switches

    def __post_init__(self) -> None:
        names = [one.name for one in self.domains]
        if len(names) < LEAST_DOMAINS or len(set(names)) < len(names):
            raise ValueError(
                f"The domains are {', '.join(names) or 'none'}, but there must be at least "
                f"{LEAST_DOMAINS} of different names."
            )

    @property
    def facts(self) -> dict[str, Any]:
        """In plain values, for a file."""
        domains = [one.facts for one in self.domains]
        return {
            "domains": domains,
            "design": asdict(self.design),
            "switches": asdict(self.switches),
        }

    @classmethod
    def of(cls, facts: Facts[str, Any]) -> Plan:
        """What `facts` told."""
        domains = tuple(map(Domain.of, facts["domains"]))
        design, switches = Design(**facts["design"]), Switches(**facts["switches"])
        return cls(domains=domains, design=design, switches=switches)

    @property
    def channels(self) -> list[int]:
        """Of each domain's own layers, or of those that all share."""
        own = [one.channels for one in self.domains]
        return own if self.switches.channel_mapping else [COLOURS]

    def takes_style(self, number: int) -> bool:
        """Whether a style has any say in what a translation to this domain becomes."""
        return self.domains[number].many or not self.switches.style_zero

    def into(self, number: int, pictures: Tensor) -> Tensor:
        """Pictures of a domain as networks see them."""
        if not self.switches.channel_mapping:
            return pictures * 2 - 1
        made = self.domains[number].channels_of(pictures)
        return F.pad(made, (0, 0, 0, 0, 0, max(self.channels) - made.shape[1]))

    def out(self, number: int, maps: Tensor) -> Tensor:
        """What networks have made of a domain, as pictures."""
        if not self.switches.channel_mapping:
            return ((maps + 1) / 2).clamp(0, 1)
        domain = self.domains[number]
        return domain.pictures_of(maps[:, : domain.channels])


class Networks(nn.Module):
    """The three that translate; untrained until weights are loaded or learnt."""

    def __init__(self, plan: Plan, generator: torch.Generator) -> None:
        super().__init__()
        count, channels = len(plan.domains), plan.channels
        with torch.random.fork_rng(devices=[]):  # torch draws weights that `start` draws anew
            self.generator = Generator(plan.design, channels, plan.switches.demodulation)
            self.mapping = Mapping(plan.design, count)
            self.encoder = StyleEncoder(plan.design, channels, count)
        start(self, generator)
        takes = [float(plan.takes_style(number)) for number in range(count)]
        self.register_buffer("takes", torch.tensor(takes), persistent=False)

    def drawn(self, noise: Tensor, domains: Tensor) -> Tensor:
        """Styles from noise; 0 where a domain takes none."""
        styles: Tensor = self.mapping(noise, domains)
        return self._taken(styles, domains)

    def read(self, pictures: Tensor, domains: Tensor) -> Tensor:
        """Styles of pictures; 0 where a domain takes none."""
        styles: Tensor = self.encoder(pictures, domains)
        return self._taken(styles, domains)

    def forward(self, pictures: Tensor, sources: Tensor, targets: Tensor, styles: Tensor) -> Tensor:
        made: Tensor = self.generator(pictures, sources, targets, styles)
        return made

    def _taken(self, styles: Tensor, domains: Tensor) -> Tensor:
        takes = self.get_buffer("takes")
        return styles * takes[domains.to(takes.device)][:, None]


def discriminator_of(plan: Plan, generator: torch.Generator) -> Discriminator:
    """What the networks of this plan learn against."""
    with torch.random.fork_rng(devices=[]):
        made = Discriminator(plan.design, plan.channels, len(plan.domains))
    start(made, generator)
    return made
