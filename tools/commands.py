"""The commands of dev.py: each is a module that runs inside the project's environment."""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.environment import ROOT, SetupError, prepare


@dataclass(frozen=True, kw_only=True)
class Command:
    """A name on dev.py's command line and the module that does the work."""

    name: str
    module: str
    help: str
    fixed_arguments: tuple[str, ...] = ()


COMMANDS = (
    Command(name="setup", module="tools.versions", help="set up the environment and stop there"),
    Command(
        name="test",
        module="tools.check",
        help="check lint, format, types and all tests, or run pytest with the arguments given",
    ),
    Command(
        name="comfy",
        module="tools.comfy",
        help="start a real ComfyUI with these nodes on 127.0.0.1 (options: --help)",
    ),
    Command(
        name="demo",
        module="tools.demo",
        help="translate held-out scenes in a real ComfyUI; pictures and numbers go to out/demo",
    ),
    Command(
        name="train-demo",
        module="demo_world.train",
        help="train the embedded demo model again (options: --help)",
    ),
    Command(
        name="train-many-to-one",
        module="translators.train",
        help="train a translator where one side has one answer and the other many (options: "
        "--help)",
    ),
    Command(
        name="train-exemplar",
        module="translators.exemplar.train",
        help="train the network that makes scenes of label maps after an exemplar (options: "
        "--help)",
    ),
    Command(
        name="bench",
        module="bench",
        help="measure quality, ablation, speed or memory (options: --help)",
    ),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python dev.py",
        description="Sets up .venv once, then runs one of these commands in it.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command in COMMANDS:
        commands.add_parser(command.name, help=command.help, add_help=False)
    return parser


def _find(name: str) -> Command:
    return next(command for command in COMMANDS if command.name == name)


def run(command: Command, arguments: list[str], python: Path) -> int:
    """Run one command's module with the environment's Python and return its exit code."""
    line = [str(python), "-m", command.module, *command.fixed_arguments, *arguments]
    process = subprocess.Popen(line, cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the command has received it too and ends by itself


def main(arguments: list[str]) -> int:
    """Parse the command line, prepare the environment, hand over."""
    chosen, rest = _parser().parse_known_args(arguments[:1])[0], arguments[1:]
    try:
        python = prepare()
        return run(_find(chosen.command), rest, python)
    except (SetupError, OSError) as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dev.py: stopped; run the same command again to go on.", file=sys.stderr)
        return 130
