"""Invented rows, whose answer is plain: the same wobble in every scene."""

import torch

from bench.axes import ALL_AXES
from bench.duels import duels_of, meetings
from bench.judging import interval
from bench.lab import PAIRS, Family
from bench.methods import DEFAULT, PAPER
from bench.rows import Findings, Row, Variant
from demo_world import LABELS

SCENES = 8
NAMES = [pair.name for pair in PAIRS]
FACTS = {"scenes": 6, "tuning_scenes": 2, "steps": 4, "references": 3, "pool": 9, "weights": "w"}
JUDGE = {"domains": 0.99, "labels": 0.9, **dict.fromkeys(LABELS, 0.8)}


def row(name, family, pair, setting=None, source="", evaluations=40, **values):
    """A row at 1 on every axis but those given, in the variant that is compared."""
    wobble = torch.linspace(-0.001, 0.001, SCENES, dtype=torch.float64)
    resamples = torch.cat([torch.zeros(1, dtype=torch.float64), wobble])
    scores = {
        axis.key: values.get(axis.key, 1.0) + (resamples if axis.of_set else wobble)
        for axis in ALL_AXES
    }
    axes = {axis.key: interval(scores[axis.key], axis) for axis in ALL_AXES}
    costs = {"evaluations": evaluations, "gradients": 5, "seconds": 1.25}
    variant = Variant.RESTORED if family.draws else Variant.PLAIN
    return Row(
        pair=pair,
        method=name,
        variant=values.get("variant", variant),
        family=family,
        source=source,
        setting=setting or {},
        axes=axes,
        cars=values.get("cars", (10, 8, 9, 1)),
        code="now",
        scores=scores,
        **costs,
    )


def lines(pair, **rival):
    """A bound, a rival, one that recolours, the paper's stages and the default on one pair."""
    given = {"psnr": 20.0, "edges": 0.5, "labels": 0.5, "colour": 1.01, **rival}
    ours = {"edges": 0.7, "labels": 0.3, "psnr": 21.0}
    return [
        row("Identity", Family.BOUND, pair, psnr=9.0),
        row("Rival", Family.RIVAL, pair, {"strength": 0.5}, "2108.01073", **given),
        row("Histogram", Family.RECOLOURING, pair, evaluations=0, edges=0.9),
        row(PAPER, Family.OURS, pair, evaluations=180, **{**ours, "psnr": 20.5}),
        row(DEFAULT, Family.OURS, pair, evaluations=20, **ours),
    ]


def everywhere(**rival):
    return [one for name in NAMES for one in lines(name, **rival)]


def found(rows, missing=()):
    """What a run would make of such rows."""
    heads = {"facts": FACTS, "judge": JUDGE, "machine": {"device": "cpu"}}
    duels = duels_of(meetings(rows), {})
    return Findings(**heads, missing=list(missing), rows=rows, duels=duels)
