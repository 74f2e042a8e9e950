"""Every method of the comparison: the bounds, the rivals and ours."""

from __future__ import annotations

import torch
from torch import Tensor

from .lab import Case, Meter
from .method import Family, Method, Setting
from .ours import METHODS as OURS
from .rivals import METHODS as RIVALS


def unchanged(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.source.clone()


@torch.no_grad()
def reconstructed_source(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.decoded(case.latents)


@torch.no_grad()
def reconstructed_truth(case: Case, _: Setting, __: Meter) -> Tensor:
    return case.decoded(case.lab.parts.encode_image(case.truth))


BOUNDS = (
    Method(name="Identity", family=Family.BOUND, run=unchanged),
    Method(name="Autoencoder, source", family=Family.BOUND, run=reconstructed_source),
    Method(name="Autoencoder, truth", family=Family.BOUND, run=reconstructed_truth),
)


def all_methods() -> tuple[Method, ...]:
    """Bounds, rivals, ours."""
    return (*BOUNDS, *RIVALS, *OURS)


def chosen(methods: tuple[Method, ...], names: list[str] | None) -> tuple[Method, ...]:
    """The methods of these names, in the registry's order; all of them for None."""
    if names is None:
        return methods
    known = {method.name for method in methods}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"There is no method {unknown[0]!r}: choose from {', '.join(sorted(known))}."
        )
    return tuple(method for method in methods if method.name in names)
