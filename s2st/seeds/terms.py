"""The weights of the paper's two terms, shared by seed translation and trajectory optimisation."""

from __future__ import annotations

from dataclasses import dataclass

from ..kit.settings import choice
from ..look.distributions import Distance
from ..look.objective import LossConfig


@dataclass(frozen=True, kw_only=True)
class TermsConfig(LossConfig):
    distance: Distance = choice(
        Distance.WASSERSTEIN,
        "How the latent channels' distributions are compared; the paper takes histograms.",
    )
