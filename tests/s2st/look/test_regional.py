from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import Distance, Regions, look_of, regional_look
from s2st.look.look import NearestLook, WholeLook
from s2st.look.regional import NearestByRegion, WholeByRegion, nearest_look, whole_look
from s2st.model.gradients import loss_and_gradient

kinds = pytest.mark.parametrize("distance", list(Distance))


def left_and_right(count, numbers=(0, 1)):
    labels = torch.full((count, 8, 8), numbers[0])
    labels[..., 4:] = numbers[1]
    return labels


def everything(count):
    return torch.zeros(count, 8, 8, dtype=torch.long)


def by_region(references, source=None, own=None):
    """The references' looks, in halves unless told otherwise."""
    count = len(references)
    own = left_and_right(count)[None] if own is None else own
    return regional_look(Regions(left_and_right(1) if source is None else source, own), references)


def asked(look, latent, **options):
    return NearestByRegion(look, latent, options.pop("neighbours", 2), 0.0, **options).around(
        latent
    )


@pytest.fixture
def references(normal):
    """Four whose left halves rise from 0 to 3 and whose right halves fall from 13 to 10."""
    latents = 0.1 * normal(4, 4, 8, 8, seed=3)
    rising = torch.arange(4.0)[:, None, None, None]
    latents[..., :4] += rising
    latents[..., 4:] += 13 - rising
    return latents


def test_one_region_is_the_whole_picture(normal):
    latent, references = normal(2, 4, 8, 8), normal(5, 4, 8, 8, seed=1) + 0.3
    look = by_region(references, everything(1), everything(5)[None])
    whole = NearestLook(look_of(references), latent, 3, 0.5).around(latent)(latent)
    regional = NearestByRegion(look, latent, 3, 0.5).around(latent)(latent)
    assert_close(regional, whole, atol=5e-3, rtol=0)


@kinds
def test_one_region_is_the_whole_picture_for_the_papers_look_too(normal, distance):
    latent, references = normal(2, 4, 8, 8), normal(5, 4, 8, 8, seed=1) + 0.3
    look = by_region(references, everything(1), everything(5)[None])
    whole = WholeLook(look_of(references), latent, distance, None)(latent)
    assert_close(WholeByRegion(look, latent, distance, None)(latent), whole, atol=8e-3, rtol=0.02)


@kinds
def test_halves_that_changed_places_are_seen_only_by_region(references, distance):
    swapped = references.flip(-1)
    pooled = look_of(references)
    there = WholeByRegion(by_region(references), references, distance, None)(references)
    moved = WholeByRegion(by_region(references), swapped, distance, None)(swapped)
    whole = WholeLook(pooled, swapped, distance, None)(swapped)
    assert_close(whole, WholeLook(pooled, references, distance, None)(references))
    assert bool((moved > there + 0.5).all())


def test_each_region_takes_the_references_nearest_to_it_there(references):
    latent = torch.cat([references[:1, ..., :4], references[3:, ..., 4:]], dim=-1)
    wanted = asked(by_region(references), latent, neighbours=1).wanted
    assert_close(wanted[0, 0], by_region(references).quantiles[0, 0, 0])
    assert_close(wanted[0, 1], by_region(references).quantiles[0, 1, 3])
    assert float(asked(by_region(references), latent, neighbours=1)(latent).max()) < 0.02


def test_a_region_weighs_by_its_share_of_the_picture(normal):
    latent = normal(1, 4, 8, 8)
    small = torch.zeros(1, 8, 8, dtype=torch.long)
    small[..., :2] = 1
    look = by_region(latent, small, small[None])
    moved = torch.where(small[:, None] == 1, latent + 2, latent)
    assert_close(asked(look, latent)(moved), torch.full((1, 4), 0.5), atol=0.02, rtol=0)


def test_a_region_that_no_reference_has_asks_nothing(normal):
    latent = normal(1, 4, 8, 8)
    look = by_region(latent, left_and_right(1, (0, 5)), left_and_right(1, (0, 7))[None])
    spoiled = latent.clone()
    spoiled[..., 4:] += 50
    losses, gradient = loss_and_gradient(lambda at: asked(look, latent)(at).mean(1), spoiled + 1)
    assert_close(losses, torch.tensor([0.5]), atol=0.02, rtol=0)
    assert not gradient[..., 4:].any()


def test_references_without_a_region_do_not_count_there(references):
    own = left_and_right(4)[None].clone()
    own[0, :2] = 0  # the first two are of region 0 alone
    look = by_region(references, own=own)
    wanted = asked(look, references[:1], neighbours=3).wanted
    assert_close(wanted[0, 1], look.quantiles[0, 1, 2:].mean(dim=0))


def test_within_the_references_own_spread_nothing_is_asked(references):
    look = by_region(references)
    for tolerance, rests in ((0.0, False), (1.0, True)):
        near = NearestByRegion(look, references, 3, tolerance).around(references)(references)
        assert bool((near == 0).all()) is rests


@kinds
def test_under_a_mask_the_rest_does_not_count(references, distance, half_mask):
    spoiled = references.clone()
    spoiled[..., 4:] = 99
    look = by_region(references)
    whole = WholeByRegion(look, references, distance, half_mask)
    assert_close(whole(spoiled), whole(references))
    near = NearestByRegion(look, references, 2, 0.0, half_mask).around(references)
    assert_close(near(spoiled), near(references))


def test_a_mask_of_grey_counts_its_pixels_less(normal):
    latent = normal(1, 4, 8, 8)
    grey = torch.ones(1, 1, 8, 8)
    grey[..., 4:] = 0.5
    moved = latent.clone()
    moved[..., 4:] += 3
    near = asked(by_region(latent), latent, mask=grey)
    assert_close(near(moved), torch.full((1, 4), 1.0), atol=0.03, rtol=0)


@pytest.mark.parametrize("masked", [False, True])
def test_a_batch_is_its_pictures_one_by_one(normal, masked):
    latent, references = normal(2, 4, 8, 8), normal(4, 4, 8, 8, seed=5) + 1
    source = torch.stack([left_and_right(1)[0], left_and_right(1, (1, 2))[0]])
    own = torch.stack([left_and_right(4), left_and_right(4, (2, 1))])
    mask = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0)) if masked else None
    together = asked(by_region(references, source, own), latent, mask=mask)(latent)
    for number in range(2):
        one = slice(number, number + 1)
        look = by_region(references, source[one], own[one])
        alone = asked(look, latent[one], mask=None if mask is None else mask[one])(latent[one])
        assert_close(together[one], alone)


def test_the_gradient_is_that_of_sorted_values(normal):
    latent, references = normal(1, 4, 8, 8).double(), normal(3, 4, 8, 8, seed=1).double() + 1
    near = asked(by_region(references), latent)
    assert torch.autograd.gradcheck(near, latent.requires_grad_(), eps=1e-7, atol=1e-5)


def test_regions_of_a_single_pixel_and_of_none_are_finite(normal):
    latent, references = normal(1, 4, 8, 8), normal(3, 4, 8, 8, seed=1)
    source = torch.zeros(1, 8, 8, dtype=torch.long)
    source[0, 0, 0], source[0, 7, 7] = 1, 9
    look = by_region(references, source)
    for distance in Distance:
        losses, gradient = loss_and_gradient(
            lambda at, one=distance: WholeByRegion(look, latent, one, None)(at).mean(1), latent
        )
        assert bool(torch.isfinite(losses).all() and torch.isfinite(gradient).all())
    losses, gradient = loss_and_gradient(lambda at: asked(look, latent)(at).mean(1), latent)
    assert bool(torch.isfinite(losses).all() and torch.isfinite(gradient).all())


def test_a_task_is_asked_as_a_whole_or_by_region(task, references):
    whole = replace(task, look=look_of(references))
    regional = replace(whole, regional=by_region(references))
    assert isinstance(nearest_look(whole, 3, 0.5), NearestLook)
    assert isinstance(nearest_look(regional, 3, 0.5), NearestByRegion)
    assert isinstance(whole_look(whole, Distance.HISTOGRAM), WholeLook)
    assert isinstance(whole_look(regional, Distance.HISTOGRAM), WholeByRegion)


def test_an_unknown_distance_is_refused(references):
    with pytest.raises(ValueError, match=r"one of Distance.HISTOGRAM, Distance.WASSERSTEIN"):
        WholeByRegion(by_region(references), references, "cosine", None)
