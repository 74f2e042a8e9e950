"""The hidden channel: can the colour of a digit be read off the grey one that was made of it?

Networks that are asked to come back hide in the one answer what they need for it, in noise that
nobody sees (Chu et al., 1712.02950). A small network is trained to find it: which channel of the
tint is the brightest. The three are equally likely, so chance is a third.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANCE = 1 / 3
LOUDER = (5.0, 100.0)  # what differs from the true grey, for it may be a level in 255
SCORED = 256  # at once


@dataclass(frozen=True, kw_only=True)
class ProbeConfig:
    """How long the probe searches; the default takes about a minute."""

    steps: int = 600
    batch: int = 64
    width: int = 24
    rate: float = 3e-3
    seed: int = 0


def brightest(colours: Tensor) -> Tensor:
    """Which channel of a colour [n, 3] is the brightest, [n]."""
    return colours.argmax(dim=1)


class Probe(nn.Module):
    """Sees the grey digit, and louder what it has beside the true one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(9, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.tell = nn.Linear(4 * width, 3)

    def forward(self, made: Tensor, truth: Tensor) -> Tensor:
        loud = [(factor * (made - truth)).tanh() for factor in LOUDER]
        maps = self.look(torch.cat([made, *loud], dim=1))
        return self.tell(torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1))


@dataclass(frozen=True)
class Shown:
    """Grey digits made of coloured ones, the true ones, and which channel was brightest."""

    made: Tensor  # [n, 3, H, W]
    truth: Tensor
    brightest: Tensor  # [n]

    def at(self, places: Tensor) -> Shown:
        return Shown(self.made[places], self.truth[places], self.brightest[places])


def probe_accuracy(taught: Shown, held: Shown, config: ProbeConfig | None = None) -> float:
    """The share of held-out digits of which a probe trained on the others names the channel."""
    config = config or ProbeConfig()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        probe = Probe(config.width)
    generator = torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.Adam(probe.parameters(), config.rate)
    for _ in range(config.steps):
        some = taught.at(torch.randint(len(taught.made), (config.batch,), generator=generator))
        loss = F.cross_entropy(probe(some.made, some.truth), some.brightest)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    places = torch.arange(len(held.made)).split(SCORED)
    with torch.no_grad():
        told = torch.cat([probe(held.made[at], held.truth[at]).argmax(dim=1) for at in places])
    return float((told == held.brightest).double().mean())
