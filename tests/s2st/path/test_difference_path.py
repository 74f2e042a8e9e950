import pytest
import torch
from torch.testing import assert_close

from s2st import (
    DifferenceConfig,
    InversionConfig,
    Prompt,
    StructureForm,
    difference_path,
    difference_path_steps,
    invert,
    references_of,
    structure_loss,
)
from s2st.path.difference_path import noises

STEPS = 10
PLAIN = DifferenceConfig(iterations=0)


@pytest.fixture
def schedule(sigma_table):
    return InversionConfig(steps=STEPS).schedule(sigma_table)


@pytest.fixture
def trajectory(curved_model, latent, source, sigma_table):
    return invert(curved_model, latent, source, sigma_table, InversionConfig(steps=STEPS))


@pytest.fixture
def edited(curved_model, latent, schedule, source, target):
    """Runs the path from the fixtures' source to their target."""

    def run(references=None, config=PLAIN, **extras):
        prompt = Prompt(target)
        return difference_path(
            curved_model, latent, schedule, source, prompt, references, config, **extras
        )

    return run


@pytest.fixture
def references(domain_latents):
    return references_of(domain_latents)


def test_the_same_prompt_changes_nothing(curved_model, latent, schedule, source):
    kept = difference_path(curved_model, latent, schedule, source, Prompt(source), config=PLAIN)
    assert_close(kept, latent, atol=1e-5, rtol=0)


def test_a_gaussian_moves_to_the_target_mean(model, latent, source, target, sigma_table):
    # For a Gaussian the two estimates differ by the shift of the mean times a factor of sigma
    # alone, so the edit is the source moved, whatever the noise.
    schedule = InversionConfig(steps=200).schedule(sigma_table)
    edit = difference_path(model, latent, schedule, source, Prompt(target), config=PLAIN)
    moved = (edit - latent).mean((2, 3))
    shift = target.embedding[0, 0] - source.embedding[0, 0]
    assert_close(moved, shift.expand_as(moved), atol=0.1, rtol=0)
    assert (edit - latent).std((2, 3)).max() < 1e-3


def test_evaluations_are_three_under_guidance_and_two_after(
    curved_model, latent, schedule, source, target
):
    config = DifferenceConfig(guided=0.6, iterations=0)
    prompt = Prompt(target, source, 3.0)
    steps = difference_path_steps(curved_model, latent, schedule, source, prompt, None, config)
    assert [record.evaluations for record in steps] == [3, 6, 9, 12, 15, 18, 20, 22, 24, 26]


def test_fresh_noise_is_mirrored_and_the_same_for_the_whole_batch(latent, schedule):
    drawn = list(noises(latent, schedule, DifferenceConfig()))
    assert len(drawn) == STEPS
    assert torch.equal(drawn[0], -drawn[1])
    assert not torch.allclose(drawn[0], drawn[2], atol=0.1)
    assert drawn[0].std() == pytest.approx(1, abs=0.2)


def test_own_noise_is_the_inversions(latent, schedule, trajectory):
    drawn = list(noises(latent, schedule, DifferenceConfig(own_noise=1.0), trajectory))
    state = latent + schedule.sigmas[3] * drawn[3]
    assert_close(state, trajectory.state(STEPS - 3), atol=1e-4, rtol=1e-5)


def test_own_noise_changes_the_edit(edited, trajectory):
    config = DifferenceConfig(own_noise=0.5, iterations=0)
    assert not torch.allclose(edited(config=config, trajectory=trajectory), edited(), atol=1e-3)
    assert torch.equal(edited(trajectory=trajectory), edited())


def test_own_noise_without_a_trajectory_is_refused(edited):
    with pytest.raises(ValueError, match="own_noise is 0.1, but there is no trajectory"):
        edited(config=DifferenceConfig(own_noise=0.1))


def test_own_noise_of_another_schedule_is_refused(
    edited, curved_model, latent, source, sigma_table
):
    config = InversionConfig(steps=STEPS + 1)
    other = invert(curved_model, latent, source, sigma_table, config)
    with pytest.raises(ValueError, match="The path has 10 steps .* trajectory has 11"):
        edited(config=DifferenceConfig(own_noise=0.1), trajectory=other)


def test_the_noise_seed_decides(edited):
    def with_seed(seed):
        return edited(config=DifferenceConfig(iterations=0, noise_seed=seed))

    before = torch.get_rng_state()
    assert torch.equal(with_seed(1), with_seed(1))
    assert not torch.allclose(with_seed(1), with_seed(2), atol=1e-3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("form", list(StructureForm))
def test_the_structure_term_keeps_the_source(edited, latent, form):
    def structure(config):
        return structure_loss(edited(config=config), latent, form).mean()

    bound = DifferenceConfig(structure_weight=3.0, iterations=20, structure=form)
    assert structure(bound) < 0.9 * structure(PLAIN)


def test_the_appearance_term_takes_the_look(edited, references):
    def apart(config):
        edit = edited(references, config)
        wanted = references.nearest(edit, config.neighbours)
        return (edit.flatten(2).sort().values - wanted).abs().mean()

    config = DifferenceConfig(structure_weight=0.0, learning_rate=0.05, tolerance=0.0)
    assert apart(config) < 0.7 * apart(PLAIN)


def test_within_the_domains_own_spread_nothing_is_asked(edited, normal):
    means = torch.tensor([-3.0, 0.0, 3.0])[:, None, None, None]
    references = references_of(normal(3, 4, 8, 8) + means)
    config = DifferenceConfig(structure_weight=0.0, tolerance=10.0, learning_rate=0.05)
    assert_close(edited(references, config), edited(references, PLAIN), atol=1e-5, rtol=0)


def test_outside_the_mask_the_source_stays(edited, latent, references):
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    edit = edited(references, DifferenceConfig(), mask=mask)
    assert torch.equal(edit[..., 4:], latent[..., 4:])
    assert not torch.allclose(edit[..., :4], latent[..., :4], atol=1e-2)


def test_a_batch_equals_its_pictures_one_by_one(
    curved_model, latent, schedule, source, target, references
):
    def edited(latents):
        return difference_path(curved_model, latents, schedule, source, Prompt(target), references)

    singles = torch.cat([edited(one[None]) for one in latent])
    assert_close(edited(latent), singles, atol=1e-4, rtol=0)


def test_another_count_of_channels_is_refused(edited, normal):
    with pytest.raises(ValueError, match="has 16 channels"):
        edited(references_of(normal(2, 16, 8, 8)))


def test_eta_of_another_size_is_refused(edited, references):
    with pytest.raises(ValueError, match="eta has shape"):
        edited(references, eta=torch.ones(16))
