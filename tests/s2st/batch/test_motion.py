"""Motion that is known is found, and what flickers beside it is measured and held."""

import pytest
import torch
import torch.nn.functional as F

from s2st.batch.motion import Steadied, SteadySettings, motion, moved

SIZE = 96


@pytest.fixture
def scene(normal):
    """A large smooth picture."""
    coarse = normal(1, 3, 24, 24, seed=3)
    return F.interpolate(coarse, size=(2 * SIZE, 2 * SIZE), mode="bicubic").sigmoid()


def seen(scene, across, down):
    """A window of the scene, wherever between pixels."""
    still = torch.tensor([across, down], dtype=torch.float32)
    flow = still.view(1, 2, 1, 1).expand(1, 2, *scene.shape[-2:])
    return moved(scene, flow)[..., 40 : 40 + SIZE, 40 : 40 + SIZE]


@pytest.mark.parametrize("way", [(0.0, 0.0), (1.5, -0.75), (-6.0, 4.0)])
def test_a_known_motion_is_found(scene, way):
    before, after = seen(scene, 0.0, 0.0), seen(scene, *way)
    inner = motion(before, after)[..., 16:-16, 16:-16]
    apart = (inner - torch.tensor(way).view(1, 2, 1, 1)).abs()
    assert float(apart.mean()) < 0.15


def test_a_moved_frame_is_the_next_one(scene):
    before, after = seen(scene, 0.0, 0.0), seen(scene, 3.0, 2.0)
    found = moved(before, motion(before, after))
    inner = (..., slice(12, -12), slice(12, -12))
    still = (before - after)[inner].abs().mean()
    assert float((found - after)[inner].abs().mean()) < 0.05 * float(still)


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (17, 16)])
def test_small_frames_have_a_motion_too(normal, size):
    pair = (normal(1, 3, *size, seed=one).sigmoid() for one in (1, 2))
    assert motion(*pair).shape == (1, 2, *size)


def film(scene, normal, frames, own, added):
    """(source, result) of every frame of a drive, each with noise of its own."""
    for number in range(frames):
        clean = seen(scene, 1.2 * number, -0.4 * number)
        noises = [normal(1, 3, SIZE, SIZE, seed=1000 * kind + number) for kind in (1, 2)]
        yield clean + own * noises[0], 1 - clean + added * noises[1]


def flicker(frames, steadiness):
    steadied = Steadied(steadiness)
    for source, result in frames:
        steadied(source, result)
    return steadied.flicker


def test_flicker_is_told_beside_the_sources_own_and_lowered(scene, normal):
    raw, held = flicker(film(scene, normal, 10, own=0.01, added=0.03), SteadySettings().steadiness)
    assert raw == pytest.approx(3, abs=0.5)  # by how much more noise the results have
    assert held < 1.2
    same, left = flicker(film(scene, normal, 4, own=0.01, added=0.01), 0.0)
    assert left == same == pytest.approx(1, abs=0.15)


def test_what_is_new_in_a_frame_is_not_held_back(scene):
    steadied = Steadied(0.9)
    first, second = seen(scene, 0.0, 0.0), 1 - seen(scene, 0.0, 0.0)  # a cut
    steadied(first, first)
    assert float((steadied(second, second) - second).abs().mean()) < 0.05


def test_a_film_that_changes_its_size_begins_anew(scene):
    steadied = Steadied(0.9)
    first = seen(scene, 0.0, 0.0)
    steadied(first, first)
    assert torch.equal(steadied(first[..., :50], first[..., :50]), first[..., :50])
