import pytest
import torch
from torch.testing import assert_close

from s2st import references_of


@pytest.fixture
def latents(normal):
    """Six references whose means rise from 0 to 5."""
    return 0.1 * normal(6, 4, 8, 8) + torch.arange(6.0)[:, None, None, None]


def test_the_nearest_reference_is_the_one_most_alike(latents):
    nearest = references_of(latents).nearest(latents[2:4] + 0.2, count=1)
    assert_close(nearest.mean((1, 2)), latents[2:4].mean((1, 2, 3)), atol=0.01, rtol=0)


def test_several_nearest_are_averaged(latents):
    nearest = references_of(latents).nearest(latents[2:3], count=3)
    assert_close(nearest.mean(), latents[1:4].mean(), atol=0.01, rtol=0)


def test_more_neighbours_than_references_take_all(latents):
    references = references_of(latents)
    assert torch.equal(references.nearest(latents, 6), references.nearest(latents, 64))


def test_the_nearest_of_another_size_is_read_at_that_size(latents, normal):
    assert references_of(latents).nearest(normal(1, 4, 5, 7), 2).shape == (1, 4, 35)


def test_the_spread_is_the_distance_between_neighbours(latents):
    # At both ends the two nearest are 1 and 2 away, in between 1 on either side.
    expected = (2 * 1.5 + 4 * 0.0) / 6
    assert_close(references_of(latents).spread(2), torch.full((4,), expected), atol=0.06, rtol=0)


def test_a_single_reference_has_no_spread(latents):
    assert references_of(latents[:1]).spread(3).eq(0).all()


def test_an_empty_domain_is_refused(latents):
    with pytest.raises(ValueError, match="at least 1 latent is needed"):
        references_of(latents[:0])
