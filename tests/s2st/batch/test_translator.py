"""One picture of any size at a time, by the method as it is without a batch."""

from dataclasses import replace

import pytest
import torch

from demo_world import TUNING_SEEDS
from s2st import Prompt, Task, difference_path, restore_detail
from s2st.batch.job import SizeSettings
from s2st.batch.pictures import read
from s2st.batch.translator import Translator, check_regions, model_mark
from s2st.look.detail import DetailConfig
from s2st.look.exemplars import Exemplars
from s2st.look.kept import KeptLook


@pytest.fixture
def kept(look):
    return KeptLook.load(look)


@pytest.fixture
def picture(tmp_path, draw):
    draw(TUNING_SEEDS[0]).save(tmp_path / "day.png")
    return read(tmp_path / "day.png").pixels


def test_it_does_what_the_library_does(job, parts, kept, picture):
    latent = parts.encode_image(picture)
    texts = [parts.encode_prompt(one) for one in (job.prompt, job.target, "")]
    task = Task(
        latent=latent,
        source=texts[0],
        target=Prompt(texts[1], texts[2], job.settings.guidance),
        look=kept.look(),  # the demo's autoencoder scales nothing
        exemplars=Exemplars.of(kept.places.latents, kept.places.features),
    )
    settings = replace(job.settings, noise_seed=77)
    edited = difference_path(parts.denoiser, task, settings.schedule(parts.sigma_table), settings)
    result, back = parts.decode_latent(edited), parts.decode_latent(latent)
    wanted = restore_detail(result, picture, back, DetailConfig())
    assert torch.equal(Translator(job, parts, kept)(picture, 77), wanted)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 47), (5, 3), (64, 32)])
def test_every_size_comes_back(job, parts, kept, picture, size):
    cut = torch.nn.functional.interpolate(picture, size=size)
    result = Translator(job, parts, kept)(cut, 1)
    assert result.shape == cut.shape and torch.isfinite(result).all()
    assert float(result.min()) >= 0 and float(result.max()) <= 1


def test_a_large_picture_is_translated_small_and_comes_back_in_its_size(job, parts, kept, picture):
    small = replace(job, sizes=SizeSettings(megapixels=0.01))
    large = torch.nn.functional.interpolate(picture, size=(256, 224), mode="bilinear")
    asked = []
    translate = Translator(small, parts, kept)
    known, parts_of = translate._whole, asked.append
    translate._whole = lambda one: (parts_of(one.shape[-2] * one.shape[-1]), known(one))[1]
    assert translate(large, 1).shape == large.shape
    assert asked[0] <= 10_000


def test_the_noise_is_a_pictures_own_unless_all_share_it(job, parts, kept, picture):
    one, other = (Translator(job, parts, kept)(picture, number) for number in (1, 2))
    assert not torch.equal(one, other)
    film = Translator(replace(job, one_noise=True), parts, kept)
    assert torch.equal(film(picture, 1), film(picture, 2))


def test_without_features_nothing_is_matched(job, parts, kept, picture):
    left_out = replace(job, settings=replace(job.settings, matching=0.0))
    matched, plain, bare = (
        Translator(one, parts, look)(picture, 1)
        for one, look in ((job, kept), (left_out, kept), (job, replace(kept, places=None)))
    )
    assert torch.equal(plain, bare) and not torch.equal(matched, plain)


def test_regions_find_their_own_look(job, parts, kept, picture):
    by_region = replace(job, sizes=SizeSettings(regions=3))
    whole, regional = (Translator(one, parts, kept)(picture, 1) for one in (job, by_region))
    assert torch.isfinite(regional).all() and not torch.equal(whole, regional)


def test_regions_without_features_are_refused(kept):
    with pytest.raises(ValueError, match="regions is 4, but the look was kept without"):
        check_regions(4, replace(kept, places=None))
    with pytest.raises(ValueError, match="regions is 1, but must be 0 or at least 2"):
        check_regions(1, kept)


def test_another_vaes_look_is_refused(job, parts, kept):
    with pytest.raises(ValueError, match="was made by another VAE"):
        Translator(job, parts, replace(kept, probe=kept.probe.flip(-1)))


def test_a_models_mark_is_that_of_its_weights(parts):
    before = model_mark(parts)
    weight = next(parts.pipeline.unet.parameters())
    weight.data += 1
    try:
        assert model_mark(parts) != before
    finally:
        weight.data -= 1
