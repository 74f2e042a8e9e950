"""Command-line options out of s2st's configs, the only home of defaults, limits and meanings."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from ..kit.settings import Settings


def add_settings(
    parser: Any, config: type[Settings], names: Sequence[str], *, several: bool = False
) -> None:
    """An option for each of these settings, `several` values each where asked for."""
    for name in names:
        limits = config.limits(name)
        shape: dict[str, Any] = {"nargs": "+", "metavar": "VALUE"} if several else {}
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            type=_reader(limits.default),
            help=f"{limits.meaning} {_limits(limits)}".replace("%", "%%"),
            **shape,
        )


def chosen(given: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """Those of the settings that were given on the command line."""
    values = vars(given)
    return {name: values[name] for name in names if values.get(name) is not None}


def _reader(default: Any) -> Callable[[str], Any]:
    """How a value is read that looks like this default."""
    if isinstance(default, bool):
        return _yes_or_no
    return type(default)


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither yes nor no")
    return text == "yes"


def _limits(limits: Any) -> str:
    default = limits.default
    if isinstance(default, bool):
        return f"yes or no; default {'yes' if default else 'no'}"
    if isinstance(default, Enum):
        options = ", ".join(str(one.value) for one in type(default))
        return f"One of {options}; default {default.value}"
    low, high = limits.span
    return f"{low:g} to {high:g}; default {default:g}"
