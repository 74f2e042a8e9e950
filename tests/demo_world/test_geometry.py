"""Labels and depth come from the same shapes as the pictures, whatever the domain."""

import numpy as np
import pytest

from demo_world import DOMAINS, LABELS, depth, labels, render, scene
from demo_world.canvas import SKY_DISTANCE
from demo_world.geometry import rasterise

SEEDS = range(20)


def boundaries(classes):
    """True where a pixel's class differs from its neighbour's on the right or below."""
    edges = np.zeros(classes.shape, bool)
    edges[:, :-1] |= classes[:, :-1] != classes[:, 1:]
    edges[:-1] |= classes[:-1] != classes[1:]
    return edges


def steps(image):
    """How much every pixel differs from its neighbours on the right and below."""
    across = np.abs(np.diff(image, axis=1, append=image[:, -1:])).sum(2)
    return across + np.abs(np.diff(image, axis=0, append=image[-1:])).sum(2)


def test_every_class_is_somewhere_and_no_other():
    seen = np.unique(np.concatenate([np.unique(labels(scene(seed))) for seed in SEEDS]))
    assert [LABELS[index] for index in seen] == list(LABELS)


def test_the_sky_and_only_the_sky_is_infinitely_far():
    for seed in SEEDS:
        is_sky = labels(scene(seed)) == LABELS.index("sky")
        assert np.array_equal(is_sky, depth(scene(seed)) == SKY_DISTANCE)


def test_the_ground_comes_nearer_row_by_row():
    classes, distance = labels(scene(3)), depth(scene(3))
    flat = np.isin(classes, [LABELS.index(name) for name in ("road", "marking", "pavement")])
    together = flat[1:] & flat[:-1]
    assert together.sum() > 1000
    assert (distance[1:] < distance[:-1])[together].all()


def test_near_things_hide_far_ones():
    one = next(s for s in map(scene, range(100)) if any(6 < c.z < 10 and c.x > 0 for c in s.cars))
    car = next(c for c in one.cars if 6 < c.z < 10 and c.x > 0)
    column, row = rasterise(one, 128, 1).project(car.x, car.height * 0.45, car.z)
    if 0 <= column < 127:
        assert depth(one)[int(row), int(column)] == pytest.approx(car.z, abs=0.2)
        assert LABELS[labels(one)[int(row), int(column)]] == "car"


@pytest.mark.parametrize("domain", DOMAINS)
def test_edges_stand_where_the_labels_change(domain):
    ratios = []
    for seed in SEEDS:
        edges, change = boundaries(labels(scene(seed))), steps(render(scene(seed), domain))
        near = depth(scene(seed)) < 40
        ratios.append(change[edges & near].mean() / change[~edges & near].mean())
    assert np.median(ratios) > 2.5


def test_labels_and_depth_are_asked_without_a_domain():
    one = scene(8)
    assert labels(one, 64).shape == depth(one, 64).shape == (64, 64)
    assert np.array_equal(labels(one, 64), labels(scene(8), 64))


def test_a_tiny_picture_is_refused_with_its_limit():
    with pytest.raises(ValueError, match="size is 8.*at least 16"):
        labels(scene(0), 8)
