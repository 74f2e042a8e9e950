import pytest
import torch
from torch.testing import assert_close

from s2st import Distance, look_of
from s2st.look.look import NearestLook, WholeLook

kinds = pytest.mark.parametrize("distance", list(Distance))


@pytest.fixture
def latents(normal):
    """Six references whose means rise from 0 to 5."""
    return 0.1 * normal(6, 4, 8, 8) + torch.arange(6.0)[:, None, None, None]


def whole(references, latent, distance, mask=None):
    return WholeLook(look_of(references), latent, distance, mask)(latent)


def wanted_near(references, latent, count):
    """[B, C, N]: the sorted values that the nearest references ask for."""
    return NearestLook(look_of(references), latent, count, 0.0).around(latent).wanted


@pytest.mark.parametrize("references", [1, 2, 9])
def test_any_number_of_references_serves(normal, references):
    look = look_of(normal(references, 4, 8, 8))
    assert look.quantiles.shape == (references, 4, 1024)
    assert look.channels == 4
    assert bool((look.pooled(100).diff(dim=-1) >= 0).all())


def test_references_are_pooled(normal):
    """One look of two pictures is both pictures' values together."""
    latents = normal(2, 4, 32, 32)
    together = look_of(latents).pooled(64)
    values = latents.transpose(0, 1).flatten(1).sort(dim=1).values
    inner = values.reshape(4, 64, 32).mean(-1)[:, 3:-3]  # at both ends a mean is no quantile
    assert_close(together[0, :, 3:-3], inner, atol=0.02, rtol=0)


@kinds
def test_a_single_reference_is_at_distance_zero_from_itself(normal, distance):
    latent = normal(1, 4, 32, 32)
    assert_close(whole(latent, latent, distance), torch.zeros(1, 4), rtol=0, atol=1e-6)


@kinds
def test_farther_away_is_more_distant(normal, distance):
    latent = normal(1, 4, 8, 8)
    near, far = (whole(latent, latent + shift, distance) for shift in (0.1, 0.6))
    assert bool((near < far).all())


def test_wasserstein_measures_the_shift_in_latent_units(normal):
    latent = normal(1, 4, 32, 32)
    moved = whole(latent, latent + 0.5, Distance.WASSERSTEIN)
    assert_close(moved, torch.full((1, 4), 0.5), rtol=1e-5, atol=1e-6)


@kinds
def test_latents_of_another_size_can_be_compared(normal, distance):
    assert whole(normal(2, 4, 16, 16), normal(3, 4, 8, 12, seed=1), distance).shape == (3, 4)


@kinds
def test_under_a_mask_the_rest_does_not_count(normal, distance, half_mask):
    latent = normal(1, 4, 8, 8)
    spoiled = latent.clone()
    spoiled[..., 4:] = 1.5
    kept = whole(latent, latent, distance, half_mask)
    assert_close(whole(latent, spoiled, distance, half_mask), kept)
    assert bool((whole(latent, spoiled, distance) > kept + 0.01).all())


@kinds
def test_a_constant_domain_is_a_domain(distance):
    leaf = torch.full((1, 4, 8, 8), 0.2, requires_grad=True)
    measured = whole(torch.full((1, 4, 8, 8), 0.7), leaf, distance)
    measured.sum().backward()
    assert bool((measured > 0).all())
    assert bool(torch.isfinite(leaf.grad).all())


def test_sorted_values_need_no_histogram(normal, monkeypatch):
    """Histograms of large pictures take much memory: only who asks for them pays."""
    import s2st.look.look as module

    monkeypatch.setattr(module, "soft_histogram", None)
    latent = normal(1, 4, 8, 8)
    assert whole(latent, latent, Distance.WASSERSTEIN).shape == (1, 4)
    with pytest.raises(TypeError):
        whole(latent, latent, Distance.HISTOGRAM)


def test_a_look_moves_to_the_precision_of_a_latent(normal):
    look = look_of(normal(2, 4, 8, 8)).to(torch.zeros(1, dtype=torch.float64))
    assert look.quantiles.dtype is torch.float64


def test_an_unknown_distance_is_refused(normal):
    with pytest.raises(ValueError, match=r"one of Distance.HISTOGRAM, Distance.WASSERSTEIN"):
        whole(normal(1, 4, 8, 8), normal(1, 4, 8, 8), "cosine")


def test_the_nearest_reference_is_the_one_most_alike(latents):
    nearest = wanted_near(latents, latents[2:4] + 0.2, 1)
    assert_close(nearest.mean((1, 2)), latents[2:4].mean((1, 2, 3)), atol=0.01, rtol=0)


def test_several_nearest_are_averaged(latents):
    nearest = wanted_near(latents, latents[2:3], 3)
    assert_close(nearest.mean(), latents[1:4].mean(), atol=0.01, rtol=0)


def test_more_neighbours_than_references_take_all(latents):
    assert torch.equal(wanted_near(latents, latents, 6), wanted_near(latents, latents, 64))


def test_the_nearest_of_another_size_is_read_at_that_size(latents, normal):
    assert wanted_near(latents, normal(1, 4, 5, 7), 2).shape == (1, 4, 35)


def test_a_mask_decides_what_is_near(latents, half_mask):
    """Left like reference 1, right like reference 4: the left half alone is nearest to 1."""
    latent = torch.cat([latents[1:2, ..., :4], latents[4:5, ..., 4:]], dim=-1)
    near = NearestLook(look_of(latents), latent, 1, 0.0, half_mask).around(latent)
    assert_close(near.wanted.mean(), latents[1].mean(), atol=0.01, rtol=0)
    assert float(near(latent).max()) < 0.05


def test_the_spread_is_the_distance_between_neighbours(latents):
    # At both ends the two nearest are 1 and 2 away, in between 1 on either side.
    expected = (2 * 1.5 + 4 * 0.0) / 6
    assert_close(look_of(latents).spread(2), torch.full((4,), expected), atol=0.06, rtol=0)


def test_a_single_reference_has_no_spread(latents):
    assert look_of(latents[:1]).spread(3).eq(0).all()


def test_an_empty_domain_is_refused(latents):
    with pytest.raises(ValueError, match="at least 1 latent is needed"):
        look_of(latents[:0])
