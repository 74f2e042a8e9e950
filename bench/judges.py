"""A judge of our own, trained on renders only: which domain is this, and what is at every pixel?

One small network answers both. Its pooled features give the Frechet distance, its inner maps a
perceptual distance (in the manner of LPIPS, Zhang et al. 1801.03924, but with no human ratings
behind it, so it is called "perceptual" and nothing more), its label map the label agreement.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Tensor, nn

from demo_world import DOMAINS, LABELS, REFERENCE_SEEDS, TRAIN_SEEDS, labels, render_all, scene

from .store import KEPT, ROOT, files_hash, short_hash, write_whole

FOLDER = KEPT / "judges"
HELD_OUT = REFERENCE_SEEDS[2000:]


@dataclass(frozen=True, kw_only=True)
class JudgeConfig:
    """The size of the network and of its training; the default takes about two minutes."""

    scenes: int = 200  # each in all six domains
    held_out: int = 16
    steps: int = 1600
    batch: int = 24
    crop: int = 64
    channels: tuple[int, int, int] = (16, 32, 48)
    learning_rate: float = 4e-3
    noise: float = 0.03  # results are not as clean as renders
    seed: int = 0


SMALL = JudgeConfig(scenes=12, held_out=4, steps=150, batch=12)  # of a quick run


class Judge(nn.Module):
    """Three halvings down with features on the way, and up again to a label map."""

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        one, two, three = channels
        self.first = _halving(3, one)
        self.second = _halving(one, two)
        self.third = _halving(two, three)
        self.domain = nn.Linear(three, len(DOMAINS))
        self.up_third = nn.Conv2d(three, two, 1)
        self.up_second = nn.Conv2d(two, two, 3, padding=1)
        self.up_first = nn.Conv2d(two + one, 4 * len(LABELS), 3, padding=1)

    def maps(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at a half, a quarter and an eighth of the size."""
        first = self.first(pictures * 2 - 1)
        second = self.second(first)
        return first, second, self.third(second)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the domain [B, domains] and of every pixel's label [B, labels, H, W]."""
        first, second, third = self.maps(pictures)
        seen = F.relu(self.up_second(second + _doubled(self.up_third(third))))
        fine = self.up_first(torch.cat([_doubled(seen), first], dim=1))
        return self.domain(pooled(third)), F.pixel_shuffle(fine, 2)

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """What the Frechet distance compares, [B, D]."""
        return pooled(self.maps(pictures)[-1])

    @torch.no_grad()
    def label_maps(self, pictures: Tensor) -> Tensor:
        """The likeliest label of every pixel, [B, H, W]."""
        return self(pictures)[1].argmax(dim=1)

    @torch.no_grad()
    def perceptual(self, some: Tensor, others: Tensor) -> Tensor:
        """Squared distance of unit feature vectors, averaged over places and three scales, [B]."""
        pairs = zip(self.maps(some), self.maps(others), strict=True)
        return torch.stack([_apart(one, other) for one, other in pairs]).mean(dim=0)


def _halving(inputs: int, outputs: int) -> nn.Sequential:
    first = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
    second = nn.Conv2d(outputs, outputs, 3, padding=1)
    norms = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
    return nn.Sequential(first, norms[0], nn.ReLU(), second, norms[1], nn.ReLU())


def _doubled(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2, mode="nearest")


def pooled(maps: Tensor) -> Tensor:
    return maps.mean(dim=(2, 3))


def _apart(one: Tensor, other: Tensor) -> Tensor:
    difference = F.normalize(one, dim=1) - F.normalize(other, dim=1)
    return difference.square().sum(dim=1).mean(dim=(1, 2))


class Lessons(NamedTuple):
    """Renders of scenes in all domains: pictures [n, 6, 3, H, W] as uint8, labels [n, H, W]."""

    pictures: Tensor
    labels: Tensor


def lessons(seeds: Sequence[int]) -> Lessons:
    """Render what the judge learns from, or is examined with."""
    images = [torch.from_numpy(render_all(scene(seed), 128)) for seed in seeds]
    maps = [torch.from_numpy(labels(scene(seed), 128)) for seed in seeds]
    pictures = (torch.stack(images) * 255).round().to(torch.uint8).permute(0, 1, 4, 2, 3)
    return Lessons(pictures.contiguous(), torch.stack(maps).long())


def drawn(
    given: Lessons, config: JudgeConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: noisy crops, half of them mirrored, with their domains and labels."""
    count, crop, size = config.batch, config.crop, given.labels.shape[-1]
    scenes = torch.randint(len(given.labels), (count,), generator=generator)
    domains = torch.randint(len(DOMAINS), (count,), generator=generator)
    corners = torch.randint(size - crop + 1, (count, 2), generator=generator).tolist()
    cut = [(..., slice(top, top + crop), slice(left, left + crop)) for top, left in corners]
    places = list(zip(scenes.tolist(), domains.tolist(), cut, strict=True))
    pictures = torch.stack([given.pictures[one, domain][where] for one, domain, where in places])
    maps = torch.stack([given.labels[one][where] for one, _, where in places])
    if torch.rand((), generator=generator) < 0.5:
        pictures, maps = pictures.flip(-1), maps.flip(-1)
    strength = config.noise * torch.rand(count, 1, 1, 1, generator=generator)
    noise = torch.randn(pictures.shape, generator=generator) * strength
    return (pictures.float() / 255 + noise).clamp(0, 1), domains, maps


def trained(config: JudgeConfig) -> Judge:
    """Train a judge; the same one every time on one machine."""
    given = lessons(TRAIN_SEEDS[: config.scenes])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        judge = Judge(config.channels).to(memory_format=torch.channels_last)
    generator = torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.AdamW(judge.parameters(), config.learning_rate, weight_decay=1e-3)
    for step in range(config.steps):
        rate = 0.5 * (1 + math.cos(math.pi * step / config.steps)) * config.learning_rate
        optimizer.param_groups[0]["lr"] = rate
        pictures, domains, maps = drawn(given, config, generator)
        told, seen = judge(pictures.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(seen, maps) + 0.2 * F.cross_entropy(told, domains)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return judge.eval()


@torch.no_grad()
def accuracy(judge: Judge, config: JudgeConfig) -> dict[str, float]:
    """Share of held-out pictures with the right domain, and of pixels with the right label.

    The latter of all pixels, and of those of every label ("car" and so on).
    """
    given, domains = lessons(HELD_OUT[: config.held_out]), torch.arange(len(DOMAINS))
    seen = [judge(pictures.float() / 255) for pictures in given.pictures]
    told = torch.stack([logits.argmax(dim=1) for logits, _ in seen]) == domains
    truth = given.labels[:, None].expand(-1, len(DOMAINS), -1, -1)
    right = torch.stack([maps.argmax(dim=1) for _, maps in seen]) == truth
    shares = {"domains": told, "labels": right}
    shares |= {name: right[truth == place] for place, name in enumerate(LABELS)}
    return {name: one.double().mean().item() for name, one in shares.items()}


@dataclass(frozen=True)
class Examined:
    """A judge and how well it did on renders that it had not seen."""

    judge: Judge
    accuracy: dict[str, float]
    key: str


def open_judge(config: JudgeConfig | None = None, folder: Path = FOLDER) -> Examined:
    """The judge of this config, trained once and kept."""
    config = config or JudgeConfig()
    key = short_hash([asdict(config), files_hash(Path(__file__), ROOT / "demo_world")])
    path = folder / f"{key}.safetensors"
    if not path.is_file():
        judge = trained(config)
        weights = {name: value.contiguous() for name, value in judge.state_dict().items()}
        write_whole(path, weights, {"accuracy": json.dumps(accuracy(judge, config))})
    judge = Judge(config.channels)
    with safe_open(path, "pt") as file:
        judge.load_state_dict({name: file.get_tensor(name) for name in file.keys()})
        return Examined(judge.eval(), json.loads(file.metadata()["accuracy"]), key)
