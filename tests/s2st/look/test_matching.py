from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from s2st.look.matching import (
    confident,
    directions,
    domain_directions,
    likeness,
    matches,
    picture_directions,
    strayed,
    voted,
    warped,
)

COLD = 1e-3
SIZE = (6, 8)


@pytest.fixture
def others(normal):
    """Directions of two pictures, [2, 6, 8, 16]."""
    return directions(normal(2, 16, *SIZE))


@pytest.fixture
def own(others):
    """The first of them, moved one place to the right and two down, [1, 6, 8, 16]."""
    return others[:1].roll((2, 1), dims=(1, 2))


@pytest.fixture
def numbers():
    """Of the first picture's places, moved as it was."""
    return torch.arange(48).view(SIZE).roll((2, 1), dims=(0, 1)).flatten()


def test_every_place_finds_its_like_and_is_found_by_it(own, others, numbers):
    found = matches(own[0], others)
    assert torch.equal(found.places, numbers)
    assert_close(found.likeness, torch.ones(48))
    assert torch.equal(found.returned, torch.arange(48))
    assert float(strayed(found, SIZE).max()) == 0


@pytest.mark.parametrize("budget", [1, 1000, 10**9])
def test_the_budget_changes_memory_alone(own, others, budget):
    usual, found = matches(own[0], others), matches(own[0], others, budget)
    assert torch.equal(found.places, usual.places)
    assert torch.equal(found.back, usual.back)
    rows = [len(alike) for _, alike in likeness(own[0].flatten(0, 1), others.flatten(0, 2), budget)]
    assert sum(rows) == 48
    assert max(rows) * 8 * 96 <= max(budget, 8 * 96)
    values = torch.arange(96.0).view(2, 1, *SIZE)
    assert_close(warped(own, others, values, 0.1, budget), warped(own, others, values, 0.1))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize("compare", ["warped", "matched"])
def test_a_comparison_takes_no_more_than_its_budget(normal, compare):
    """All places at once would take 1 GiB, and as weights as much again."""
    own, budget = directions(normal(1, 16, 128, 128)), 128 * 2**20
    values = normal(1, 4, 128, 128)
    before = held("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
    if compare == "warped":
        warped(own, own, values, 0.1, budget)
    else:
        matches(own[0], own, budget)
    assert held("VmHWM") - before < 1.25 * budget


def held(what):
    """Bytes by Linux's own account: VmRSS is held now, VmHWM was held at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))


def test_a_cold_warp_takes_the_like_and_a_hot_one_the_mean(own, others, numbers, normal):
    values = normal(2, 3, *SIZE, seed=1)
    cold = warped(own, others, values, COLD)
    assert_close(cold, values[:1].flatten(2)[..., numbers].view(1, 3, *SIZE))
    hot = warped(own, others, values, 1e6)
    assert_close(hot, values.mean(dim=(0, 2, 3)).view(1, 3, 1, 1).expand_as(hot))


def test_each_place_takes_from_the_picture_that_fits_it(others):
    own = torch.cat([others[:1, :3], others[1:, 3:]], dim=1)
    values = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1).expand(2, 1, *SIZE)
    found = warped(own, others, values, COLD)
    assert_close(found[0, 0], torch.tensor([[1.0]] * 3 + [[2.0]] * 3).expand(SIZE))


def test_what_is_in_no_exemplar_is_not_trusted(others, normal):
    own = others[:1].clone()
    own[0, :2, :3] = directions(normal(1, 16, 2, 3, seed=9))[0]
    trusted = confident(own, others, 0.0)[0, 0]
    assert bool((trusted[2:] == 1).all())
    assert float(trusted[:2, :3].mean()) < 0.2
    assert bool((confident(own, others, 2.0) == 1).all())


def test_votes_are_means_over_the_nearest(others):
    points = others.flatten(0, 2)
    values = torch.arange(96.0)[:, None]
    assert_close(voted(points, points, values, 1), values)
    assert_close(voted(points[:1], points, values, 1000), values.mean(dim=0, keepdim=True))


def test_a_picture_is_alone_what_it_is_in_a_batch(normal):
    features = normal(3, 5, 4, 4) * torch.tensor([1.0, 5.0, 0.1]).view(3, 1, 1, 1) + 2
    together = picture_directions(features, (8, 8))
    assert together.shape == (3, 8, 8, 5)
    assert_close(together[1:2], domain_directions(features[1:2], (8, 8)))
    assert_close(together.norm(dim=-1), torch.ones(3, 8, 8))
