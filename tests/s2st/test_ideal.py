import torch
from ideal import GaussianDenoiser, MixtureDenoiser
from torch.testing import assert_close


def test_little_noise_leaves_the_latent_and_much_noise_leaves_the_mean(latent, target):
    model = GaussianDenoiser(mean=0.3, spread=1.2)
    assert_close(model.denoise(latent, 1e-4, target), latent, rtol=1e-5, atol=1e-5)
    means = 0.3 + torch.tensor([1.0, -1.0, 0.5, 0.0])[None, :, None, None]
    assert_close(model.denoise(latent, 1e4, target), means.expand_as(latent), rtol=1e-5, atol=1e-5)


def test_the_gaussian_denoiser_has_the_least_error(normal, source):
    """No scaling of its answer is closer to the truth: it is the mean of the posterior."""
    model = GaussianDenoiser(mean=0.3, spread=1.2)
    clean = 0.3 + 1.2 * normal(64, 4, 8, 8)
    noisy = clean + 2.0 * normal(64, 4, 8, 8, seed=1)
    denoised = model.denoise(noisy, 2.0, source)
    best = (denoised - clean).square().mean()
    for scale in (0.9, 1.1):
        assert (scale * denoised - clean).square().mean() > best


def test_one_gaussian_is_a_mixture_of_one(latent, source):
    mean = torch.full((1, 4, 8, 8), 0.3)
    one = MixtureDenoiser(mean, spread=1.2)
    only = type(source)(source.embedding[..., :1])
    expected = GaussianDenoiser(mean=0.3, spread=1.2).denoise(latent, 2.0, source)
    assert_close(one.denoise(latent, 2.0, only), expected)


def test_a_mixture_without_spread_finds_the_nearest_point(normal, source):
    points = normal(4, 4, 8, 8)
    near = points[2:3] + 0.05 * normal(1, 4, 8, 8, seed=3)
    assert_close(MixtureDenoiser(points, spread=0.0).denoise(near, 0.05, source), points[2:3])
