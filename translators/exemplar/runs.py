"""Where runs lie."""

from __future__ import annotations

from pathlib import Path

from s2st.exemplar.scene_network import SUFFIX
from tools.environment import ROOT

FOLDER = ROOT / "out" / "exemplar"
SEED = "seed-"


def folder_of(seed: int, root: Path = FOLDER) -> Path:
    return root / f"{SEED}{seed}"


def file_of(seed: int, root: Path = FOLDER) -> Path:
    """The trained weights, once the run is finished."""
    return folder_of(seed, root) / f"streets{SUFFIX}"
