import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from s2st import DetailConfig, restore_detail
from s2st.look.detail import radius_for, restored_at_own_size

SHARP = DetailConfig(softness=1e-8, drawn=1.0)


@pytest.fixture
def source(normal):
    return (0.5 + 0.1 * normal(2, 3, 12, 16)).clamp(0.1, 0.9)


@pytest.fixture
def returned(source):
    """A stand-in for what an autoencoder gives back: softer, and a little darker."""
    return 0.95 * torch.lerp(source, source.mean(dim=(2, 3), keepdim=True), 0.4)


def test_an_untouched_picture_becomes_the_source(source, returned):
    assert_close(restore_detail(returned, source, returned, SHARP), source, rtol=0, atol=1e-3)


def test_detail_comes_back_in_the_colours_of_the_result(source, returned):
    night = 0.4 * returned + 0.05
    expected = 0.4 * source + 0.05
    assert_close(restore_detail(night, source, returned, SHARP), expected, rtol=0, atol=1e-3)


def test_where_the_result_has_lost_the_source_nothing_comes_back(source, returned):
    fog = torch.full_like(source, 0.7)
    assert_close(restore_detail(fog, source, returned), fog)


def test_an_autoencoder_that_loses_nothing_changes_nothing(source, normal):
    result = (0.5 + 0.1 * normal(2, 3, 12, 16, seed=1)).clamp(0, 1)
    assert_close(restore_detail(result, source, source, DetailConfig(drawn=1.0)), result)


def test_drawn_is_the_share_of_what_is_new(source, returned):
    lamp = returned.clone()
    lamp[..., 6, 8] = 1.0
    flat = torch.full_like(source, 0.5)  # a source that explains nothing
    none, half, all_of_it = (
        restore_detail(lamp, flat, flat, DetailConfig(drawn=share)) for share in (0.0, 0.5, 1.0)
    )
    assert_close(all_of_it, lamp)
    assert_close(half, (none + lamp) / 2)
    assert float((none - lamp).abs()[..., 6, 8].min()) > 0.2


def test_batches_equal_their_pictures_and_inputs_stay(source, returned):
    result, kept = 0.5 * returned, returned.clone()
    both = restore_detail(result, source, returned)
    for number in range(2):
        one = (pictures[number : number + 1] for pictures in (result, source, returned))
        assert torch.equal(restore_detail(*one), both[number : number + 1])
    assert torch.equal(returned, kept)


def test_the_result_stays_a_picture(source, returned):
    bright = (3 * returned - 0.8).clamp(0, 1)
    restored = restore_detail(bright, source, returned, DetailConfig(drawn=0.0))
    assert float(restored.min()) >= 0 and float(restored.max()) <= 1


def test_pictures_of_different_sizes_are_refused(source, returned):
    with pytest.raises(ValueError, match=r"source \(1, 3, 12, 16\): .*one size and batch"):
        restore_detail(returned, source[:1], returned)


def test_a_radius_beyond_the_picture_is_refused(source, returned):
    with pytest.raises(ValueError, match="radius is 12.*smaller side, 12"):
        restore_detail(returned, source, returned, DetailConfig(radius=12))


def test_at_its_own_size_nothing_is_otherwise(source, returned):
    night = 0.4 * returned + 0.05
    grown = restored_at_own_size(night, source, returned, SHARP)
    assert torch.equal(grown, restore_detail(night, source, returned, SHARP))


def test_a_smaller_result_comes_back_in_the_sources_size_with_its_detail(normal):
    waves = F.interpolate(0.5 + 0.1 * normal(1, 3, 6, 8), size=(48, 64), mode="bicubic")
    source = (waves + 0.05 * normal(1, 3, 48, 64, seed=2)).clamp(0.05, 0.95)
    small = F.interpolate(source, size=(24, 32), mode="bicubic", antialias=True)
    night, grown = 0.4 * small + 0.05, 0.4 * source + 0.05
    blurred = F.interpolate(night, size=(48, 64), mode="bicubic")
    made = restored_at_own_size(night, source, small, SHARP)
    assert made.shape == source.shape
    assert (made - grown).square().mean() < 0.2 * (blurred - grown).square().mean()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3)])
def test_the_smallest_pictures_have_an_answer(source, size):
    tiny = F.interpolate(source, size=size)
    made = restored_at_own_size(0.5 * tiny, tiny, tiny, DetailConfig(radius=8))
    assert made.shape == tiny.shape and torch.isfinite(made).all()


def test_the_window_is_half_as_wide_as_a_latents_pixel():
    assert [radius_for(stride) for stride in (1, 4, 8, 16)] == [1, 1, 2, 4]
