"""From kept pictures to numbers: every axis of every method, per scene or per resampled set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .axes import (
    COLOUR,
    EDGES,
    FRECHET,
    LABELS,
    PERCEPTUAL,
    PSNR,
    SCENE_COLOUR,
    SCENE_SLOPES,
    SLOPES,
    SSIM,
    TRUE_EDGES,
    Axis,
)
from .fingerprint import ROOT, fingerprint
from .judges import Examined, Judge
from .lab import Meter, Pair
from .method import Method, Setting
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
from .scenes import POOL_SEEDS, label_maps, rendered
from .statistics import (
    Interval,
    Standing,
    bootstrap_interval,
    mean_interval,
    resampled,
    standing,
)
from .store import Job, Store, short_hash

FOLDER = ROOT / ".cache" / "bench" / "judged"
CHUNK = 32


@dataclass(frozen=True)
class Look:
    """What a domain looks like: its pooled distributions and its features."""

    colours: Tensor  # [3, levels]
    slopes: Tensor  # [1, levels]
    features: Tensor  # [n, D]


@dataclass(frozen=True)
class Scores:
    """By an axis' key: [S], one value per scene, or [1 + R], a set's value and its resamples."""

    values: dict[str, Tensor]

    def interval(self, axis: Axis) -> Interval:
        values = self.values[axis.key]
        return bootstrap_interval(values) if axis.of_set else mean_interval(values)

    def advantage(self, other: Scores, axis: Axis) -> Interval:
        """How far this one is ahead of another on the same scenes; positive is better."""
        difference = self.values[axis.key] - other.values[axis.key]
        sign = 1 if axis.more_is_better else -1
        return Scores({axis.key: sign * difference}).interval(axis)

    def standing(self, other: Scores, axis: Axis) -> Standing:
        return standing(self.advantage(other, axis))


@dataclass(frozen=True)
class Result:
    """One line of a pair's table."""

    pair: Pair
    method: Method
    setting: Setting
    scores: Scores
    spent: Meter


def judged(
    store: Store,
    jobs: Sequence[Job],
    examined: Examined,
    pool_seeds: Sequence[int] = POOL_SEEDS,
    folder: Path = FOLDER,
) -> Result | None:
    """A method's result for one pair, from its batches; None where some are missing."""
    if not all(store.has(job) for job in jobs):
        return None
    job = jobs[0]
    paths = [store.path(one).relative_to(store.folder).as_posix() for one in jobs]
    code = fingerprint(scores_of, look_of)
    path = folder / f"{short_hash([paths, examined.key, list(pool_seeds), code])}.safetensors"
    if not path.is_file():
        _write(path, _judge_now(store, jobs, examined.judge, tuple(pool_seeds)))
    spent = _mean_price([store.load(one).spent for one in jobs])
    return Result(job.pair, job.method, job.setting, Scores(load_file(path)), spent)


def _judge_now(
    store: Store, jobs: Sequence[Job], judge: Judge, pool_seeds: tuple[int, ...]
) -> Scores:
    results = torch.cat([store.load(job).floats for job in jobs])
    seeds = [seed for job in jobs for seed in job.seeds]
    return scores_of(
        results, jobs[0].pair, seeds, judge, look_of(judge, pool_seeds, jobs[0].pair.target)
    )


def _write(path: Path, scores: Scores) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(scores.values, partial)
    partial.replace(path)


def _mean_price(prices: Sequence[Meter]) -> Meter:
    total = Meter()
    for price in prices:
        total.add(price)
    count = len(prices)
    return Meter(total.evaluations / count, total.gradients / count, total.seconds / count)


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
    return torch.cat([judge.features(part) for part in pictures.split(CHUNK)]).double()


def scores_of(
    results: Tensor, pair: Pair, seeds: Sequence[int], judge: Judge, look: Look
) -> Scores:
    """Every axis for results [S, 3, H, W] of these scenes."""
    source, truth = rendered(seeds, pair.source), rendered(seeds, pair.target)
    colours, slopes = colour_distribution(results), slope_distribution(results)
    found = torch.cat([judge.label_maps(part) for part in results.split(CHUNK)])
    values = {
        PSNR: psnr(results, truth),
        SSIM: ssim(results, truth),
        PERCEPTUAL: _by_parts(judge.perceptual, results, truth),
        EDGES: edge_agreement(results, source),
        TRUE_EDGES: edge_agreement(results, truth),
        LABELS: label_agreement(found, label_maps(seeds)),
        SCENE_COLOUR: distribution_distance(colours, look.colours),
        SCENE_SLOPES: distribution_distance(slopes, look.slopes),
        COLOUR: pooled_distance(colours, look.colours),
        SLOPES: pooled_distance(slopes, look.slopes),
        FRECHET: set_frechet(features_of(judge, results), look.features),
    }
    return Scores({axis.key: value.double().contiguous() for axis, value in values.items()})


def _by_parts(measure, results: Tensor, truth: Tensor) -> Tensor:
    parts = zip(results.split(CHUNK), truth.split(CHUNK), strict=True)
    return torch.cat([measure(some, others) for some, others in parts])


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
