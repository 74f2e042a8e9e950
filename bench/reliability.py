"""What the reliability tests find in their thorough form, each as a part of its page."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import torch

from .cost_page import machine, machine_line, markdown_table, with_part
from .store import ROOT

PAGE = "reliability.md"
TESTS = ROOT / "tests" / "reliability"
Figures = Mapping[str, str]


def parts() -> list[str]:
    """Of the page: what the files of the tests are called."""
    return sorted(path.stem.removeprefix("test_") for path in TESTS.glob("test_*.py"))


def found_by(test: Path, arguments: Sequence[str] = ()) -> list[Figures] | None:
    """The figures that tests have told, those of each by their names; None where one failed."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", str(test), f"--junitxml={report}"]
        if subprocess.call([*command, *arguments], cwd=ROOT):
            return None
        cases = ElementTree.parse(report).iter("testcase")
        told = [
            {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
            for case in cases
        ]
    return [one for one in told if one]


def tables(figures: Sequence[Figures]) -> list[str]:
    """A table for all figures that are called alike."""
    lines: dict[tuple[str, ...], list[list[str]]] = {}
    for one in figures:
        lines.setdefault(tuple(one), []).append(list(one.values()))
    return [markdown_table(heads, rows) for heads, rows in lines.items()]


def body_of(part: str, figures: Sequence[Figures], seconds: float) -> str:
    told = f"`python dev.py bench reliability {part}`, {seconds / 60:.1f} minutes."
    return "\n\n".join([f"{told} {machine_line(machine(torch.device('cpu')))}", *tables(figures)])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python dev.py bench reliability", description=__doc__)
    every = parts()
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(every)}")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help=f"folder of {PAGE}")
    options = parser.parse_args(arguments)
    unknown = sorted({*options.parts} - {*every})
    if unknown:
        parser.error(f"{unknown[0]!r} is no part, but one of {', '.join(every)} is needed.")
    failed = []
    for part in options.parts or every:
        began = time.monotonic()
        figures = found_by(TESTS / f"test_{part}.py", ["--thorough"])
        if figures is None:
            failed.append(part)
            continue
        body, page = body_of(part, figures, time.monotonic() - began), options.out / PAGE
        page.write_text(with_part(page.read_text(encoding="utf-8"), part, body), encoding="utf-8")
        print(body)
    return int(bool(failed))
