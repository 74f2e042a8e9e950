"""Invented rows, whose answer is plain: the same wobble in every scene."""

import torch

from bench.axes import AXES
from bench.judging import interval
from bench.method import Family
from bench.rows import Row

SCENES = 8


def row(name, family, pair, setting=None, source="", evaluations=40, **values):
    """A row at 1 on every axis but those given."""
    wobble = torch.linspace(-0.001, 0.001, SCENES, dtype=torch.float64)
    resamples = torch.cat([torch.zeros(1, dtype=torch.float64), wobble])
    scores = {
        axis.key: values.get(axis.key, 1.0) + (resamples if axis.of_set else wobble)
        for axis in AXES
    }
    axes = {axis.key: interval(scores[axis.key], axis) for axis in AXES}
    costs = {"evaluations": evaluations, "gradients": 5, "seconds": 1.25}
    return Row(
        pair=pair,
        method=name,
        family=family,
        source=source,
        setting=setting or {},
        axes=axes,
        code="now",
        scores=scores,
        **costs,
    )


def lines(pair, faithful, default, **rival):
    """A bound, a rival, and our two claimants on one pair."""
    given = {"psnr": 20.0, "edges": 0.5, "labels": 0.5, "colour": 1.01, **rival}
    ours = {"edges": 0.7, "labels": 0.3, "psnr": 21.0}
    return [
        row("Identity", Family.BOUND, pair, psnr=9.0),
        row("Rival", Family.RIVAL, pair, {"strength": 0.5}, "2108.01073", **given),
        row(faithful, Family.OURS, pair, **ours),
        row(default, Family.OURS, pair, **ours),
    ]
