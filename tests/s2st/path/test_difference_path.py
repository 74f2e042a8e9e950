from dataclasses import replace
from itertools import islice

import pytest
import torch
from ideal import GaussianDenoiser
from torch.testing import assert_close

from s2st import (
    DifferenceConfig,
    InversionConfig,
    Prompt,
    StructureForm,
    difference_path,
    look_of,
    structure_loss,
)
from s2st.look.look import NearestLook
from s2st.model.contract import Joint
from s2st.path.difference_path import mirrored_noises

STEPS = 10
PLAIN = DifferenceConfig(iterations=0)


@pytest.fixture
def schedule(sigma_table):
    return InversionConfig(steps=STEPS).schedule(sigma_table)


@pytest.fixture
def edited(curved_model, task, schedule):
    """edited(config, **changes): the path of the fixtures' task."""

    def run(config=PLAIN, model=curved_model, **changes):
        return difference_path(model, replace(task, **changes), schedule, config)

    return run


def test_the_same_prompt_changes_nothing(edited, latent, source):
    assert_close(edited(target=Prompt(source)), latent, atol=1e-5, rtol=0)


def test_a_gaussian_moves_to_the_target_mean(model, task, latent, source, target, sigma_table):
    # For a Gaussian the two estimates differ by the shift of the mean times a factor of sigma
    # alone, so the edit is the source moved, whatever the noise.
    schedule = InversionConfig(steps=200).schedule(sigma_table)
    edit = difference_path(model, task, schedule, PLAIN)
    moved = (edit - latent).mean((2, 3))
    shift = target.embedding[0, 0] - source.embedding[0, 0]
    assert_close(moved, shift.expand_as(moved), atol=0.1, rtol=0)
    assert (edit - latent).std((2, 3)).max() < 1e-3


def test_evaluations_are_three_under_guidance_and_two_after(
    curved_model, task, schedule, source, target
):
    config, records = DifferenceConfig(guided=0.6, first_draws=1, iterations=0), []
    task = replace(task, target=Prompt(target, source, 3.0))
    difference_path(curved_model, task, schedule, config, on_step=records.append)
    assert [one.evaluations for one in records] == [3, 6, 9, 12, 15, 18, 20, 22, 24, 26]


def test_both_branches_are_asked_in_one_call(curved_model, edited, source, target):
    class Together(Joint):
        calls = 0

        def denoise_all(self, queries, sigma):
            self.calls += 1
            return [curved_model.denoise(one.x, sigma, one.conditioning) for one in queries]

    model, prompt = Together(), Prompt(target, source, 3.0)
    assert torch.equal(edited(model=model, target=prompt), edited(target=prompt))
    assert model.calls == STEPS - 1 + PLAIN.first_draws


def test_the_first_step_is_asked_under_noises_that_mirror_each_other(curved_model, task, schedule):
    states, sigma = [], schedule.sigmas[0]

    class Watched:
        def denoise(self, x, at, conditioning):
            if at == sigma:
                states.append(x)
            return curved_model.denoise(x, at, conditioning)

    config, records = DifferenceConfig(first_draws=2, iterations=0), []
    difference_path(Watched(), task, schedule, config, on_step=records.append)
    assert [one.evaluations for one in records][:3] == [4, 6, 8]
    assert len(states) == 4
    middle = torch.stack(states).mean(dim=0)
    assert_close(middle, task.latent, atol=1e-4, rtol=0)
    assert not torch.allclose(states[0], states[2], atol=sigma / 4)


def test_noise_is_mirrored_and_the_same_for_the_whole_batch(latent):
    drawn = list(islice(mirrored_noises(latent, seed=0), 4))
    assert torch.equal(*drawn[0])
    assert torch.equal(drawn[0], -drawn[1])
    assert not torch.allclose(drawn[0], drawn[2], atol=0.1)
    assert drawn[0].std() == pytest.approx(1, abs=0.2)


def test_the_noise_seed_decides(edited):
    def with_seed(seed):
        return edited(DifferenceConfig(iterations=0, noise_seed=seed))

    before = torch.get_rng_state()
    assert torch.equal(with_seed(1), with_seed(1))
    assert not torch.allclose(with_seed(1), with_seed(2), atol=1e-3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("form", list(StructureForm))
def test_the_structure_term_keeps_the_source(edited, latent, form):
    def structure(config):
        return structure_loss(edited(config), latent, form).mean()

    bound = DifferenceConfig(structure_weight=3.0, iterations=20, structure=form)
    assert structure(bound) < 0.9 * structure(PLAIN)


def test_the_appearance_term_takes_the_look(edited, look):
    def apart(config):
        edit = edited(config, look=look)
        return NearestLook(look, edit, config.neighbours, 0.0).around(edit)(edit).mean()

    config = DifferenceConfig(structure_weight=0.0, learning_rate=0.05, tolerance=0.0)
    assert apart(config) < 0.7 * apart(PLAIN)


def test_within_the_domains_own_spread_nothing_is_asked(edited, normal):
    means = torch.tensor([-3.0, 0.0, 3.0])[:, None, None, None]
    look = look_of(normal(3, 4, 8, 8) + means)
    config = DifferenceConfig(structure_weight=0.0, tolerance=10.0, learning_rate=0.05)
    assert_close(edited(config, look=look), edited(look=look), atol=1e-5, rtol=0)


def test_outside_the_mask_the_source_stays(edited, latent, look, half_mask):
    edit = edited(DifferenceConfig(), look=look, mask=half_mask)
    assert torch.equal(edit[..., 4:], latent[..., 4:])
    assert not torch.allclose(edit[..., :4], latent[..., :4], atol=1e-2)


def test_inside_the_mask_the_look_is_met_and_not_overshot(model, edited, source, normal, half_mask):
    """What may not change filled the sorted values, and the rest made up for it."""
    config = DifferenceConfig(
        iterations=40, learning_rate=0.02, structure_weight=0.0, tolerance=0.0
    )
    look = look_of(0.5 * normal(1, 4, 8, 8, seed=2) - 1.0)
    edit = edited(config, model=model, target=Prompt(source), look=look, mask=half_mask)
    assert float(edit[..., :4].mean()) == pytest.approx(-1.0, abs=0.06)


def test_a_full_mask_changes_nothing(edited, look):
    config, full = DifferenceConfig(), torch.ones(1, 1, 8, 8)
    assert_close(edited(config, look=look, mask=full), edited(config, look=look), atol=1e-4, rtol=0)


def test_a_small_mask_moves_as_far_as_a_full_one(model, edited, latent, source, normal):
    """The losses are means over what may change, and a step must not grow as that shrinks."""
    look = look_of(0.5 * normal(1, 4, 8, 8, seed=2) - 1.0)
    config = DifferenceConfig(iterations=1, structure_weight=0.0, tolerance=0.0)
    small = torch.zeros(1, 1, 8, 8)
    small[..., 3, 3] = 1

    def moved(mask):
        edit = edited(config, model=model, target=Prompt(source), look=look, mask=mask)
        return float((edit - latent).abs().max())

    assert moved(small) == pytest.approx(moved(torch.ones(1, 1, 8, 8)), rel=0.5)


def test_a_rate_means_the_same_at_any_number_of_steps(task, look, sigma_table):
    """A look too far away to be reached, and a model that takes little of an update back: what is
    compared is how far the updates go.
    """
    model = GaussianDenoiser(mean=0.0, spread=30.0)
    far = look_of(look.quantiles[:, :, None] + 3.0)
    config = DifferenceConfig(structure_weight=0.0, tolerance=0.0)

    def ends(config, steps):
        schedule = InversionConfig(steps=steps).schedule(sigma_table)
        return difference_path(model, replace(task, look=far), schedule, config)

    moved = {steps: ends(config, steps) - ends(PLAIN, steps) for steps in (5, 10, 20)}
    whole = moved[20].abs().mean()
    assert whole > 0.05
    for some in (5, 10):
        assert (moved[some] - moved[20]).abs().mean() < 0.1 * whole


def test_a_caller_may_stop_between_updates(curved_model, task, look, schedule):
    class Cancelled(Exception):
        pass

    def cancel():
        raise Cancelled

    with pytest.raises(Cancelled):
        difference_path(curved_model, replace(task, look=look), schedule, on_update=cancel)


def test_a_batch_equals_its_pictures_one_by_one(edited, latent, look):
    config = DifferenceConfig()
    singles = torch.cat([edited(config, latent=one[None], look=look) for one in latent])
    assert_close(edited(config, look=look), singles, atol=1e-4, rtol=0)


def test_each_region_takes_the_look_of_its_own_kind(edited, source, regional):
    config = DifferenceConfig(learning_rate=0.1, structure_weight=0.0, iterations=20)
    edit = edited(config, target=Prompt(source), regional=regional)
    left, right = edit[..., :4].mean((2, 3)), edit[..., 4:].mean((2, 3))
    assert bool((left > 0.7).all() and (right < -0.7).all())


def test_a_batch_equals_its_pictures_one_by_one_by_region(edited, latent, regional):
    both = edited(DifferenceConfig(), regional=regional)
    alone = [edited(DifferenceConfig(), latent=one, regional=regional) for one in latent.split(1)]
    assert_close(both, torch.cat(alone), atol=1e-4, rtol=0)
