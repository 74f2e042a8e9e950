"""The page of costs: every command writes its own part of docs/cost.md and docs/cost.json."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from .store import ROOT

FOLDER = ROOT / "docs"
PAGE, NUMBERS = "cost.md", "cost.json"
VERSIONS = ("torch", "diffusers", "transformers")


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its first column to the left and all others to the right."""
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *rows))


def with_part(page: str, name: str, body: str) -> str:
    """The page with what stands between the markers of `name` replaced by `body`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(
            f"The page has {page.count(begin)} lines {begin!r} and {page.count(end)} lines "
            f"{end!r}, but needs one of each, in this order: put them where the part belongs."
        )
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{body.strip()}\n\n{end}{rest.split(end)[1]}"


def write_part(folder: Path, name: str, body: str, numbers: Mapping[str, object]) -> None:
    """Print one command's part, put it into the page, and its numbers into the JSON beside it."""
    print(body)
    page, file = folder / PAGE, folder / NUMBERS
    page.write_text(with_part(page.read_text(encoding="utf-8"), name, body), encoding="utf-8")
    text = json.dumps({**known_numbers(folder), name: numbers}, indent=1)
    file.write_text(text + "\n", encoding="utf-8")


def known_numbers(folder: Path) -> dict[str, Any]:
    """What the commands have measured before, by their names."""
    file = folder / NUMBERS
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def options_of(name: str, meaning: str) -> argparse.ArgumentParser:
    """What the commands share that write a part."""
    options = argparse.ArgumentParser(prog=f"python dev.py bench {name}", description=meaning)
    options.add_argument("--out", type=Path, default=FOLDER, help="folder of cost.md, cost.json")
    return options


def machine(device: torch.device) -> dict[str, str]:
    """What a measurement depends on: device, threads and versions."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    versions = {one: version(one) for one in VERSIONS}
    facts = {"device": f"{device.type} ({name})", "threads": str(torch.get_num_threads())}
    return facts | {"python": platform.python_version()} | versions


def machine_line(facts: Mapping[str, str]) -> str:
    return "Measured with " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "."
