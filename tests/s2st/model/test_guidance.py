import pytest
import torch
from torch.testing import assert_close

from s2st import Counted, Prompt, guided_denoised, predicted_noise
from s2st.model.guidance import guided_queries


def test_scale_one_asks_the_model_once(model, latent, target, source):
    counted = Counted(model)
    assert torch.equal(
        guided_denoised(counted, latent, 2.0, Prompt(target, source, 1.0)),
        model.denoise(latent, 2.0, target),
    )
    assert counted.evaluations == 1


def test_guidance_is_the_papers_line_in_eps(model, latent, target, source):
    def noise(denoised):
        return predicted_noise(latent, denoised, 2.0)

    guided = noise(guided_denoised(model, latent, 2.0, Prompt(target, source, 7.5)))
    null = noise(model.denoise(latent, 2.0, source))
    conditional = noise(model.denoise(latent, 2.0, target))
    assert_close(guided, null + 7.5 * (conditional - null), rtol=1e-5, atol=1e-5)


def test_scale_zero_is_the_negative_prompt(model, latent, target, source):
    guided = guided_denoised(model, latent, 2.0, Prompt(target, source, 0.0))
    assert_close(guided, model.denoise(latent, 2.0, source))


@pytest.mark.parametrize("scale", [-1.0, 101.0, float("nan")])
def test_scales_out_of_range_are_refused(scale, target, source):
    with pytest.raises(ValueError, match="must lie within 0 to 100"):
        Prompt(target, source, scale)


def test_guidance_needs_a_negative_prompt(target):
    with pytest.raises(ValueError, match="no negative prompt is given"):
        Prompt(target, scale=7.5)


def test_a_query_says_which_side_it_stands_on(latent, target, source):
    roles = [one.negative for one in guided_queries(latent, Prompt(target, source, 3.0))]
    assert roles == [False, True]
    assert len(guided_queries(latent, Prompt(target, source))) == 1
