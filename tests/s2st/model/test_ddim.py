import pytest
import torch
from diffusers import DDIMInverseScheduler, DDIMScheduler
from ideal import GaussianDenoiser
from torch.testing import assert_close

from s2st import Prompt, ddim_inverse_step, ddim_step, predicted_noise, sample
from s2st.model.parameterization import (
    denoised_from_eps,
    denoised_from_v,
    from_variance_preserving,
    to_variance_preserving,
)
from s2st.model.schedule import Schedule, Spacing, make_schedule, spaced_timesteps

STEPS = 20
STABLE_DIFFUSION = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
}
TO_DENOISED = {"epsilon": denoised_from_eps, "v_prediction": denoised_from_v}

predictions = pytest.mark.parametrize("prediction", list(TO_DENOISED))


def schedulers_sigma(scheduler, timestep):
    """Sigma where diffusers' own step stands; below the first timestep it stands on a clean one."""
    if timestep < 0:
        return 0.0
    alpha = scheduler.alphas_cumprod[timestep].double()
    return float(((1 - alpha) / alpha).sqrt())


@predictions
@pytest.mark.parametrize("spacing", list(Spacing))
def test_the_step_equals_diffusers(prediction, spacing, normal):
    theirs = DDIMScheduler(
        **STABLE_DIFFUSION,
        prediction_type=prediction,
        timestep_spacing=spacing.value,
        set_alpha_to_one=True,
    )
    theirs.set_timesteps(STEPS)
    for timestep in theirs.timesteps.tolist():
        z, output = normal(2, 4, 8, 8), normal(2, 4, 8, 8, seed=timestep + 1)
        expected = theirs.step(output, timestep, z)
        sigma = schedulers_sigma(theirs, timestep)
        # diffusers goes to t - N/T, which for linspace is not the next visited timestep
        lower = schedulers_sigma(theirs, timestep - 1000 // STEPS)
        x = from_variance_preserving(z, sigma)
        denoised = TO_DENOISED[prediction](x, output, sigma)
        reached = to_variance_preserving(ddim_step(x, denoised, sigma, lower), lower)
        assert_close(reached, expected.prev_sample, rtol=1e-5, atol=1e-5)
        assert_close(denoised, expected.pred_original_sample, rtol=1e-5, atol=1e-4)


@predictions
@pytest.mark.parametrize("spacing", [Spacing.LEADING, Spacing.TRAILING])
def test_the_inverse_step_equals_diffusers(prediction, spacing, normal):
    theirs = DDIMInverseScheduler(
        **STABLE_DIFFUSION, prediction_type=prediction, timestep_spacing=spacing.value
    )
    theirs.set_timesteps(STEPS)
    for timestep in theirs.timesteps.tolist():
        z, output = normal(2, 4, 8, 8), normal(2, 4, 8, 8, seed=timestep + 1)
        expected = theirs.step(output, timestep, z).prev_sample
        sigma = schedulers_sigma(theirs, timestep - 1000 // STEPS)
        higher = schedulers_sigma(theirs, timestep)
        x = from_variance_preserving(z, sigma)
        noise = noise_of(prediction, x, output, sigma)
        reached = to_variance_preserving(ddim_inverse_step(x, noise, sigma, higher), higher)
        assert_close(reached, expected, rtol=1e-5, atol=1e-5)


def noise_of(prediction, x, output, sigma):
    if prediction == "epsilon":
        return output
    if sigma == 0:
        return output  # v of a clean latent is its eps
    return predicted_noise(x, denoised_from_v(x, output, sigma), sigma)


@pytest.mark.parametrize("lower", [0.0, 0.4, 1.9])
def test_linspace_pairs_invert_the_step(lower, normal):
    """diffusers has no linspace inverse; ours undoes our own step between any two levels."""
    x, denoised = normal(2, 4, 8, 8), normal(2, 4, 8, 8, seed=1)
    noise = predicted_noise(x, denoised, 2.0)
    back = ddim_inverse_step(ddim_step(x, denoised, 2.0, lower), noise, lower, 2.0)
    assert_close(back, x, rtol=1e-5, atol=1e-5)


@predictions
@pytest.mark.parametrize("spacing", [Spacing.LEADING, Spacing.TRAILING])
def test_a_whole_run_equals_diffusers(prediction, spacing, normal, sigma_table, source):
    model = GaussianDenoiser(mean=0.3, spread=1.2)
    theirs = DDIMScheduler(
        **STABLE_DIFFUSION,
        prediction_type=prediction,
        timestep_spacing=spacing.value,
        set_alpha_to_one=True,
    )
    theirs.set_timesteps(STEPS)
    seed = normal(2, 4, 8, 8)
    z = seed
    for timestep in theirs.timesteps.tolist():
        sigma = schedulers_sigma(theirs, timestep)
        x = from_variance_preserving(z, sigma)
        denoised = model.denoise(x, sigma, source)
        eps = predicted_noise(x, denoised, sigma)
        signal, noise = 1 / (1 + sigma**2) ** 0.5, sigma / (1 + sigma**2) ** 0.5
        output = eps if prediction == "epsilon" else signal * eps - noise * denoised
        z = theirs.step(output, timestep, z).prev_sample
    schedule = make_schedule(sigma_table, STEPS, spacing)
    assert_close(sample(model, seed, Prompt(source), schedule), z, rtol=1e-5, atol=1e-4)


def test_the_last_step_lands_on_the_clean_estimate(normal):
    x, denoised = normal(1, 4, 8, 8), normal(1, 4, 8, 8, seed=1)
    assert torch.equal(ddim_step(x, denoised, 0.03, 0.0), denoised)


def test_records_count_steps_and_evaluations(model, latent, source, target, sigma_table):
    schedule = make_schedule(sigma_table, 5, Spacing.LEADING)
    records = []
    sample(model, latent, Prompt(target, source, 3.0), schedule, records.append)
    assert [one.index for one in records] == [1, 2, 3, 4, 5]
    assert {one.total for one in records} == {5}
    assert [one.evaluations for one in records] == [2, 4, 6, 8, 10]
    assert torch.equal(records[-1].latent, records[-1].denoised)


def test_the_exact_flow_of_a_gaussian_is_reached(model, normal, source, sigma_table):
    """For N(m, s^2) the ODE has the solution x_0 = m + (x - m) s / sqrt(s^2 + sigma^2)."""
    seed = normal(1, 4, 8, 8, dtype=torch.float64)
    schedule = make_schedule(sigma_table, 1000, Spacing.LEADING)
    x = from_variance_preserving(seed, schedule.sigmas[0])
    exact = 0.3 + (x - 0.3) * 1.2 / (1.2**2 + schedule.sigmas[0] ** 2) ** 0.5
    assert_close(sample(model, seed, Prompt(source), schedule), exact, rtol=0.01, atol=0.01)


def test_one_prompt_for_each_step_is_needed(model, latent, source):
    with pytest.raises(ValueError, match="2 prompts for 3 steps"):
        sample(model, latent, [Prompt(source)] * 2, Schedule((3.0, 2.0, 1.0, 0.0)))


def test_spaced_timesteps_are_what_the_run_visits(sigma_table):
    visited = make_schedule(sigma_table, STEPS, Spacing.LINSPACE).sigmas[:-1]
    places = spaced_timesteps(1000, STEPS, Spacing.LINSPACE)
    assert visited == tuple(sigma_table[places.tolist()].tolist())
