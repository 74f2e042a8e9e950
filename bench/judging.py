"""From kept pictures to numbers: every axis of every method, per scene or per resampled set.

Here is also the one rule by which settings are chosen, on scenes that no result is taken from: a
sum of three axes in one currency, where 1 dB of distance to truth is worth as much as 0.1 of edge
agreement with the source and as 0.025 of pooled colour distance to the target domain. These are
about the spans over which editing methods differ (each span holds four of its units), so no axis
can be ignored and none decides alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from demo_world.kinds import Label

from . import metrics
from .axes import ALL_AXES, COLOUR, EDGES, PSNR, Axis
from .judges import Examined, Judge
from .lab import Pair, Setting
from .statistics import Interval, bootstrap_interval, mean_interval, resampled
from .store import BULB, KEPT, digest, files_hash, kept, label_maps, rendered, short_hash

CHUNK = 32
CLASSES = (Label.SKY, BULB, Label.WINDOW)  # of the axes by class
CARS = "cars"  # [S, 4]: the source's, of them kept, the result's, of them invented
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


def score(scores: Scores) -> float:
    """What the rule gives."""
    values = {axis: scores[axis.key] for axis in UNITS}
    means = {axis: float(of[0] if axis.of_set else of.mean()) for axis, of in values.items()}
    return sum(axis.better * means[axis] / unit for axis, unit in UNITS.items())


def shown(setting: Setting) -> str:
    return ", ".join(f"{name} {value}" for name, value in setting.items())


def judged(
    results: Tensor, pair: Pair, seeds: Sequence[int], examined: Examined, pool: tuple[int, ...]
) -> Scores:
    """The scores of results [S, 3, H, W] for one pair, worked out once for the same pictures."""
    here = Path(__file__).parent
    code = files_hash(*(here / f"{one}.py" for one in ("judging", "metrics", "statistics")))
    pictures = digest(results.numpy().tobytes())
    key = short_hash([pictures, pair.name, list(seeds), examined.key, list(pool), code])
    path = KEPT / "judged" / f"{key}.safetensors"
    return kept(path, lambda: scores_of(results, pair, seeds, examined.judge, pool))


def scores_of(
    results: Tensor, pair: Pair, seeds: Sequence[int], judge: Judge, pool: tuple[int, ...]
) -> Scores:
    """Every axis; `pool` are the scenes that show the target domain."""
    source, truth = rendered(seeds, pair.source), rendered(seeds, pair.target)
    labels, seen = label_maps(seeds), _by_parts(judge.label_maps, results)
    colours, slopes, features = look_of(judge, pool, pair.target)
    values = (
        metrics.psnr(results, truth),
        metrics.ssim(results, truth),
        _by_parts(judge.perceptual, results, truth),
        metrics.edge_agreement(results, source),
        metrics.edge_agreement(results, truth),
        metrics.label_agreement(seen, labels.where(labels != BULB, Label.LAMP)),
        pooled_distance(metrics.colour_distribution(results), colours),
        pooled_distance(metrics.slope_distribution(results), slopes),
        set_frechet(features_of(judge, results), features),
        *(metrics.brightness_error(results, truth, labels == one) for one in CLASSES),
    )
    cars = (_by_parts(judge.label_maps, source) == Label.CAR, seen == Label.CAR)
    told = [metrics.tracked(*one) for one in zip(*(one.numpy() for one in cars), strict=True)]
    found = {axis.key: value for axis, value in zip(ALL_AXES, values, strict=True)}
    found[CARS] = torch.tensor(told)
    return {key: value.double().contiguous() for key, value in found.items()}


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
