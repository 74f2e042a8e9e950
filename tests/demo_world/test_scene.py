"""Scenes: drawn from the seed alone, alike everywhere, from disjoint ranges."""

from itertools import combinations

import pytest

from demo_world import (
    EVALUATION_SEEDS,
    REFERENCE_SEEDS,
    TRAIN_SEEDS,
    TUNING_SEEDS,
    scene,
)


def numbers(one):
    """A few of a scene's numbers, from its first draw to its last."""
    return (
        one.camera.focal,
        one.road_half,
        one.buildings[0].height,
        one.heaven.sun[0],
        float(one.flakes[-1, -1]),
    )


def test_the_same_seed_draws_the_same_scene():
    assert numbers(scene(5)) == numbers(scene(5))
    assert numbers(scene(5)) != numbers(scene(6))


def test_the_draws_of_a_seed_never_change():
    drawn = (
        0.9934890121389909,
        3.1318482870427093,
        9.269515544174292,
        0.3463532248721332,
        0.9950094173238103,
    )
    assert numbers(scene(42)) == pytest.approx(drawn, rel=1e-12)


def test_no_seed_serves_two_purposes():
    ranges = (TRAIN_SEEDS, REFERENCE_SEEDS, TUNING_SEEDS, EVALUATION_SEEDS)
    for first, second in combinations(ranges, 2):
        assert first.stop <= second.start or second.stop <= first.start
    assert all(len(seeds) >= 10_000 for seeds in ranges)


def test_cars_of_one_lane_do_not_overlap():
    for seed in range(40):
        for oncoming in (True, False):
            lane = [car for car in scene(seed).cars if car.oncoming == oncoming]
            gaps = [b.z - (a.z + a.length) for a, b in zip(lane, lane[1:], strict=False)]
            assert all(gap > 0 for gap in gaps)
