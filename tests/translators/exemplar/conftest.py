"""A world of bands whose looks are colours of the latents, so that nothing has to be rendered."""

import pytest
import torch

from demo_world import LABELS
from translators.exemplar.world import World

SCENES, LOOKS, SIDE = 4, 2, 32


@pytest.fixture
def bands():
    """Sky above road; each scene's horizon is lower than the one before."""
    classes = torch.full((SCENES, SIDE, SIDE), LABELS.index("sky"), dtype=torch.uint8)
    for number in range(SCENES):
        classes[number, 8 + 4 * number :] = LABELS.index("road")
    cells = (classes[:, ::4, ::4] == LABELS.index("road")).float()[:, None, None]
    colours = torch.randn(1, LOOKS, 4, 1, 1, generator=torch.Generator().manual_seed(3))
    latents = colours * (2 * cells - 1) + 0.1 * torch.randn(
        SCENES, LOOKS, 4, 8, 8, generator=torch.Generator().manual_seed(4)
    )
    return World(latents.half(), classes)
