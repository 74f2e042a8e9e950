"""Paired scenes and a small latent diffusion model of our own."""

from .domains import DOMAINS, Domain
from .geometry import depth, labels
from .kinds import LABELS, LEGEND, Label
from .prompts import prompt
from .render import render, render_all
from .scene import Scene, scene
from .splits import EVALUATION_SEEDS, REFERENCE_SEEDS, TRAIN_SEEDS, TUNING_SEEDS

__all__ = [
    "DOMAINS",
    "EVALUATION_SEEDS",
    "LABELS",
    "LEGEND",
    "REFERENCE_SEEDS",
    "TRAIN_SEEDS",
    "TUNING_SEEDS",
    "Domain",
    "Label",
    "Scene",
    "depth",
    "labels",
    "load",
    "prompt",
    "render",
    "render_all",
    "scene",
]


def load(directory=None):
    """The trained demo model; diffusers is imported only here, as scenes do without it."""
    from .model import WEIGHTS
    from .model import load as load_from

    return load_from(WEIGHTS if directory is None else directory)
