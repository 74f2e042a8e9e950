import pytest
import torch
from ideal import GaussianDenoiser

from bench.published_null_text import published_null_text
from s2st import Counted, InversionConfig, Prompt, Trajectory, invert, sample, sigmas_of_alphas
from s2st.model.contract import Conditioning

GUIDANCE = 7.5
STEPS = 20


@pytest.fixture
def model():
    return GaussianDenoiser(mean=0.3, spread=1.2)


@pytest.fixture
def described():
    return Conditioning(torch.tensor([1.0, -1.0, 0.5, 0.0]).expand(1, 3, 4).clone())


@pytest.fixture
def empty():
    return Conditioning(torch.zeros(1, 3, 4))


@pytest.fixture
def trajectory(model, described):
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    table = sigmas_of_alphas((1 - betas).cumprod(0))
    latent = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    return invert(model, latent, described, table, InversionConfig(steps=STEPS, refine=3))


def error(latent, other):
    return float((latent - other).square().mean())


def test_it_brings_the_source_back_under_guidance(model, trajectory, described, empty):
    drift = error(
        sample(model, trajectory.seed, Prompt(described, empty, GUIDANCE), trajectory.schedule),
        trajectory.source,
    )
    found = published_null_text(model, trajectory, described, empty, GUIDANCE)
    assert drift > 0.1
    assert error(found.reconstruction, trajectory.source) < drift / 20


def test_sampling_with_its_embeddings_gives_its_reconstruction(model, trajectory, described, empty):
    found = published_null_text(model, trajectory, described, empty, GUIDANCE)
    prompts = [Prompt(described, empty.with_embedding(one), GUIDANCE) for one in found.embeddings]
    again = sample(model, trajectory.seed, prompts, trajectory.schedule)
    torch.testing.assert_close(again, found.reconstruction, rtol=1e-4, atol=1e-4)


def test_it_costs_what_the_paper_describes(model, trajectory, described, empty):
    """A step without an early stop: one evaluation of the prompt, ten updates, two to go on."""
    counted, start = Counted(model), empty.embedding
    far = Trajectory(
        trajectory.states + 5.0 * (trajectory.states != trajectory.states[-1]), trajectory.schedule
    )
    published_null_text(counted, far, described, empty, GUIDANCE)
    assert (counted.evaluations, counted.gradients) == (STEPS * (1 + 10 + 2), STEPS * 10)
    assert torch.equal(empty.embedding, start)


def test_a_step_that_needs_nothing_is_updated_once_all_the_same(model, trajectory, described):
    """The published loop looks at the loss after the update, so no step is free."""
    counted = Counted(model)
    published_null_text(counted, trajectory, described, described, GUIDANCE)
    assert STEPS <= counted.gradients < 2 * STEPS


def test_it_takes_one_picture(model, trajectory, described, empty):
    two = Trajectory(trajectory.states.repeat(1, 2, 1, 1, 1), trajectory.schedule)
    with pytest.raises(ValueError, match="holds 2 pictures, but the published procedure takes 1"):
        published_null_text(model, two, described, empty, GUIDANCE)
