"""Intervals: against tables, by hand, and by counting how often they hold."""

import pytest
import torch

from bench.statistics import (
    Interval,
    Standing,
    bootstrap_interval,
    independent_difference,
    mean_interval,
    resampled,
    share_interval,
    standing,
)


def test_one_scene_has_no_interval():
    with pytest.raises(ValueError, match="There are 1 scenes, but an interval needs at least 2"):
        mean_interval(torch.tensor([1.0]))


def test_a_mean_and_its_interval_by_hand():
    one = mean_interval(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    margin = 3.182446 * (5 / 3) ** 0.5 / 2
    assert one.value == 2.5
    assert one.low == pytest.approx(2.5 - margin)
    assert one.half_width == pytest.approx(margin)
    assert -one == Interval(-2.5, -one.high, -one.low)


def test_a_scene_without_a_value_is_left_out():
    values = torch.tensor([1.0, float("nan"), 2.0, 3.0])
    assert mean_interval(values) == mean_interval(values[[0, 2, 3]])


def test_a_share_of_few_is_never_sure():
    none, all_, some = (share_interval(hits, 10) for hits in (0, 10, 5))
    assert none.low == pytest.approx(0) and none.high == pytest.approx(0.2775, abs=1e-3)
    assert all_.low == pytest.approx(1 - none.high) and some.value == 0.5
    assert share_interval(0, 0) == Interval(0.0, 0.0, 1.0)


def test_the_interval_holds_in_nineteen_of_twenty_draws():
    draws = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0))
    held = [mean_interval(draw).low < 0 < mean_interval(draw).high for draw in draws]
    assert sum(held) / len(held) == pytest.approx(0.95, abs=0.015)


def test_resamples_are_the_same_for_all_who_ask():
    drawn = [resampled(lambda indices: indices, 8) for _ in range(2)]
    assert torch.equal(*drawn)
    assert drawn[0].shape == (401, 8) and drawn[0][0].tolist() == list(range(8))


def test_the_difference_of_strangers_is_wider_than_either():
    apart = independent_difference(Interval(5.0, 2.0, 8.0), Interval(1.0, -3.0, 5.0))
    assert (apart.value, apart.low, apart.high) == (4.0, -1.0, 9.0)


def test_the_bootstrap_of_a_mean_agrees_with_students_interval():
    values = torch.randn(64, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    by_resampling = bootstrap_interval(resampled(lambda drawn: values[drawn].mean(dim=1), 64))
    by_student = mean_interval(values)
    assert by_resampling.value == pytest.approx(by_student.value)
    assert by_resampling.half_width == pytest.approx(by_student.half_width, rel=0.15)


def test_the_bootstrap_lies_around_the_value_even_where_resamples_are_larger():
    values = torch.tensor([1.0] + [2.0 + 0.01 * step for step in range(100)])
    one = bootstrap_interval(values)
    assert one.low < one.value < one.high
    assert one.high - one.low == pytest.approx(0.95 * 0.99, abs=0.02)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 0.3, Standing.BETTER), (-0.1, 0.3, Standing.EQUAL), (-0.3, -0.1, Standing.WORSE)],
)
def test_standings(low, high, expected):
    assert standing(Interval((low + high) / 2, low, high)) is expected
