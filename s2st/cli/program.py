"""The commands under one name; a new one is a module with HELP, add_options and run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..kit.version import VERSION
from . import calibrate, compare, exemplar, invert, look, paint, translate

COMMANDS = {
    "translate": translate,
    "look": look,
    "compare": compare,
    "invert": invert,
    "paint": paint,
    "exemplar": exemplar,
    "calibrate": calibrate,
}
REFUSED, STOPPED = 2, 130  # exit codes: of a wrong request, and of Ctrl-C as shells give it


def parser() -> argparse.ArgumentParser:
    """Of all commands."""
    whole = argparse.ArgumentParser(prog="s2st", description="Translate pictures with S2ST.")
    whole.add_argument("--version", action="version", version=VERSION)
    several = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        text = command.HELP
        command.add_options(several.add_parser(name, help=text, description=text))
    return whole


def main(arguments: Sequence[str]) -> int:
    """Run a command; its exit code. What it refuses is one sentence and no traceback."""
    given = parser().parse_args(arguments)
    try:
        return COMMANDS[given.command].run(given)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"s2st {given.command}: {error}\n")
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write(f"\ns2st {given.command}: stopped.\n")
        return STOPPED


def run() -> None:
    """What the installed `s2st` starts."""
    sys.exit(main(sys.argv[1:]))
