"""mypy over `s2st/` and `nodes/` (`python -m tools.type_check [mypy arguments]`).

ComfyUI loads this folder as one package, and the nodes import the library relatively from it; so
mypy sees it as one, too, under a name that Python can spell whatever the folder is called.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tools.comfyui import CACHE, link_folder
from tools.environment import ROOT

PACK = "pack"
CHECKED = ("s2st", "nodes")


def command_line(arguments: list[str]) -> list[str]:
    """mypy with the settings of pyproject.toml, from a folder in which the pack is `PACK`."""
    line = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    line += ["--cache-dir", str(CACHE / "mypy"), *arguments]
    return [*line, *(part for name in CHECKED for part in ("-p", f"{PACK}.{name}"))]


def main(arguments: list[str]) -> int:
    """mypy's exit code: 0 when every type fits."""
    with tempfile.TemporaryDirectory() as folder:
        link_folder(Path(folder) / PACK, ROOT)
        return subprocess.call(command_line(arguments), cwd=folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
