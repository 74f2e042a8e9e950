"""The judge: even a small one learns, twice alike, and is trained once."""

import pytest
import torch

from bench.judges import (
    HELD_OUT,
    Judge,
    JudgeConfig,
    accuracy,
    drawn,
    lessons,
    open_judge,
    trained,
)
from demo_world import DOMAINS, LABELS, TRAIN_SEEDS

TINY = JudgeConfig(scenes=5, held_out=2, steps=60, batch=8)


@pytest.fixture(scope="module")
def judge():
    return trained(TINY)


@pytest.fixture(scope="module")
def held_out():
    return lessons(HELD_OUT[:2])


def test_training_teaches_domains_and_labels(judge):
    untrained = Judge(TINY.channels).eval()
    after, before = accuracy(judge, TINY), accuracy(untrained, TINY)
    assert after["domains"] >= 0.75 > before["domains"]
    assert after["labels"] >= 0.6 > before["labels"] + 0.2
    assert set(LABELS) < set(after) and after["sky"] > 0.6


def test_the_same_training_gives_the_same_judge(judge):
    again = trained(TINY)
    assert all(
        torch.equal(value, again.state_dict()[name]) for name, value in judge.state_dict().items()
    )


def test_it_is_trained_once_and_examined(judge, tmp_path):
    first = open_judge(TINY, tmp_path)
    (path,) = tmp_path.iterdir()
    written = path.stat().st_mtime_ns
    second = open_judge(TINY, tmp_path)
    assert path.stat().st_mtime_ns == written
    assert second.accuracy == first.accuracy == accuracy(judge, TINY)
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(second.judge.features(pictures), judge.features(pictures), atol=1e-5)


def test_no_scene_of_the_training_examines():
    assert not set(HELD_OUT) & set(TRAIN_SEEDS)


def test_perceptual_distance_grows_with_what_differs(judge, held_out):
    day = held_out.pictures[:, 0].float() / 255
    noise = torch.randn(day.shape, generator=torch.Generator().manual_seed(0))
    slightly, strongly = (day + 0.05 * noise).clamp(0, 1), (day + 0.3 * noise).clamp(0, 1)
    assert judge.perceptual(day, day).tolist() == [0.0, 0.0]
    assert (judge.perceptual(day, slightly) < judge.perceptual(day, strongly)).all()


def test_what_it_returns_has_one_row_per_picture(judge, held_out):
    pictures = held_out.pictures[0].float() / 255
    assert judge.features(pictures).shape == (len(DOMAINS), TINY.channels[-1])
    assert judge.label_maps(pictures).shape == (len(DOMAINS), 128, 128)


def test_crops_carry_their_own_labels(held_out):
    """Where the sky is, a crop of a clean day picture shows the sky's label."""
    config = JudgeConfig(batch=6, crop=32, noise=0.0)
    pictures, domains, maps = drawn(held_out, config, torch.Generator().manual_seed(3))
    assert pictures.shape == (6, 3, 32, 32) and maps.shape == (6, 32, 32)
    whole = held_out.pictures.float() / 255
    for picture, domain, labels in zip(pictures, domains, maps, strict=True):
        assert found_at(whole[:, domain], held_out.labels, picture, labels)


def found_at(wholes, maps, picture, labels):
    """Whether picture and labels are cut from one and the same place, mirrored or not."""
    size = picture.shape[-1]
    for whole, given in zip(wholes, maps, strict=True):
        for turned, turned_map in ((whole, given), (whole.flip(-1), given.flip(-1))):
            windows = turned.unfold(1, size, 1).unfold(2, size, 1)
            alike = (windows == picture[:, None, None]).all(dim=(0, 3, 4))
            for top, left in alike.nonzero().tolist():
                if torch.equal(turned_map[top : top + size, left : left + size], labels):
                    return True
    return False
