"""Configs that validate themselves; their fields are the only home of defaults and limits."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any


def number(default: float, low: float, high: float, meaning: str) -> Any:
    """A numeric field with its limits (inclusive) and a sentence for users."""
    return field(default=default, metadata={"low": low, "high": high, "meaning": meaning})


def choice(default: Enum | bool, meaning: str) -> Any:
    """A field that takes one member of its default's type."""
    return field(default=default, metadata={"kind": type(default), "meaning": meaning})


@dataclass(frozen=True)
class Limits:
    """What a front end needs to know of one setting."""

    default: Any
    low: float | None
    high: float | None
    meaning: str

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value of a setting that is a number."""
        if self.low is None or self.high is None:
            raise ValueError(f"{self.default!r} is the default of a choice, which has no limits.")
        return self.low, self.high


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of every config: checks each field against the limits written beside it."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if "low" in one.metadata:
                _check_number(type(self).__name__, one, value)
            elif "kind" in one.metadata:
                _check_choice(type(self).__name__, one, value)

    @classmethod
    def limits(cls, name: str) -> Limits:
        """Default, lowest and highest value and meaning of the setting called `name`."""
        for one in fields(cls):
            if one.name == name:
                default = None if one.default is MISSING else one.default
                low, high = one.metadata.get("low"), one.metadata.get("high")
                return Limits(default, low, high, one.metadata.get("meaning", ""))
        raise ValueError(f"{cls.__name__} has no setting {name!r}.")


def _check_number(owner: str, one: Any, value: Any) -> None:
    low, high = one.metadata["low"], one.metadata["high"]
    whole = isinstance(one.default, int)
    is_number = isinstance(value, int) or (isinstance(value, float) and not whole)
    if isinstance(value, bool) or not is_number:
        kind = "a whole number" if whole else "a number"
        raise ValueError(
            f"{owner}.{one.name} is {value!r}, but must be {kind} from {low:g} to {high:g}."
        )
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(
            f"{owner}.{one.name} is {value:g}, but must lie within {low:g} to {high:g}: "
            f"the default is {one.default:g}."
        )


def _check_choice(owner: str, one: Any, value: Any) -> None:
    kind = one.metadata["kind"]
    if isinstance(value, kind):
        return
    if issubclass(kind, Enum):
        options = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
    else:
        options = "True, False"
    raise ValueError(f"{owner}.{one.name} is {value!r}, but must be one of {options}.")
