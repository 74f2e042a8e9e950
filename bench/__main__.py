"""The bench's command line: `python dev.py bench quality`, or another of the names below."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

SUBCOMMANDS = {
    "quality": "S2ST against its rivals on paired scenes: distance to truth, structure, appearance",
    "backbones": "the same with the strongest rivals on models that predict something else",
    "weights": "earlier weights of the demo model beside the present ones",
    "ablation": "what each part of S2ST buys",
    "speed": "what each stage costs, in plain sampling runs",
    "memory": "seconds and peak memory with networks of real size, on a CUDA device",
    "strokes": "pictures from strokes: faithfulness against realism, and words for regions",
    "exemplar": "translation after an exemplar: matching, and style by class against structure",
    "many": "folders of pictures by either engine: the same bits, seconds, memory",
    "film": "how a translated drive flickers beside its source",
    "many-to-one": "one answer on one side, many on the other: StarGAN v2 against HMU and HMS",
    "reliability": "random graphs, cancels, kills and damaged files: the thorough tests, told",
    "nodes": "seconds and peak memory of the nodes beside KSampler, in a real ComfyUI",
}


def main(arguments: Sequence[str]) -> int:
    """Hand over to the module of that name."""
    parser = argparse.ArgumentParser(prog="python dev.py bench", description=__doc__)
    choices = parser.add_subparsers(dest="bench", required=True, metavar="bench")
    for name, meaning in SUBCOMMANDS.items():
        choices.add_parser(name, help=meaning, add_help=False)
    name = parser.parse_args(arguments[:1]).bench
    return importlib.import_module(f"bench.{name.replace('-', '_')}").main(list(arguments[1:])) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
