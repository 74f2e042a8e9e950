import torch
from torch.testing import assert_close

from s2st.exemplar.prior import WAVES, coded


def test_an_untrained_prior_gives_what_a_standard_latent_would_be(plan, lesson):
    """With a velocity of 0 the estimate is that of latents of spread 1: x / (1 + sigma^2)."""
    from s2st.exemplar.networks import Networks

    networks = Networks(plan, torch.Generator().manual_seed(0))
    torch.nn.init.zeros_(networks.prior.exit[-1].weight)
    clean = networks.denoised(lesson.truth, 0.5, lesson.exemplars)
    assert_close(clean, lesson.truth / 1.25)


def test_little_noise_leaves_little_open(networks, lesson):
    clean = networks.denoised(lesson.truth, 1e-4, None)
    assert_close(clean, lesson.truth, atol=1e-2, rtol=0)


def test_what_is_not_given_has_no_say(networks, lesson):
    sigma = torch.full((3,), 0.5)

    def made(warp, given):
        return networks.prior(lesson.noise, sigma, warp, torch.full((3,), given))

    others = lesson.exemplars, lesson.exemplars.flip(-1)
    assert torch.equal(made(others[0], 0.0), made(others[1], 0.0))
    assert (made(others[0], 1.0) - made(others[1], 1.0)).abs().max() > 1e-3
    assert_close(made(others[0], 0.0), networks.denoised(lesson.noise, 0.5, None))


def test_noise_levels_are_told_apart():
    codes = coded(torch.tensor([0.02, 0.1, 0.11, 1.0]))
    assert codes.shape == (4, 2 * WAVES)
    apart = torch.cdist(codes, codes) + torch.eye(4)
    assert apart.min() > 0.1
