"""From kept pictures to numbers: every axis of every method, per scene or per resampled set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from .axes import (
    COLOUR,
    EDGES,
    FRECHET,
    LABELS,
    PERCEPTUAL,
    PSNR,
    SLOPES,
    SSIM,
    TRUE_EDGES,
    Axis,
)
from .hashes import KEPT, files_hash, short_hash
from .judges import Examined, Judge
from .lab import Pair
from .metrics import (
    colour_distribution,
    distribution_distance,
    edge_agreement,
    frechet_distance,
    label_agreement,
    psnr,
    slope_distribution,
    ssim,
)
from .scenes import label_maps, rendered
from .statistics import Interval, bootstrap_interval, mean_interval, resampled
from .store import Made, kept

CHUNK = 32
Scores = dict[str, Tensor]  # by an axis' key: [S], one value per scene, or [1 + R] of a set


@dataclass(frozen=True)
class Look:
    """What a domain looks like: its pooled distributions and its features."""

    colours: Tensor  # [3, levels]
    slopes: Tensor  # [1, levels]
    features: Tensor  # [n, D]


def interval(values: Tensor, axis: Axis) -> Interval:
    return bootstrap_interval(values) if axis.of_set else mean_interval(values)


def advantage(ours: Scores, theirs: Scores, axis: Axis) -> Interval:
    """How far ours is ahead on the same scenes; positive is better."""
    return interval(axis.better * (ours[axis.key] - theirs[axis.key]), axis)


def judged(
    batches: Sequence[Made],
    pair: Pair,
    seeds: Sequence[int],
    examined: Examined,
    pool: tuple[int, ...],
) -> Scores:
    """A method's scores for one pair, worked out once for the same pictures."""
    results, here = torch.cat([one.floats for one in batches]), Path(__file__).parent
    code = files_hash(here / "judging.py", here / "metrics.py", here / "statistics.py")
    facts = [_digest(results), pair.name, list(seeds), examined.key, list(pool), code]
    path = KEPT / "judged" / f"{short_hash(facts)}.safetensors"
    look = look_of(examined.judge, pool, pair.target)
    return kept(path, lambda: scores_of(results, pair, seeds, examined.judge, look))


def _digest(pictures: Tensor) -> str:
    return hashlib.sha256(pictures.numpy().tobytes()).hexdigest()


@cache
def look_of(judge: Judge, seeds: tuple[int, ...], domain: str) -> Look:
    """A domain, from scenes that no method is given."""
    pictures = rendered(seeds, domain)
    return Look(
        colour_distribution(pictures).mean(dim=0),
        slope_distribution(pictures).mean(dim=0),
        features_of(judge, pictures),
    )


def features_of(judge: Judge, pictures: Tensor) -> Tensor:
    return _by_parts(judge.features, pictures).double()


def scores_of(
    results: Tensor, pair: Pair, seeds: Sequence[int], judge: Judge, look: Look
) -> Scores:
    """Every axis for results [S, 3, H, W] of these scenes."""
    source, truth = rendered(seeds, pair.source), rendered(seeds, pair.target)
    values = {
        PSNR: psnr(results, truth),
        SSIM: ssim(results, truth),
        PERCEPTUAL: _by_parts(judge.perceptual, results, truth),
        EDGES: edge_agreement(results, source),
        TRUE_EDGES: edge_agreement(results, truth),
        LABELS: label_agreement(_by_parts(judge.label_maps, results), label_maps(seeds)),
        COLOUR: pooled_distance(colour_distribution(results), look.colours),
        SLOPES: pooled_distance(slope_distribution(results), look.slopes),
        FRECHET: set_frechet(features_of(judge, results), look.features),
    }
    return {axis.key: value.double().contiguous() for axis, value in values.items()}


def _by_parts(measure: Callable[..., Tensor], *pictures: Tensor) -> Tensor:
    parts = zip(*(one.split(CHUNK) for one in pictures), strict=True)
    return torch.cat([measure(*part) for part in parts])


def pooled_distance(distributions: Tensor, look: Tensor) -> Tensor:
    """Distance of a set's pooled distribution [S, C, levels] from a look's, [1 + R]."""
    scenes = len(distributions)

    def measure(drawn: Tensor) -> Tensor:
        shares = torch.zeros(len(drawn), scenes, dtype=torch.float64)
        shares.scatter_add_(1, drawn, torch.full(drawn.shape, 1 / scenes, dtype=torch.float64))
        pooled = (shares @ distributions.flatten(1)).view(-1, *distributions.shape[1:])
        return distribution_distance(pooled, look)

    return resampled(measure, scenes)


def set_frechet(features: Tensor, look: Tensor) -> Tensor:
    """The Frechet distance of a set's features [S, D] from a look's, [1 + R]."""
    return resampled(lambda drawn: frechet_distance(features[drawn], look), len(features))
