"""The linter and the test suite (`python dev.py test [pytest arguments]`)."""

import subprocess
import sys

from tools.environment import ROOT


def main(arguments: list[str]) -> int:
    """Without arguments everything is checked; with arguments pytest alone gets them."""
    lint = 0
    if not arguments:
        lint = subprocess.call([sys.executable, "-m", "ruff", "check", "."], cwd=ROOT)
    tests = subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT)
    return lint or tests


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
