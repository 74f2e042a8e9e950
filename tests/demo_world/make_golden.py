"""The small pictures of test_render.py; `python -m tests.demo_world.make_golden` draws them."""

from pathlib import Path

import numpy as np

from demo_world import render_all, scene

SEEDS = (11, 3_000_000)
SIZE = 32
GOLDEN = Path(__file__).parent / "golden" / "renders.npy"


def drawn():
    """Two scenes in every domain as bytes: [2, 6, 32, 32, 3]."""
    images = np.stack([render_all(scene(seed), SIZE) for seed in SEEDS])
    return np.rint(images * 255).astype(np.uint8)


if __name__ == "__main__":
    np.save(GOLDEN, drawn(), allow_pickle=False)
