import math

import pytest
import torch

from s2st import InversionConfig, Prompt, invert, sample

STEP_COUNTS = (20, 40, 80, 160)


def round_trip_error(model, latent, source, sigma_table, steps, refine=0):
    config = InversionConfig(steps=steps, refine=refine)
    trajectory = invert(model, latent, source, sigma_table, config)
    again = sample(model, trajectory.seed, Prompt(source), trajectory.schedule)
    return float((again - latent).square().mean().sqrt())


def test_the_plain_inverse_is_of_first_order(model, normal, source, sigma_table):
    latent = normal(2, 4, 8, 8, dtype=torch.float64)
    errors = [round_trip_error(model, latent, source, sigma_table, one) for one in STEP_COUNTS]
    slope = math.log(errors[0] / errors[-1]) / math.log(STEP_COUNTS[-1] / STEP_COUNTS[0])
    assert slope == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("steps", [20, 50])
def test_three_refinements_cut_the_error_fifty_fold(model, normal, source, sigma_table, steps):
    latent = normal(2, 4, 8, 8, dtype=torch.float64)
    plain = round_trip_error(model, latent, source, sigma_table, steps)
    refined = round_trip_error(model, latent, source, sigma_table, steps, refine=3)
    assert refined < plain / 50


def test_refinement_also_serves_a_curved_model(curved_model, source, sigma_table):
    latent = curved_model.points[:2] * 0.9
    plain = round_trip_error(curved_model, latent, source, sigma_table, 50)
    refined = round_trip_error(curved_model, latent, source, sigma_table, 50, refine=3)
    assert refined < plain


def test_the_trajectory_starts_at_the_source_and_ends_in_noise(model, latent, source, sigma_table):
    trajectory = invert(model, latent, source, sigma_table)
    assert trajectory.states.shape == (51, 2, 4, 8, 8)
    assert torch.equal(trajectory.state(0), latent)
    assert trajectory.seed.std() == pytest.approx(float(latent.std()) / 1.2, rel=0.1)


@pytest.mark.parametrize(("refine", "evaluations"), [(0, 5), (1, 6), (2, 11)])
def test_evaluations_are_counted(model, latent, source, sigma_table, refine, evaluations):
    """None: T. k refinements: k T and one, for each step starts from the eps last seen."""
    records, config = [], InversionConfig(steps=5, refine=refine)
    invert(model, latent, source, sigma_table, config, on_step=records.append)
    assert [one.index for one in records] == [1, 2, 3, 4, 5]
    assert records[-1].evaluations == evaluations


class Repelling:
    """eps = 2 x: with steps of 1 each iteration ends twice as far from the fixed point."""

    def denoise(self, x, sigma, conditioning):
        return x - sigma * 2 * x


def test_refinement_keeps_the_best_state_where_it_gets_worse(source, normal):
    """It kept the last one: here 2^8 times as far away as the explicit step."""
    table = torch.arange(1.0, 5.0, dtype=torch.float64)
    plain, refined = (
        invert(
            Repelling(), normal(3, 4, 8, 8), source, table, InversionConfig(steps=4, refine=refine)
        )
        for refine in (0, 8)
    )
    assert torch.equal(refined.states, plain.states)


def test_a_batch_equals_its_items(curved_model, normal, source, sigma_table):
    latents = normal(3, 4, 8, 8, seed=5)
    config = InversionConfig(steps=10, refine=1)
    together = invert(curved_model, latents, source, sigma_table, config).states
    alone = [invert(curved_model, one[None], source, sigma_table, config).states for one in latents]
    torch.testing.assert_close(together, torch.cat(alone, dim=1), rtol=1e-4, atol=1e-4)


def test_no_graph_is_kept(model, latent, source, sigma_table):
    leaf = latent.clone().requires_grad_()
    assert not invert(model, leaf, source, sigma_table).states.requires_grad
