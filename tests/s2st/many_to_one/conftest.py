"""A tiny translator between photos and label maps, and pictures for it."""

import pytest
import torch

from s2st.many_to_one.design import Design
from s2st.many_to_one.domains import Domain, Kind
from s2st.many_to_one.networks import Networks, Plan
from s2st.many_to_one.switches import Switches
from s2st.many_to_one.translator import Translator

LEGEND = {"sky": (0, 0, 255), "road": (128, 128, 128), "tree": (0, 128, 0), "car": (255, 0, 0)}
PHOTO = Domain(name="photo")
GREY = Domain(name="grey", kind=Kind.GREY, many=False)
LABELS = Domain(name="labels", kind=Kind.LABELS, many=False, legend=LEGEND)
SMALL = Design(size=32, width=8, most_width=16, style=6, latent=4, hidden=12)


def _plan(*domains, design=SMALL, **switches):
    return Plan(domains=domains or (PHOTO, LABELS), design=design, switches=Switches(**switches))


@pytest.fixture(scope="session")
def plan_of():
    """plan_of(*domains, design=SMALL, **switches)."""
    return _plan


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def translator(generator):
    """Untrained, between photo, grey and labels."""
    plan = _plan(PHOTO, GREY, LABELS)
    return Translator(plan, Networks(plan, generator), {"steps": 3})


@pytest.fixture
def pictures(generator):
    return torch.rand(3, 3, 32, 32, generator=generator)
