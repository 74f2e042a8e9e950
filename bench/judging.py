"""From kept pictures to numbers: every axis of every method, per scene or per resampled set.

Here is also the one rule by which settings are chosen, on scenes that no result is taken from: a
sum of three axes in one currency, where 1 dB of distance to truth is worth as much as 0.1 of edge
agreement with the source and as 0.025 of pooled colour distance to the target domain. These are
about the spans over which editing methods differ (each span holds four of its units), so no axis
can be ignored and none decides alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from . import metrics
from .axes import COLOUR, EDGES, FRECHET, LABELS, PERCEPTUAL, PSNR, SLOPES, SSIM, TRUE_EDGES, Axis
from .hashes import KEPT, digest, files_hash, short_hash
from .judges import Examined, Judge
from .lab import Pair
from .method import Setting
from .scenes import label_maps, rendered
from .statistics import (
    Interval,
    Standing,
    bootstrap_interval,
    mean_interval,
    resampled,
    standing,
)
from .store import kept

CHUNK = 32
Scores = dict[str, Tensor]  # by an axis' key: [S], one value per scene, or [1 + R] of a set
UNITS = {PSNR: 1.0, EDGES: 0.1, COLOUR: 0.025}
RULE = (
    f"PSNR to truth / {UNITS[PSNR]:g} dB + edge agreement with the source / {UNITS[EDGES]:g} "
    f"- pooled colour distance to the target domain / {UNITS[COLOUR]:g}"
)


def interval(values: Tensor, axis: Axis) -> Interval:
    return bootstrap_interval(values) if axis.of_set else mean_interval(values)


def advantage(ours: Scores, theirs: Scores, axis: Axis) -> Interval:
    """How far ours is ahead on the same scenes; positive is better."""
    return interval(axis.better * (ours[axis.key] - theirs[axis.key]), axis)


@dataclass(frozen=True)
class Trial:
    """One setting and what it reached on the tuning scenes."""

    setting: Setting
    scores: Scores

    def on(self, axis: Axis) -> float:
        values = self.scores[axis.key]
        return float(values[0] if axis.of_set else values.mean())

    @property
    def score(self) -> float:
        return sum(axis.better * self.on(axis) / unit for axis, unit in UNITS.items())

    def keeps_more(self, other: Trial) -> bool:
        """Whether it keeps more edges than another, beyond doubt."""
        return standing(advantage(self.scores, other.scores, EDGES)) is Standing.BETTER

    def __str__(self) -> str:
        return f"{self.on(EDGES):.2f} ({shown(self.setting) or 'its one setting'})"


def shown(setting: Setting) -> str:
    return ", ".join(f"{name} {value}" for name, value in setting.items())


def best(trials: Sequence[Trial]) -> Trial:
    """The trial of the highest score; the first of equals."""
    return max(trials, key=lambda one: one.score)


def judged(
    results: Tensor, pair: Pair, seeds: Sequence[int], examined: Examined, pool: tuple[int, ...]
) -> Scores:
    """The scores of results [S, 3, H, W] for one pair, worked out once for the same pictures."""
    here = Path(__file__).parent
    code = files_hash(here / "judging.py", here / "metrics.py", here / "statistics.py")
    pictures = digest(results.numpy().tobytes())
    key = short_hash([pictures, pair.name, list(seeds), examined.key, list(pool), code])
    path = KEPT / "judged" / f"{key}.safetensors"
    return kept(path, lambda: scores_of(results, pair, seeds, examined.judge, pool))


def scores_of(
    results: Tensor, pair: Pair, seeds: Sequence[int], judge: Judge, pool: tuple[int, ...]
) -> Scores:
    """Every axis; `pool` are the scenes that show the target domain."""
    source, truth = rendered(seeds, pair.source), rendered(seeds, pair.target)
    colours, slopes, features = look_of(judge, pool, pair.target)
    values = {
        PSNR: metrics.psnr(results, truth),
        SSIM: metrics.ssim(results, truth),
        PERCEPTUAL: _by_parts(judge.perceptual, results, truth),
        EDGES: metrics.edge_agreement(results, source),
        TRUE_EDGES: metrics.edge_agreement(results, truth),
        LABELS: metrics.label_agreement(_by_parts(judge.label_maps, results), label_maps(seeds)),
        COLOUR: pooled_distance(metrics.colour_distribution(results), colours),
        SLOPES: pooled_distance(metrics.slope_distribution(results), slopes),
        FRECHET: set_frechet(features_of(judge, results), features),
    }
    return {axis.key: value.double().contiguous() for axis, value in values.items()}


@cache
def look_of(judge: Judge, seeds: tuple[int, ...], domain: str) -> tuple[Tensor, Tensor, Tensor]:
    """A domain's pooled colours and slopes and its features, of scenes no method is given."""
    pictures = rendered(seeds, domain)
    measures = metrics.colour_distribution, metrics.slope_distribution
    colours, slopes = (measure(pictures).mean(dim=0) for measure in measures)
    return colours, slopes, features_of(judge, pictures)


def features_of(judge: Judge, pictures: Tensor) -> Tensor:
    return _by_parts(judge.features, pictures).double()


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
        return metrics.distribution_distance(pooled, look)

    return resampled(measure, scenes)


def set_frechet(features: Tensor, look: Tensor) -> Tensor:
    """The Frechet distance of a set's features [S, D] from a look's, [1 + R]."""
    return resampled(lambda drawn: metrics.frechet_distance(features[drawn], look), len(features))
