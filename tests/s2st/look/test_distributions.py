import pytest
import torch
from torch.testing import assert_close

from s2st.look.distributions import (
    cosine_distance,
    resampled_quantiles,
    soft_histogram,
    sorted_values,
    unit,
    wasserstein_distance,
)


def bounds(channels, low=0.0, high=1.0):
    return torch.full((channels,), low), torch.full((channels,), high)


def test_a_histogram_counts_where_the_pixels_are():
    """Nine pixels at 0.25, three at 0.75, bins five apart: three quarters, one quarter."""
    pixels = torch.tensor([0.25] * 9 + [0.75] * 3).reshape(1, 1, 3, 4)
    low, high = bounds(1)
    counted = soft_histogram(pixels, low, high, bins=41)[0, 0]
    assert_close(counted.sum(), torch.tensor(1.0))
    assert_close(counted[:20].sum(), torch.tensor(0.75), rtol=1e-4, atol=0)
    assert counted.argmax() == 10
    assert_close(counted[30] / counted[10], torch.tensor(1 / 3), rtol=1e-4, atol=0)


def test_each_channel_has_its_own_range():
    latent = torch.stack([torch.full((4, 4), 5.0), torch.full((4, 4), -3.0)])[None]
    low, high = torch.tensor([4.0, -4.0]), torch.tensor([6.0, -2.0])
    counted = soft_histogram(latent, low, high, bins=9)
    assert counted.shape == (1, 2, 9)
    assert_close(counted[0, 0], counted[0, 1])
    assert counted[0, 0].argmax() == 4


def test_sorted_values_rise(latent):
    values = sorted_values(latent)
    assert values.shape == (2, 4, 64)
    assert bool((values.diff(dim=-1) >= 0).all())


def test_quantiles_of_equal_length_stay_and_others_keep_the_mean(normal):
    quantiles = normal(4, 64).sort(dim=-1).values
    assert_close(resampled_quantiles(quantiles, 64), quantiles)
    assert_close(resampled_quantiles(quantiles, 256).mean(1), quantiles.mean(1))
    assert bool((resampled_quantiles(quantiles, 33).diff(dim=-1) >= 0).all())


@pytest.mark.parametrize("shift", [0.25, -2.0])
def test_wasserstein_is_the_shift(normal, shift):
    values = normal(2, 4, 64).sort(dim=-1).values
    assert_close(wasserstein_distance(values + shift, values), torch.full((2, 4), abs(shift)))


def test_wasserstein_of_a_hand_made_case():
    """{0, 0, 1, 3} against {0, 1, 1, 1}: (0 + 1 + 0 + 2) / 4."""
    one, other = torch.tensor([0.0, 0.0, 1.0, 3.0]), torch.tensor([0.0, 1.0, 1.0, 1.0])
    assert float(wasserstein_distance(one, other)) == 0.75


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [([1.0, 0.0], [2.0, 0.0], 0.0), ([1.0, 0.0], [0.0, 1.0], 1.0), ([1.0, 0.0], [-1.0, 0.0], 2.0)],
)
def test_cosine_distance_of_known_angles(one, other, expected):
    distance = cosine_distance(torch.tensor(one), torch.tensor(other))
    assert float(distance) == pytest.approx(expected, abs=1e-6)


def test_sixty_degrees_are_one_half():
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.75**0.5])
    assert float(cosine_distance(one, other)) == pytest.approx(0.5, abs=1e-6)


def test_the_unit_of_zero_is_zero_with_a_finite_gradient():
    zero = torch.zeros(3, requires_grad=True)
    unit(zero).sum().backward()
    assert torch.equal(unit(zero).detach(), torch.zeros(3))
    assert bool(torch.isfinite(zero.grad).all())
