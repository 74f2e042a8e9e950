"""Linter, formatter, types and the test suite (`python dev.py test [pytest arguments]`)."""

import subprocess
import sys
from dataclasses import dataclass

from tools.environment import ROOT


@dataclass(frozen=True)
class Check:
    """One thing that must hold, and the module with its arguments that tells."""

    name: str
    module: tuple[str, ...]


PROCESSES = "2"  # each with its own ComfyUI, and a thread: small models gain nothing from more
TESTS = Check("tests", ("pytest",))
ALL_TESTS = Check("tests", ("pytest", "--numprocesses", PROCESSES, "--dist", "loadfile"))
CHECKS = (
    Check("lint", ("ruff", "check", ".")),
    Check("format", ("ruff", "format", "--check", ".")),
    Check("types", ("tools.type_check",)),
    ALL_TESTS,
)


def holds(check: Check, arguments: list[str]) -> bool:
    """Run one check; its own output says what is wrong."""
    line = [sys.executable, "-m", *check.module, *arguments]
    return subprocess.call(line, cwd=ROOT) == 0


def run(checks: tuple[Check, ...]) -> int:
    """Run every check, also after one has failed, and say at the end which did."""
    results = {check.name: holds(check, []) for check in checks}
    for name, passed in results.items():
        print(f"{name}: {'passed' if passed else 'FAILED'}", flush=True)
    return 0 if all(results.values()) else 1


def main(arguments: list[str]) -> int:
    """Without arguments everything is checked; with arguments pytest alone gets them."""
    return int(not holds(TESTS, arguments)) if arguments else run(CHECKS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
