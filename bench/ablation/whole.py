"""The whole method as `s2st.translate` runs it, with one choice changed at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from s2st import (
    CorrelationConfig,
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    Prompt,
    SeedConfig,
    Spacing,
    Stages,
    TrajectoryConfig,
    translate,
)

from ..lab import Meter
from .options import WASSERSTEIN, Stock

LATE = replace(WASSERSTEIN, start=0.4, structure_weight=3.0)


@dataclass(frozen=True, kw_only=True)
class WholeOptions:
    """The stages, and what they are given."""

    stages: Stages
    guidance: float = 3.0
    references: int = 16


def whole(stock: Stock, options: WholeOptions, spent: Meter) -> Tensor:
    case, lab, count = stock.case, stock.case.lab, options.references
    target = Prompt(lab.prompt(case.pair.target), lab.prompt(""), options.guidance)
    with lab.metered(case.batch) as meter:
        done = translate(
            lab.parts.denoiser,
            lab.parts.sigma_table,
            case.latents,
            lab.prompt(case.pair.source),
            target,
            case.reference_latents[:count],
            options.stages,
            source_domain_latents=case.source_reference_latents[:count],
        )
    spent.add(meter)
    return case.decoded(done.latent)


def choices(
    steps: int, seed: SeedConfig, trajectory: TrajectoryConfig, null_text: NullTextConfig
) -> Mapping[str, WholeOptions]:
    """The first is the default; each of the others differs from it in what it says."""
    inversion = InversionConfig(steps=steps, spacing=Spacing.LEADING)
    default = Stages(
        inversion=inversion,
        null_text=None,
        seed=seed,
        guided_seed=False,
        trajectory=trajectory,
        correlation=CorrelationConfig(),
    )
    early = replace(trajectory, start=0.0)
    light = replace(trajectory, structure_weight=1.0)
    early_light = replace(light, start=0.0)
    fast = replace(default, null_text=replace(null_text, method=NullTextMethod.FAST))
    longer = replace(inversion, steps=5 * steps // 2)
    stages = {
        "the default": default,
        "weight 1": replace(default, trajectory=light),
        "from the first step": replace(default, trajectory=early),
        "from the first step, weight 1": replace(default, trajectory=early_light),
        "guided seed translation": replace(default, guided_seed=True),
        "fast null text": fast,
        "the paper's null text": replace(default, null_text=null_text),
        "no seed translation": replace(default, seed=None),
        "no seed translation, from the first step, weight 1": replace(
            default, seed=None, trajectory=early_light
        ),
        "no trajectory optimisation": replace(default, trajectory=None),
        "no correlation factors": replace(default, correlation=None),
        "trailing steps": replace(default, inversion=replace(inversion, spacing=Spacing.TRAILING)),
        "two and a half times the steps": replace(default, inversion=longer),
    }
    options = {name: WholeOptions(stages=one) for name, one in stages.items()}
    options["guidance 7.5"] = WholeOptions(stages=default, guidance=7.5)
    options["guidance 7.5, fast null text"] = WholeOptions(stages=fast, guidance=7.5)
    return options
