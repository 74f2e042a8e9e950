"""Writes the golden file of `/object_info`: `python tests/comfy/make_object_info.py`.

Run it after a node was added on purpose; a changed id, input or output breaks saved workflows.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from test_object_info import GOLDEN, described  # noqa: E402

from tools.comfy_client import ComfyClient  # noqa: E402
from tools.comfyui import find, running  # noqa: E402


def main():
    with tempfile.TemporaryDirectory() as base, running(find(), Path(base), ["--cpu"]) as server:
        info = ComfyClient(server.address).object_info()
    ours = {name: node for name, node in info.items() if name.startswith("S2ST_")}
    GOLDEN.write_text(json.dumps(described(ours), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
