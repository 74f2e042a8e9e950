"""Node inputs out of s2st's configs, which are the only home of defaults, limits and meanings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import TypeVar

from ...s2st import Settings, Stages
from .api import io, known

STEPS = Stages().inversion.steps  # of every node, as docs/ablation.md found them enough
Config = TypeVar("Config", bound=Settings)
Option = TypeVar("Option", bound=Enum)


def setting(
    config: type[Settings],
    name: str,
    *,
    called: str | None = None,
    default=None,
    optional: bool = False,
    meaning: str | None = None,
    advanced: bool = False,
):
    """The input for one field of a config; `called` where two configs share a field's name,
    `default` and `meaning` where a node has its own, `advanced` where few need it.
    """
    limits = config.limits(name)
    start = limits.default if default is None else default
    identifier = called or name
    common = {"tooltip": meaning or limits.meaning, "optional": optional, **folded(advanced)}
    if isinstance(start, bool):
        return io.Boolean.Input(identifier, default=start, **common)
    if isinstance(start, Enum):
        options = [member.value for member in type(start)]
        return io.Combo.Input(identifier, options=options, default=start.value, **common)
    low, high = limits.span
    if isinstance(start, int):
        return io.Int.Input(
            identifier,
            default=start,
            min=int(low),
            max=int(high),
            control_after_generate=False,  # else the editor rerolls whatever is a noise_seed
            **common,
        )
    return io.Float.Input(
        identifier,
        default=start,
        min=low,
        max=high,
        step=step_of(start),
        round=False,
        **common,
    )


def folded(advanced: bool = True) -> dict[str, bool]:
    """Newer cores fold away inputs that few need; older ones show them all."""
    return known(io.Float.Input, advanced=True) if advanced else {}


def step_of(default: float) -> float:
    """A tenth of the default's own magnitude, so that arrows move a setting by a useful amount."""
    if default <= 0:
        return 0.05
    return float(f"{min(default, 1.0) / 10:.0e}")


def config_of(
    config: type[Config], given: Mapping[str, object], called: Mapping[str, str] | None = None
) -> Config:
    """A config from a node's inputs: each field that has one, `called` otherwise or by its name."""
    names = {one.name: one.name for one in fields(config)} | dict(called or {})
    values = {field: given[name] for field, name in names.items() if name in given}
    return config(**{name: _choice(config, name, value) for name, value in values.items()})


def _choice(config: type[Settings], name: str, value: object) -> object:
    default = config.limits(name).default
    return member(type(default), name, value) if isinstance(default, Enum) else value


def member(kind: type[Option], name: str, value: object) -> Option:
    """The option called `value`; cores do not check the choices of API-form graphs themselves."""
    try:
        return kind(value)
    except ValueError:
        options = ", ".join(str(one.value) for one in kind)
        raise ValueError(f"{name} is {value!r}, but must be one of: {options}.") from None
