"""Plug-and-play (Tumanyan et al. 2211.12572) on direct inversion.

For a first part of the steps the edit, guided and unguided rows alike, takes the source's queries
and keys in the decoder's self-attention and the features of one decoder residual block. Which
block of this small UNet stands for the published fourth layer is open, so it is a setting: the
coarsest (0) or the next (1), which carries colour too and so is taken for a shorter time.
"""

from __future__ import annotations

from contextlib import contextmanager

from diffusers import UNet2DConditionModel
from torch import Tensor

from ..lab import Case, Meter
from ..method import Family, Method, Setting, trajectory_of
from .direct_inversion import (
    NULL,
    TARGET,
    SelfInjection,
    Switch,
    edited_beside,
    with_source_rows,
)
from .pipelines import kept_processors

EDIT = (NULL, TARGET)


@contextmanager
def plugged(unet: UNet2DConditionModel, block: int, looking: Switch, features: Switch):
    """Both injections, for as long as the context lasts; features are those of a decoder block."""

    def replace(_, __, output: Tensor) -> Tensor | None:
        return with_source_rows(output, EDIT) if features.on else None

    processor, before = SelfInjection(looking, EDIT), unet.attn_processors
    decoder = {name for name in before if name.startswith("up_blocks") and "attn1" in name}
    chosen = {name: processor if name in decoder else old for name, old in before.items()}
    # Before the residual block's own shortcut, as published.
    handle = unet.up_blocks[block].resnets[1].conv2.register_forward_hook(replace)
    try:
        with kept_processors(unet):
            unet.set_attn_processor(chosen)
            yield
    finally:
        handle.remove()


def run(case: Case, setting: Setting, meter: Meter) -> Tensor:
    trajectory = trajectory_of(case, meter)
    looking, features = Switch(), Switch()

    def begin_step(index: int) -> bool:
        looking.on = index < setting["self"] * case.lab.steps
        features.on = index < setting["features"] * case.lab.steps
        return looking.on or features.on

    with plugged(case.lab.parts.pipeline.unet, setting["block"], looking, features):
        return case.decoded(edited_beside(case, trajectory, setting["guidance"], begin_step))


METHOD = Method(
    name="Plug-and-play",
    family=Family.RIVAL,
    run=run,
    settings=(
        {"guidance": 2.0, "block": 1, "self": 0.5, "features": 0.1},
        {"guidance": 2.0, "block": 1, "self": 0.25, "features": 0.4},
        {"guidance": 3.0, "block": 1, "self": 0.25, "features": 0.4},
        {"guidance": 2.0, "block": 0, "self": 0.5, "features": 0.8},
        {"guidance": 3.0, "block": 0, "self": 0.5, "features": 0.8},
    ),
    source="2211.12572, 2310.01506",
)
