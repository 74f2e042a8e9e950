"""A small grid of settings around a base, thinned so that every value still meets the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from enum import Enum
from itertools import product
from math import ceil, prod
from typing import Any

from ..path.settings import PathSettings

# What moves the result most, around the defaults; learning rates mean the same at any steps.
AXES: Mapping[str, Sequence[Any]] = {
    "steps": (4, 7, 10),
    "guidance": (1.5, 2.0, 3.0),
    "learning_rate": (0.003, 0.006),
}
MOST_CELLS = 9
WORDS = {int: "whole numbers", float: "numbers"}
UNVARIED = "noise_seed"  # it makes variants, of which none suits a model better
_OTHERS = (one.name for one in fields(PathSettings) if one.name != UNVARIED)
VARIED = tuple(dict.fromkeys((*AXES, *_OTHERS)))  # the order in which they are told


def grid(
    axes: Mapping[str, Sequence[Any]] = AXES,
    base: PathSettings | None = None,
    most: int = MOST_CELLS,
) -> list[PathSettings]:
    """The base first, then every combination of the axes' values, or about `most` of them.

    Where there are more, those stay whose steps away from the base along all axes add up to a
    multiple of one number: a chequerboard, in which no two values are always seen together.
    """
    base = base or PathSettings()
    _check_axes(axes, most)
    apart = ceil(prod(map(len, axes.values())) / most)
    start = sum(_place(values, getattr(base, name)) for name, values in axes.items())
    cells = [base]
    for places in product(*(range(len(values)) for values in axes.values())):
        chosen = {name: axes[name][at] for name, at in zip(axes, places, strict=True)}
        cell = replace(base, **chosen)
        if (sum(places) - start) % apart == 0 and cell not in cells:
            cells.append(cell)
    return cells


def grid_of(
    values: Mapping[str, Sequence[Any]],
    most: int = MOST_CELLS,
    base: PathSettings | None = None,
) -> list[PathSettings]:
    """One value fixes a setting, several vary it; where none is varied, those of AXES are."""
    fixed = {name: some[0] for name, some in values.items() if len(some) == 1}
    axes = {name: some for name, some in values.items() if len(some) != 1}
    default = {name: some for name, some in AXES.items() if name not in fixed}
    return grid(axes or default, replace(base or PathSettings(), **fixed), most)


def read_values(name: str, text: str) -> list[Any]:
    """Values of a setting as a person writes them: separated by commas or blanks."""
    if name not in VARIED:
        raise _unknown(name)
    kind = type(PathSettings.limits(name).default)
    try:
        return [kind(word) for word in text.replace(",", " ").split()]
    except ValueError as error:
        options = [str(one.value) for one in kind] if issubclass(kind, Enum) else []
        wanted = f"some of {', '.join(options)}" if options else f"{WORDS[kind]}"
        raise ValueError(
            f"{name} is {text!r}, but must be {wanted}, separated by commas."
        ) from error


def varied(cells: Sequence[PathSettings]) -> tuple[str, ...]:
    """The settings in which cells differ."""
    values = {name: {getattr(one, name) for one in cells} for name in VARIED}
    return tuple(name for name in VARIED if len(values[name]) > 1)


def label(cell: PathSettings, names: Sequence[str]) -> str:
    """Those of a cell's settings, in words."""
    parts = [f"{name.replace('_', ' ')} {shown(getattr(cell, name))}" for name in names]
    return ", ".join(parts) or "the settings given"


def shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    return f"{value:g}" if isinstance(value, (int, float)) else str(getattr(value, "value", value))


def _place(values: Sequence[Any], wanted: Any) -> int:
    return values.index(wanted) if wanted in values else 0


def _unknown(name: str) -> ValueError:
    return ValueError(
        f"The grid varies {name!r}, but only these can be varied: {', '.join(VARIED)}."
    )


def _check_axes(axes: Mapping[str, Sequence[Any]], most: int) -> None:
    for name, values in axes.items():
        if name not in VARIED:
            raise _unknown(name)
        if not values:
            raise ValueError(f"The grid's {name} has no value, but at least 1 is needed: give one.")
    if most < 1:
        raise ValueError(f"The grid may have {most} cells, but at least 1 is needed.")
