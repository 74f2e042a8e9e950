"""Settings that were found good, kept in a small file that nodes and command line read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from ..kit.facts import read_facts, write_facts
from ..kit.version import VERSION
from ..path.settings import PathSettings
from .grid import VARIED

KIND = "preset"
SUFFIX = ".s2st.json"


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How a path is run; which variant it makes, the noise seed, is left to whoever runs it."""

    settings: PathSettings
    measures: Mapping[str, Any] = field(default_factory=dict)  # what the settings came to
    made: Mapping[str, Any] = field(default_factory=dict)  # with which model and pictures

    def save(self, path: Path | str) -> None:
        facts = {
            "settings": plain_settings(self.settings),
            "measures": dict(self.measures),
            "made": {"s2st": VERSION, **self.made},
        }
        write_facts(Path(path), KIND, facts)

    @classmethod
    def load(cls, path: Path | str) -> Preset:
        path = Path(path)
        facts = read_facts(path, KIND)
        parts = {name: facts.get(name) for name in ("settings", "measures", "made")}
        for name, part in parts.items():
            if not isinstance(part, dict):
                raise ValueError(
                    f"{path.name} has no {name}, but a preset file holds settings, measures and "
                    f"made: save it again."
                )
        settings = settings_of(path.name, parts["settings"] or {})
        return cls(settings=settings, measures=parts["measures"] or {}, made=parts["made"] or {})


def settings_of(name: str, values: Mapping[str, Any]) -> PathSettings:
    """Out of a file called `name`, in which they are plain values."""
    unknown = sorted(values.keys() - set(VARIED))
    if unknown:
        raise ValueError(
            f"{name} sets {', '.join(unknown)}, but a preset knows {', '.join(VARIED)}: "
            f"remove what is unknown, or update S2ST."
        )
    try:
        return PathSettings(**{one: _valued(one, value) for one, value in values.items()})
    except ValueError as error:
        raise ValueError(f"{name} cannot be used: {error}") from error


def plain_settings(settings: PathSettings) -> dict[str, Any]:
    """As plain values that a file takes, without the noise seed."""
    values = asdict(settings)
    return {name: _plain(values[name]) for name in VARIED}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _valued(name: str, value: Any) -> Any:
    """A choice by its name in the file; Settings refuse what is none."""
    kind = type(PathSettings.limits(name).default)
    if issubclass(kind, Enum) and value in [one.value for one in kind]:
        return kind(value)
    return value
