"""Starts a real ComfyUI with these nodes (`python dev.py comfy`)."""

import argparse
import subprocess
import sys

from tools.comfyui import (
    CACHE,
    DEFAULT_RELEASE,
    RELEASES,
    command_line,
    device_arguments,
    find,
    port_is_free,
    prepare_base,
    variables_for,
)
from tools.environment import SetupError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python dev.py comfy",
        description="Starts a real ComfyUI with these nodes on 127.0.0.1, in a base directory of "
        "its own. COMFYUI_PATH, or the ComfyUI whose custom_nodes holds this pack, comes first. "
        "Unknown options are handed to ComfyUI.",
    )
    parser.add_argument("--version", choices=sorted(RELEASES), default=DEFAULT_RELEASE)
    parser.add_argument("--port", type=int, default=8188)
    return parser


def main(arguments: list[str]) -> int:
    """Find or fetch ComfyUI, prepare its base directory, run it until Ctrl+C."""
    options, extra = _parser().parse_known_args(arguments)
    try:
        tree = find(options.version)
        if not port_is_free(options.port):
            raise SetupError(f"Port {options.port} is taken; choose another one with --port.")
        base = prepare_base(CACHE / "comfyui-base")
    except SetupError as error:
        print(f"dev.py comfy: {error}", file=sys.stderr)
        return 1
    extra = ["--preview-method", "auto", *device_arguments(), *extra]
    print(f"ComfyUI will answer on http://127.0.0.1:{options.port} (Ctrl+C stops it)", flush=True)
    try:
        line = command_line(tree, base, options.port, extra)
        return subprocess.call(line, cwd=tree, env=variables_for(tree))
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
