import pytest
import torch

from s2st import (
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    Prompt,
    invert,
    null_text_inversion,
    sample,
)
from s2st.model.ddim import ddim_step
from s2st.model.parameterization import to_variance_preserving

GUIDANCE = 7.5
NEGATIVE_PROMPT = NullTextConfig(method=NullTextMethod.NEGATIVE_PROMPT)
FAST = NullTextConfig(method=NullTextMethod.FAST)


@pytest.fixture
def prompt(target, source):
    """The source is described by `target`, whose guidance the model feels strongly."""
    return Prompt(target, source, GUIDANCE)


@pytest.fixture
def trajectory(model, latent, prompt, sigma_table):
    config = InversionConfig(steps=20, refine=3)
    return invert(model, latent, prompt.positive, sigma_table, config)


@pytest.fixture
def plain_trajectory(model, latent, prompt, sigma_table):
    """Inverted without refinement, so that even sampling without guidance misses the source."""
    return invert(model, latent, prompt.positive, sigma_table, InversionConfig(steps=20))


def error(latent, other):
    return float((latent - other).square().mean())


def test_it_restores_what_guidance_destroys(model, trajectory, prompt):
    guided = sample(model, trajectory.seed, prompt, trajectory.schedule)
    null_text = null_text_inversion(model, trajectory, prompt)
    drift = error(guided, trajectory.source)
    assert drift > 0.1
    assert error(null_text.reconstruction, trajectory.source) < drift / 20


@pytest.mark.parametrize("method", NullTextMethod)
def test_sampling_with_it_gives_the_reconstruction(model, plain_trajectory, prompt, method):
    trajectory, config = plain_trajectory, NullTextConfig(method=method)
    null_text = null_text_inversion(model, trajectory, prompt, config)
    again = sample(model, trajectory.seed, null_text.prompts(prompt), trajectory.schedule)
    torch.testing.assert_close(again, null_text.reconstruction, rtol=1e-5, atol=1e-5)


def test_negative_prompt_inversion_equals_the_unguided_path(model, trajectory, prompt):
    null_text = null_text_inversion(model, trajectory, prompt, NEGATIVE_PROMPT)
    unguided = sample(model, trajectory.seed, Prompt(prompt.positive), trajectory.schedule)
    guided = sample(model, trajectory.seed, null_text.prompts(prompt), trajectory.schedule)
    assert torch.equal(guided, unguided)
    torch.testing.assert_close(null_text.reconstruction, unguided, rtol=1e-6, atol=1e-6)
    assert (null_text.evaluations, null_text.gradients) == (20, 0)


def test_without_a_reconstruction_the_negative_prompt_asks_nothing(model, trajectory, prompt):
    free = null_text_inversion(model, trajectory, prompt, NEGATIVE_PROMPT, reconstruct=False)
    assert (free.evaluations, free.reconstruction) == (0, None)
    assert free.negatives == (prompt.positive,) * 20
    with pytest.raises(ValueError, match="no reconstruction: fit it with reconstruct=True"):
        _ = free.returned


def test_a_step_below_tolerance_costs_nothing_more(model, trajectory, prompt):
    config = NullTextConfig(tolerance=1.0)
    lenient = null_text_inversion(model, trajectory, prompt, config)
    strict = null_text_inversion(model, trajectory, prompt, NullTextConfig(tolerance=0.0))
    assert lenient.gradients < strict.gradients == 20 * 10
    # each step: one conditional, one for every update, one to go on
    assert strict.evaluations == 20 * (1 + 10 + 1)
    assert lenient.evaluations == 20 * 2 + lenient.gradients


def test_fast_null_text_corrects_what_the_source_prompt_leaves(model, plain_trajectory, prompt):
    free = null_text_inversion(model, plain_trajectory, prompt, NEGATIVE_PROMPT)
    fast = null_text_inversion(model, plain_trajectory, prompt, FAST)
    source = plain_trajectory.source
    assert error(fast.reconstruction, source) < 0.9 * error(free.reconstruction, source)
    # each step: one evaluation; the corrected ones go back once and try two lengths
    assert 0 < fast.gradients <= 20
    assert fast.evaluations == 20 + 2 * fast.gradients


def test_fast_null_text_never_ends_a_step_further_away(model, plain_trajectory, prompt):
    """Where no step along the gradient helps, the source prompt itself is kept."""
    steps = plain_trajectory.schedule.steps
    records = []
    null_text_inversion(model, plain_trajectory, prompt, FAST, on_step=records.append)
    x = plain_trajectory.states[-1]
    for record, (sigma, next_sigma) in zip(records, plain_trajectory.schedule.pairs(), strict=True):
        plainly = ddim_step(x, model.denoise(x, sigma, prompt.positive), sigma, next_sigma)
        goal = plain_trajectory.state(steps - record.index)
        left = (to_variance_preserving(plainly - goal, next_sigma)).square().mean((1, 2, 3))
        assert (record.loss <= left * 1.001 + 1e-9).all()
        x = record.latent


def test_fast_null_text_on_an_exact_trajectory_is_the_source_prompt(model, trajectory, prompt):
    fast = null_text_inversion(model, trajectory, prompt, FAST)
    free = null_text_inversion(model, trajectory, prompt, NEGATIVE_PROMPT)
    assert (fast.evaluations, fast.gradients) == (20, 0)
    assert torch.equal(fast.reconstruction, free.reconstruction)
    assert all(one is prompt.positive for one in fast.negatives)


def test_fast_null_text_needs_no_empty_prompt(model, plain_trajectory, prompt):
    alone = Prompt(prompt.positive)
    fast = null_text_inversion(model, plain_trajectory, alone, FAST)
    unguided = sample(model, plain_trajectory.seed, alone, plain_trajectory.schedule)
    torch.testing.assert_close(fast.reconstruction, unguided, rtol=1e-6, atol=1e-6)


def test_a_method_says_at_most_how_often_it_asks_the_model(model, plain_trajectory, prompt):
    for method in NullTextMethod:
        config = NullTextConfig(method=method, tolerance=0.0)
        spent = null_text_inversion(model, plain_trajectory, prompt, config).evaluations
        assert spent == 20 * config.evaluations_per_step


def test_each_step_starts_from_the_one_before(model, trajectory, prompt):
    config = NullTextConfig(inner_steps=1, learning_rate=1e-2)
    steps = null_text_inversion(model, trajectory, prompt, config).negatives
    moved = [float((one.embedding - prompt.negative.embedding).abs().max()) for one in steps]
    assert moved[0] <= 0.0101  # one Adam update moves by its learning rate
    assert max(moved) > 0.05  # only a warm start gets this far


@pytest.mark.parametrize("method", NullTextMethod)
def test_a_batch_equals_its_items(model, plain_trajectory, prompt, method):
    """Images stop one by one, so each gets the embedding it would have got alone."""
    config = NullTextConfig(method=method)
    together = null_text_inversion(model, plain_trajectory, prompt, config)
    for item in range(2):
        states = plain_trajectory.states[:, item : item + 1]
        single = type(plain_trajectory)(states, plain_trajectory.schedule)
        alone = null_text_inversion(model, single, prompt, config)
        torch.testing.assert_close(
            together.reconstruction[item], alone.reconstruction[0], rtol=1e-4, atol=1e-4
        )


def test_the_published_rates(sigma_table):
    config = NullTextConfig()
    assert config.learning_rate_at(0, 50) == 1e-2
    assert config.learning_rate_at(49, 50) == pytest.approx(1e-2 * (1 - 0.49))
    assert config.tolerance_at(0, 50) == 1e-5
    assert config.tolerance_at(10, 50) == pytest.approx(1e-5 + 10 * 2e-5)
    assert config.tolerance_at(20, 100) == config.tolerance_at(10, 50)


def test_records_tell_each_images_loss(model, trajectory, prompt):
    records = []
    null_text_inversion(model, trajectory, prompt, on_step=records.append)
    assert all(one.loss.shape == (2,) for one in records)
    assert records[-1].gradients > 0


def test_another_scale_is_refused(model, trajectory, prompt):
    null_text = null_text_inversion(model, trajectory, prompt, NEGATIVE_PROMPT)
    with pytest.raises(ValueError, match=r"scale is 3, but the null text was made for 7.5"):
        null_text.prompts(Prompt(prompt.positive, prompt.negative, 3.0))


def test_an_empty_prompt_is_needed(model, trajectory, prompt):
    with pytest.raises(ValueError, match="starts from the empty prompt"):
        null_text_inversion(model, trajectory, Prompt(prompt.positive))
