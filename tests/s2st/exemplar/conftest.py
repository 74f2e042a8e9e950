"""A tiny network for scenes of three classes, and what it may be shown."""

import pytest
import torch

from s2st.exemplar.design import Design
from s2st.exemplar.learning import Lesson
from s2st.exemplar.losses import UNKNOWN
from s2st.exemplar.networks import Networks, Plan
from s2st.kit.legend import one_hot, painted

LEGEND = {"sky": (0, 0, 255), "road": (128, 128, 128), "tree": (0, 128, 0)}
SMALL = Design(size=32, width=8, features=12, blocks=1, prior_width=8)
BATCH, CELLS = 3, 8


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def plan():
    return Plan(legend=LEGEND, design=SMALL)


@pytest.fixture
def networks(plan, generator):
    """Untrained, but no block begins as its straight way."""
    made = Networks(plan, generator)
    with torch.no_grad():
        for one in made.parameters():
            one += 0.1 * torch.randn(one.shape, generator=generator)
    return made


@pytest.fixture
def classes(generator):
    """[B, 32, 32]: sky above, road below, trees anywhere."""
    maps = torch.zeros(BATCH, 32, 32, dtype=torch.long)
    maps[:, 20:] = 1
    return maps.where(torch.rand(maps.shape, generator=generator) < 0.8, 2)


@pytest.fixture
def labels(classes):
    return painted(classes, LEGEND)


@pytest.fixture
def latents(generator):
    return torch.randn(BATCH, 4, CELLS, CELLS, generator=generator)


@pytest.fixture
def lesson(classes, latents, generator):
    """The first exemplar is the photo itself, whose places are known."""
    places = torch.full((BATCH, CELLS**2), UNKNOWN)
    places[0] = torch.arange(CELLS**2)
    others = torch.randn(latents.shape, generator=generator)
    others[0] = latents[0]
    shown = one_hot(classes, 3)
    return Lesson(
        shown=shown,
        truth=latents,
        exemplars=others,
        classes=torch.nn.functional.avg_pool2d(shown, 4),
        places=places,
        noise=torch.randn(latents.shape, generator=generator),
        sigma=torch.tensor([0.1, 0.5, 0.8]),
        given=torch.tensor([1.0, 1.0, 0.0]),
        begun=torch.tensor([0.0, 1.0, 0.0]),
    )
