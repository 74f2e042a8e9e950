"""Each measure on cases whose answer is known."""

import pytest
import torch
from torch.testing import assert_close

from bench.many_to_one.measures import (
    bin_coverage,
    class_share,
    colour_frechet,
    colour_recall,
    density_and_coverage,
    explained,
    foreground_colours,
    iou_by_class,
    mean_difference,
    mean_iou,
    unique_colours,
)

RED, BLUE, GREEN = (torch.tensor([[float(one == place) for one in range(3)]]) for place in range(3))


def test_the_foreground_is_where_the_digit_is_light():
    grey = torch.zeros(1, 1, 2, 2)
    grey[..., 0, :] = 0.8
    picture = torch.zeros(1, 3, 2, 2)
    picture[0, 0, 0], picture[0, 1] = 0.4, 0.2
    assert_close(foreground_colours(picture, grey), torch.tensor([[0.5, 0.25, 0.0]]))


def test_recall_is_what_two_sets_share():
    real = torch.cat([RED, RED, BLUE, GREEN])
    made = torch.cat([RED, BLUE, BLUE, BLUE])
    assert colour_recall(made, real) == 0.5
    assert colour_recall(real, real) == 1
    assert bin_coverage(made, real) == pytest.approx(2 / 3)
    assert unique_colours(made) == 2


def test_density_and_coverage_of_the_same_set_and_of_a_far_one():
    real = torch.rand(200, 3, generator=torch.Generator().manual_seed(0))
    density, coverage = density_and_coverage(real, real)
    assert coverage == 1 and density == pytest.approx(1, abs=0.01)
    assert density_and_coverage(real + 5, real) == (0.0, 0.0)
    crowded = real[:1].expand(200, -1)
    assert density_and_coverage(crowded, real)[1] < 0.1


def test_frechet_of_a_moved_set_is_the_square_of_how_far():
    real = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
    assert colour_frechet(real + torch.tensor([0.3, 0.0, 0.0]), real) == pytest.approx(
        0.09, rel=1e-3
    )


def test_classes_explain_all_or_nothing():
    classes = torch.arange(4) // 2
    assert class_share(torch.cat([RED, RED, BLUE, BLUE]), classes) == pytest.approx(1)
    assert class_share(torch.cat([RED, BLUE, RED, BLUE]), classes) == pytest.approx(0)


def test_a_line_explains_what_follows_from_it():
    generator = torch.Generator().manual_seed(0)
    wanted = torch.rand(500, 3, generator=generator)
    assert explained(1 - wanted.flip(1), wanted) == pytest.approx(1)
    assert explained(torch.rand(500, 3, generator=generator), wanted) < 0.05
    assert explained(torch.ones(500, 3), wanted) == pytest.approx(0, abs=1e-9)


def test_iou_by_hand():
    wanted = torch.tensor([[[0, 0], [1, 1]]])
    found = torch.tensor([[[0, 1], [1, 1]]])
    assert iou_by_class(found, wanted, 3) == pytest.approx([1 / 2, 2 / 3, None])
    assert mean_iou(found, wanted, 3) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_the_mean_difference_is_over_all_pairs():
    answers = torch.tensor([0.0, 0.0, 0.3]).view(3, 1, 1, 1, 1)
    assert mean_difference(answers) == pytest.approx(0.2)
