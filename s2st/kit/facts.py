"""Named values with a kind and a version in one JSON file that a person can read and change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .storage import VERSION, damage_told, write_whole

KIND_KEY, VERSION_KEY = "s2st", "version"
LARGEST = 1_000_000  # bytes: more is no file of ours, whatever it is called


def write_facts(path: Path, kind: str, facts: Mapping[str, Any]) -> None:
    """Never half written: a killed process leaves the old file."""
    whole = {KIND_KEY: kind, VERSION_KEY: VERSION, **facts}
    text = json.dumps(whole, indent=2, allow_nan=False) + "\n"
    write_whole(path, text.encode())


def read_facts(path: Path, kind: str) -> dict[str, Any]:
    """What `write_facts` wrote, without kind and version."""
    with damage_told(path, kind):
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST:,} bytes")
        facts = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
        if not isinstance(facts, dict):
            raise ValueError(f"it holds a {type(facts).__name__}, not names with values")
    found, version = facts.pop(KIND_KEY, None), facts.pop(VERSION_KEY, None)
    if found != kind:
        other = f"holds a {found}" if isinstance(found, str) else "was not written by S2ST"
        raise ValueError(f"{path.name} {other}, but a {kind} file is needed: choose another.")
    if isinstance(version, bool) or not isinstance(version, int) or version > VERSION:
        raise ValueError(
            f"{path.name} has format version {version}, but this S2ST reads up to {VERSION}: "
            f"update S2ST or save the file again with this version."
        )
    return facts


def _refused(name: str) -> None:
    """JSON has no such number, but Python's reader takes it."""
    raise ValueError(f"it holds {name}, which is no number")
