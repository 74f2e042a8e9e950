from dataclasses import dataclass

import pytest
import torch
from ideal import GaussianDenoiser
from torch.testing import assert_close

from s2st import FeatureDenoiser, read_features
from s2st.model.features import MOST_CELLS, at_most, standardised


@dataclass(frozen=True)
class SeeingGaussian(GaussianDenoiser):
    """Its features are its clean estimate and the noise level."""

    def features(self, x, sigma, conditioning, made):
        denoised = self.denoise(x, sigma, conditioning)
        return made(torch.cat([denoised, torch.full_like(x[:, :1], sigma)], dim=1))


@pytest.fixture
def seeing():
    return SeeingGaussian(mean=0.3, spread=1.2)


def test_features_are_read_at_one_noise_level(seeing, latent, source):
    found = read_features(seeing, latent, source, sigma=1.5)
    assert isinstance(seeing, FeatureDenoiser)
    assert found.shape == (2, 5, 8, 8)
    assert_close(found[:, 4], torch.full((2, 8, 8), 1.5))


def test_a_picture_has_the_same_features_in_a_batch_and_alone(seeing, latent, source):
    together = read_features(seeing, latent, source)
    assert_close(together[1:], read_features(seeing, latent[1:], source), rtol=0, atol=0)


def test_what_is_made_of_features_takes_their_place(seeing, latent, source):
    found = read_features(seeing, latent, source, made=lambda one: one.mean(dim=1, keepdim=True))
    wanted = read_features(seeing, latent, source).mean(dim=1, keepdim=True)
    assert_close(found, wanted, rtol=0, atol=0)


def test_a_model_that_shows_none_is_told_by_name(model, latent, source):
    with pytest.raises(ValueError, match="GaussianDenoiser, which shows no features"):
        read_features(model, latent, source)


def test_fine_features_are_averaged(normal):
    features = normal(1, 3, 2 * MOST_CELLS, 16)
    fewer = at_most(features, MOST_CELLS)
    assert fewer.shape == (1, 3, MOST_CELLS, 16)
    assert_close(fewer, (features[:, :, ::2] + features[:, :, 1::2]) / 2)
    assert at_most(fewer, MOST_CELLS) is fewer


def test_standardised_channels_forget_the_domain(normal):
    day = normal(3, 4, 8, 8)
    night = 0.1 * day + torch.tensor([5.0, -2.0, 0.0, 1.0])[:, None, None]
    assert_close(standardised(day), standardised(night), rtol=1e-3, atol=1e-3)
    assert bool(torch.isfinite(standardised(torch.ones(1, 4, 8, 8))).all())
