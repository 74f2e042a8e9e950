"""`compare`: sheets of sources and results of a folder that was translated."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "Draw sheets on which sources and their results stand beside each other."


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--source", type=Path, required=True, help="the folder that was translated")
    add("--out", type=Path, required=True, help="the folder of the results; sheets go there too")


def run(given: argparse.Namespace) -> int:
    from ..batch.items import items_of  # with Pillow, which comes along with diffusers
    from ..batch.sheets import draw_sheets

    items = items_of(given.source, given.out)
    if not any(one.target.is_file() for one in items):
        raise ValueError(
            f"{given.out} holds no result of {given.source}, but at least 1 is needed: translate "
            f"it first."
        )
    for path in draw_sheets(items, given.out):
        sys.stdout.write(f"{path}\n")
    return 0
