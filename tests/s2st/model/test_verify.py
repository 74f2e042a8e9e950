import pytest
import torch

from s2st import GradientError, verify_gradient
from s2st.model.verify import directional_slopes


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


class LevelAlong:
    """Level along one direction and steep along others, and bent a little as networks are."""

    def __init__(self, direction):
        square = direction.square()
        self.slopes = direction.sign() - square * (direction * direction.abs()).mean() / (
            square.square().mean()
        )

    def denoise(self, x, sigma, conditioning):
        return self.slopes * x + x**3


def test_a_true_gradient_passes_where_the_test_direction_happens_to_be_level(latent, source):
    direction = torch.randn(latent.shape, generator=torch.Generator().manual_seed(0))
    model, generator = LevelAlong(direction), torch.Generator().manual_seed(0)
    verify_gradient(model, torch.zeros_like(latent), 1.0, source, generator)


def test_a_wrong_gradient_is_refused(model, latent, source):
    with pytest.raises(GradientError, match="backward pass cannot be trusted"):
        verify_gradient(WrongBackward(model), latent, 1.0, source, torch.Generator().manual_seed(0))


def test_a_missing_gradient_is_refused(model, latent, source):
    class Detached:
        def denoise(self, x, sigma, conditioning):
            return model.denoise(x.detach(), sigma, conditioning) + 0 * x

    with pytest.raises(GradientError, match="gradient along a test direction is 0"):
        verify_gradient(Detached(), latent, 1.0, source, torch.Generator().manual_seed(0))


@torch.library.custom_op("s2st_tests::fused", mutates_args=())
def fused(x: torch.Tensor) -> torch.Tensor:
    return x / 2


class Fused:
    """Computed by a kernel without a backward pass, as fast ones are."""

    def denoise(self, x, sigma, conditioning):
        return fused(x)


class Forgetful:
    """Computed outside of autograd's sight."""

    def denoise(self, x, sigma, conditioning):
        return x.detach() / 2


@pytest.mark.parametrize("model", [Fused(), Forgetful()])
def test_a_model_without_a_backward_pass_is_refused_in_one_sentence(model, latent, source):
    with pytest.raises(GradientError, match="has no gradient .*: use the frozen gradient") as said:
        verify_gradient(model, latent, 1.0, source, torch.Generator().manual_seed(0))
    assert "\n" not in str(said.value)


def test_the_slope_of_a_linear_model_is_known(model, latent, source):
    direction = torch.ones_like(latent)
    claimed, measured, usual = directional_slopes(model, latent, 1.2, source, direction, 0.1)
    # D = x / 2 + ... at sigma = spread, so each image's mean moves by one half
    assert claimed == pytest.approx(1.0, rel=1e-4)
    assert measured == pytest.approx(1.0, rel=1e-3)
    assert usual == pytest.approx(latent[0].numel() ** -0.5 * len(latent) ** 0.5 / 2, rel=1e-3)
