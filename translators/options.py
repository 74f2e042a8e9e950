"""What the training commands have in common on their command lines."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch


def add_shared_options(parser: argparse.ArgumentParser, folder: Path) -> None:
    """Options of every run; `folder` is where runs usually lie."""
    add = parser.add_argument
    add("--seed", type=int, default=0, help="of weights and lessons (default: 0)")
    add("--minutes", type=float, help="length of the run, in minutes of one CPU core")
    add("--steps", type=int, help="length of the run, in steps")
    add("--batch", type=int, help="pictures of a step")
    add("--items", type=int, help="scenes to learn from")
    add("--size", type=int, help="pixels a side")
    add("--rate", type=float, help="learning rate")
    add("--smoke", action="store_true", help="a tiny run of seconds that shows losses fall")
    add("--half", action="store_true", help="keep weights in half precision, to ship them")
    add("--resume", action="store_true", help="go on from the last checkpoint")
    add("--device", choices=("cpu", "cuda"), help="default: cuda where it is found")
    add("--workers", type=int, default=2, help="processes that render scenes (default: 2)")
    shown = folder.relative_to(folder.parent.parent)
    add("--out", type=Path, default=folder, help=f"where runs lie (default: {shown})")


def device_of(options: argparse.Namespace) -> torch.device:
    """The device asked for, or the best there is."""
    return torch.device(options.device) if options.device else fastest_device()


def fastest_device() -> torch.device:
    """Where runs are trained, if nothing else is asked for."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def how(options: argparse.Namespace) -> dict[str, Any]:
    """What changes nothing in a run but how it is made and kept."""
    return {name: getattr(options, name) for name in ("workers", "resume", "half")}


def given(options: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """Those of the options that were given a value."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}
