import pytest
import torch

from s2st import GradientError, verify_gradient
from s2st.verify import directional_slopes


class WrongBackward:
    """Right forwards, silently wrong backwards, as a reused buffer would be."""

    def __init__(self, model):
        self.model = model

    def denoise(self, x, sigma, conditioning):
        right = self.model.denoise(x.detach(), sigma, conditioning)
        wrong = 0.3 * self.model.denoise(x.flip(-1), sigma, conditioning)
        return right + wrong - wrong.detach()


@pytest.mark.parametrize("sigma", [0.1, 1.0, 10.0])
def test_a_true_gradient_passes(curved_model, model, latent, source, sigma):
    for one in (model, curved_model):
        verify_gradient(one, latent, sigma, source, torch.Generator().manual_seed(0))


def test_a_wrong_gradient_is_refused(model, latent, source):
    with pytest.raises(GradientError, match="backward pass cannot be trusted"):
        verify_gradient(WrongBackward(model), latent, 1.0, source, torch.Generator().manual_seed(0))


def test_a_missing_gradient_is_refused(model, latent, source):
    class Detached:
        def denoise(self, x, sigma, conditioning):
            return model.denoise(x.detach(), sigma, conditioning) + 0 * x

    with pytest.raises(GradientError, match="gradient along a test direction is 0"):
        verify_gradient(Detached(), latent, 1.0, source, torch.Generator().manual_seed(0))


def test_the_slope_of_a_linear_model_is_known(model, latent, source):
    direction = torch.ones_like(latent)
    claimed, measured = directional_slopes(model, latent, 1.2, source, direction, 0.1)
    # D = x / 2 + ... at sigma = spread, so each image's mean moves by one half
    assert claimed == pytest.approx(1.0, rel=1e-4)
    assert measured == pytest.approx(1.0, rel=1e-3)
