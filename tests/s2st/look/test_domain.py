import pytest
import torch
from torch.testing import assert_close

from s2st import Distance, StatisticsConfig, domain_statistics

distances = pytest.mark.parametrize("distance", list(Distance))


@pytest.mark.parametrize("references", [1, 2, 9])
def test_any_number_of_references_serves(normal, references):
    domain = domain_statistics(normal(references, 4, 8, 8))
    assert domain.references == references
    assert domain.channels == 4
    assert domain.histograms.shape == (4, 64)
    assert_close(domain.histograms.sum(1), torch.ones(4))
    assert bool((domain.quantiles.diff(dim=-1) >= 0).all())


def test_references_are_pooled(normal):
    """One domain of two images is the mean of the two images' histograms on the same bins."""
    latents = normal(2, 4, 8, 8)
    both = domain_statistics(latents)
    alone = [domain_statistics(one[None], low=both.low, high=both.high) for one in latents]
    assert_close(
        both.histograms,
        torch.stack([one.histograms for one in alone]).mean(0),
        rtol=1e-4,
        atol=1e-6,
    )


@distances
def test_a_single_reference_is_at_distance_zero_from_itself(normal, distance):
    latent = normal(1, 4, 8, 8)
    domain = domain_statistics(latent, StatisticsConfig(quantiles=64))
    assert_close(domain.distances(latent, distance), torch.zeros(1, 4), rtol=0, atol=1e-6)


@distances
def test_farther_away_is_more_distant(normal, distance):
    latent = normal(1, 4, 8, 8)
    domain = domain_statistics(latent)
    near, far = (domain.distances(latent + shift, distance) for shift in (0.1, 0.6))
    assert bool((near < far).all())


def test_wasserstein_measures_the_shift_in_latent_units(normal):
    latent = normal(1, 4, 8, 8)
    domain = domain_statistics(latent, StatisticsConfig(quantiles=64))
    moved = domain.distances(latent + 0.5, Distance.WASSERSTEIN)
    assert_close(moved, torch.full((1, 4), 0.5), rtol=1e-5, atol=1e-6)


@distances
def test_latents_of_another_size_can_be_compared(normal, distance):
    domain = domain_statistics(normal(2, 4, 16, 16))
    assert domain.distances(normal(3, 4, 8, 12, seed=1), distance).shape == (3, 4)


@distances
def test_a_constant_domain_is_a_domain(distance):
    domain = domain_statistics(torch.full((1, 4, 8, 8), 0.7))
    leaf = torch.full((1, 4, 8, 8), 0.2, requires_grad=True)
    measured = domain.distances(leaf, distance)
    measured.sum().backward()
    assert bool((measured > 0).all())
    assert bool(torch.isfinite(leaf.grad).all())


def test_statistics_move_to_the_precision_of_a_latent(normal):
    domain = domain_statistics(normal(2, 4, 8, 8)).to(torch.zeros(1, dtype=torch.float64))
    assert domain.histograms.dtype is domain.quantiles.dtype is domain.low.dtype is torch.float64


def test_an_unknown_distance_is_refused(normal):
    with pytest.raises(ValueError, match=r"one of Distance.HISTOGRAM, Distance.WASSERSTEIN"):
        domain_statistics(normal(1, 4, 8, 8)).distances(normal(1, 4, 8, 8), "cosine")
