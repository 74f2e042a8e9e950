import pytest
import torch

from s2st import Prompt, guided_denoised
from s2st.model.contract import Conditioning, Counted
from s2st.model.gradients import (
    Adam,
    Checkpointed,
    GradientError,
    Rescaled,
    leaf_of,
    level,
    loss_and_gradient,
)


class HalfLinear:
    """A linear layer in float16, which loses gradients below 6e-8."""

    def denoise(self, x, sigma, conditioning):
        return (x.half() * 0.5 + conditioning.embedding.half().mean()).to(x.dtype)


def tiny_loss(model, source):
    return lambda x: (model.denoise(x, 1.0, source) * 1e-9).flatten(1).sum(dim=1)


def test_float16_keeps_gradients_that_would_underflow(latent, source):
    _, lost = loss_and_gradient(tiny_loss(HalfLinear(), source), latent)
    _, kept = loss_and_gradient(tiny_loss(Rescaled(HalfLinear()), source), latent)
    assert float(lost.abs().max()) == 0
    torch.testing.assert_close(kept, torch.full_like(latent, 0.5e-9), rtol=1e-3, atol=0)


def test_float16_keeps_gradients_that_would_overflow(latent, source):
    def loss(x):
        return (Rescaled(HalfLinear()).denoise(x, 1.0, source) * 1e9).flatten(1).sum(dim=1)

    _, gradient = loss_and_gradient(loss, latent)
    torch.testing.assert_close(gradient, torch.full_like(latent, 0.5e9), rtol=1e-3, atol=0)


def test_rescaling_also_serves_the_embedding(latent):
    def loss(embedding):
        output = Rescaled(HalfLinear()).denoise(latent, 1.0, Conditioning(embedding))
        return (output * 1e-12).flatten(1).sum(dim=1)

    _, gradient = loss_and_gradient(loss, torch.zeros(1, 3, 4))
    torch.testing.assert_close(gradient, torch.full((1, 3, 4), 512e-12 / 12), rtol=1e-2, atol=0)


def test_rescaling_is_exact_in_float32(curved_model, latent, source):
    def loss_of(model):
        return lambda x: model.denoise(x, 1.0, source).square().mean(dim=(1, 2, 3))

    plain = loss_and_gradient(loss_of(curved_model), latent)
    rescaled = loss_and_gradient(loss_of(Rescaled(curved_model)), latent)
    assert torch.equal(plain[0], rescaled[0])
    assert torch.equal(plain[1], rescaled[1])


def test_one_call_of_several_queries_is_rescaled_exactly(curved_model, latent, source, target):
    """Guidance multiplies what comes back to its two answers by factors that differ."""

    def loss_of(model):
        def loss(x):
            denoised = guided_denoised(model, x, 1.0, Prompt(target, source, 7.5))
            return 1e-7 * denoised.square().mean(dim=(1, 2, 3))

        return loss

    plain = loss_and_gradient(loss_of(curved_model), latent)
    rescaled = loss_and_gradient(loss_of(Rescaled(curved_model)), latent)
    torch.testing.assert_close(rescaled[1], plain[1], rtol=1e-5, atol=0)


def test_checkpointing_changes_no_gradient_and_asks_again(curved_model, latent, source):
    counted = Counted(curved_model)

    def loss_of(model):
        return lambda x: model.denoise(x, 1.0, source).square().mean(dim=(1, 2, 3))

    plain = loss_and_gradient(loss_of(curved_model), latent)
    saved = loss_and_gradient(loss_of(Checkpointed(counted)), latent)
    assert torch.equal(plain[1], saved[1])
    assert counted.evaluations == 2


def test_without_gradients_both_are_transparent(model, latent, source):
    with torch.no_grad():
        expected = model.denoise(latent, 1.0, source)
        assert torch.equal(Rescaled(model).denoise(latent, 1.0, source), expected)
        assert torch.equal(Checkpointed(model).denoise(latent, 1.0, source), expected)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_is_refused(latent, bad):
    with pytest.raises(GradientError, match="NaN or infinite"):
        loss_and_gradient(lambda x: (x * bad).flatten(1).sum(dim=1), latent)


def test_inference_mode_is_named(latent):
    with torch.inference_mode(), pytest.raises(RuntimeError, match="inference_mode"):
        leaf_of(latent)


def test_adam_is_torchs(normal):
    start, rate = normal(5), 0.1
    expected = start.clone().requires_grad_()
    theirs, ours, value = torch.optim.Adam([expected], lr=rate), Adam(start, rate), start
    for seed in range(4):
        gradient = normal(5, seed=seed)
        expected.grad = gradient.clone()
        theirs.step()
        value = ours.step(value, gradient)
    assert torch.equal(value, expected.detach())


def test_a_level_gradient_moves_by_the_learning_rate_and_rounding_does_not():
    gradient = torch.ones(2, 1, 4, 4)
    gradient[0, 0, 0, 0] = 1e-7
    gradient[1] = 1e-14
    start = torch.zeros(2, 1, 4, 4)
    moved = Adam(start, 0.1, Adam.LEVEL_EPSILON).step(start, level(gradient)).abs()
    assert moved[0, 0, 1:] == pytest.approx(0.1 * torch.ones(3, 4), rel=0.05)
    assert moved[0, 0, 0, 0] < 1e-6 and moved[1].max() < 1e-6
