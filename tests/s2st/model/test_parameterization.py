import pytest
import torch
from torch.testing import assert_close

from s2st.model.parameterization import (
    denoised_from_eps,
    denoised_from_flow,
    denoised_from_v,
    finite_times,
    flow_sigma,
    flow_time,
    from_flow,
    from_variance_preserving,
    to_flow,
    to_variance_preserving,
)

SIGMAS = pytest.mark.parametrize("sigma", [0.03, 1.0, 14.6])


@SIGMAS
def test_conversions_return(sigma, normal):
    x = normal(2, 4, 3, 3, dtype=torch.float64)
    assert_close(from_variance_preserving(to_variance_preserving(x, sigma), sigma), x)
    assert_close(from_flow(to_flow(x, sigma), sigma), x)
    assert flow_sigma(flow_time(sigma)) == pytest.approx(sigma)


@SIGMAS
def test_every_prediction_of_the_truth_gives_the_clean_latent(sigma, normal):
    clean = normal(2, 4, 3, 3, dtype=torch.float64)
    eps = normal(2, 4, 3, 3, seed=1, dtype=torch.float64)
    x = clean + sigma * eps
    signal, noise = 1 / (1 + sigma**2) ** 0.5, sigma / (1 + sigma**2) ** 0.5
    assert_close(denoised_from_eps(x, eps, sigma), clean)
    assert_close(denoised_from_v(x, signal * eps - noise * clean, sigma), clean)
    assert_close(denoised_from_flow(x, eps - clean, sigma), clean)


def test_the_seed_has_unit_variance(normal):
    x = 0.18 * normal(1, 4, 64, 64) + 14.6 * normal(1, 4, 64, 64, seed=1)
    assert to_variance_preserving(x, 14.6).std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("time", [1.0, -0.1, 2.0])
def test_pure_noise_has_no_flow_sigma(time):
    with pytest.raises(ValueError, match="0 <= t < 1"):
        flow_sigma(time)


def test_of_a_flow_s_times_only_pure_noise_is_moved():
    falling = torch.tensor([1.0, 0.8, 0.4])
    assert finite_times(falling).tolist() == pytest.approx([0.4, 0.8, 0.9])
    assert finite_times(falling[1:]).tolist() == pytest.approx([0.4, 0.8])
