import pytest
import torch
from torch.testing import assert_close

from s2st.look.distributions import (
    Ranked,
    cosine_distance,
    quantiles_of,
    ranked,
    read_at,
    resampled,
    soft_histogram,
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


def test_a_histogram_is_kornias(latent):
    from kornia.enhance import histogram

    low, high = bounds(4, -3.0, 3.0)
    scaled = ((latent + 3) / 6).flatten(0, 1).flatten(1)
    theirs = histogram(scaled, torch.linspace(0, 1, 16), torch.tensor(1 / 16))
    ours = soft_histogram(latent, low, high, bins=16)
    assert_close(ours, theirs.reshape(2, 4, 16), rtol=1e-4, atol=1e-6)


def test_each_channel_has_its_own_range():
    latent = torch.stack([torch.full((4, 4), 5.0), torch.full((4, 4), -3.0)])[None]
    low, high = torch.tensor([4.0, -4.0]), torch.tensor([6.0, -2.0])
    counted = soft_histogram(latent, low, high, bins=9)
    assert counted.shape == (1, 2, 9)
    assert_close(counted[0, 0], counted[0, 1])
    assert counted[0, 0].argmax() == 4


def test_ranked_values_rise(latent):
    values = ranked(latent).values
    assert values.shape == (2, 4, 64)
    assert bool((values.diff(dim=-1) >= 0).all())


def test_quantiles_of_equal_length_stay_and_others_keep_the_mean(normal):
    quantiles = normal(2, 4, 64).sort(dim=-1).values
    assert torch.equal(resampled(quantiles, 64), quantiles)
    assert_close(resampled(quantiles, 256).mean(-1), quantiles.mean(-1))
    assert bool((resampled(quantiles, 33).diff(dim=-1) >= 0).all())


def test_reading_at_mid_points_is_resampling(normal):
    quantiles = normal(2, 4, 64).sort(dim=-1).values
    places = ((torch.arange(37) + 0.5) / 37).expand(2, 4, 37)
    assert_close(read_at(quantiles, places), resampled(quantiles, 37))


@pytest.mark.parametrize("shift", [0.25, -2.0])
def test_wasserstein_is_the_shift(normal, shift):
    values = normal(2, 4, 64).sort(dim=-1).values
    moved = wasserstein_distance(Ranked(values + shift), values)
    assert_close(moved, torch.full((2, 4), abs(shift)))


def test_wasserstein_of_a_hand_made_case():
    """{0, 0, 1, 3} against {0, 1, 1, 1}: (0 + 1 + 0 + 2) / 4."""
    one = torch.tensor([0.0, 0.0, 1.0, 3.0]).reshape(1, 1, 4)
    other = torch.tensor([0.0, 1.0, 1.0, 1.0]).reshape(1, 1, 4)
    assert float(wasserstein_distance(Ranked(one), other)) == 0.75


def test_what_the_mask_leaves_out_does_not_count(latent, half_mask):
    """Half a picture under a mask is the half picture."""
    half, other = ranked(latent[..., :4]), latent.clone()
    other[..., 4:] = 100
    masked = ranked(other, half_mask)
    assert_close(quantiles_of(masked, 32), half.values, atol=1e-5, rtol=1e-5)
    wanted = half.values + 0.5
    assert_close(wasserstein_distance(masked, wanted), torch.full((2, 4), 0.5))
    low, high = bounds(4, -4.0, 4.0)
    assert_close(
        soft_histogram(other, low, high, 16, half_mask),
        soft_histogram(latent[..., :4], low, high, 16),
    )


def test_a_full_mask_changes_nothing(latent, normal):
    wanted, full = normal(2, 4, 64, seed=1).sort(dim=-1).values, torch.ones(2, 1, 8, 8)
    assert_close(
        wasserstein_distance(ranked(latent, full), wanted),
        wasserstein_distance(ranked(latent), wanted),
    )
    assert_close(quantiles_of(ranked(latent, full), 40), quantiles_of(ranked(latent), 40))


def test_half_a_pixel_counts_half():
    """Values 0 and 1, where the 1 counts a third: its mean under a mask of 1 and 1/2 is 1/3."""
    latent, mask = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5])
    pixels = ranked(latent.reshape(1, 1, 1, 2), mask.reshape(1, 1, 1, 2))
    assert float((pixels.values * pixels.shares).sum()) == pytest.approx(1 / 3)


def test_an_empty_mask_asks_for_nothing(latent):
    nothing = torch.zeros(1, 1, 8, 8)
    leaf = latent.clone().requires_grad_()
    distance = wasserstein_distance(ranked(leaf, nothing), torch.ones(1, 4, 16))
    distance.sum().backward()
    assert torch.equal(distance.detach(), torch.zeros(2, 4))
    assert torch.equal(leaf.grad, torch.zeros_like(leaf))


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
