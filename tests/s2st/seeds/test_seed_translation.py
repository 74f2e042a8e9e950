import pytest
import torch
from torch.testing import assert_close

from s2st import (
    Distance,
    InversionConfig,
    Prompt,
    SeedConfig,
    domain_statistics,
    invert,
    translate_seed,
    translate_seed_steps,
)
from s2st.seeds.seed_translation import lookahead, on_shell


@pytest.fixture
def trajectory(curved_model, latent, source, sigma_table):
    return invert(curved_model, latent, source, sigma_table, InversionConfig(steps=10))


@pytest.fixture
def domain(domain_latents):
    return domain_statistics(domain_latents)


def losses(model, trajectory, prompt, domain, config):
    records = list(translate_seed_steps(model, trajectory, prompt, domain, config))
    return [one.loss for one in records]


@pytest.mark.parametrize("distance", list(Distance))
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_loss_falls(curved_model, trajectory, source, target, domain, distance, scale):
    config = SeedConfig(iterations=20, learning_rate=0.01, keep_shell=False, distance=distance)
    seen = losses(curved_model, trajectory, Prompt(target, source, scale), domain, config)
    assert bool((seen[-1] < seen[0]).all())


def test_the_seed_stays_on_its_shell(curved_model, trajectory, target, domain):
    seed = translate_seed(curved_model, trajectory, Prompt(target), domain)
    inverted = trajectory.seed
    assert not torch.equal(seed, inverted)
    for axis_statistic in (torch.mean, torch.std):
        assert_close(
            axis_statistic(seed, (1, 2, 3)),
            axis_statistic(inverted, (1, 2, 3)),
            rtol=1e-5,
            atol=1e-6,
        )
    loose = SeedConfig(keep_shell=False)
    left = translate_seed(curved_model, trajectory, Prompt(target), domain, loose)
    assert float((left.std((1, 2, 3)) - inverted.std((1, 2, 3))).abs().min()) > 1e-5


def test_without_iterations_the_seed_is_the_inverted_one(curved_model, trajectory, target, domain):
    config = SeedConfig(iterations=0)
    seed = translate_seed(curved_model, trajectory, Prompt(target), domain, config)
    assert torch.equal(seed, trajectory.seed)


def test_the_first_update_moves_by_the_learning_rate(curved_model, trajectory, target, domain):
    config = SeedConfig(iterations=1, learning_rate=0.02, keep_shell=False)
    seed = translate_seed(curved_model, trajectory, Prompt(target), domain, config)
    moved = (seed - trajectory.seed).abs()
    assert float(moved.median()) == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize(("scale", "branches"), [(1.0, 1), (3.0, 2)])
def test_evaluations_are_iterations_times_lookahead(
    curved_model, trajectory, source, target, domain, scale, branches
):
    config = SeedConfig(iterations=3, lookahead=5)
    prompt = Prompt(target, source, scale)
    *_, last = translate_seed_steps(curved_model, trajectory, prompt, domain, config)
    assert last.evaluations == last.gradients == 3 * 5 * branches


def test_structure_alone_and_appearance_alone_pull_their_own_way(
    curved_model, trajectory, source, target, domain
):
    def end(structure, appearance):
        config = SeedConfig(iterations=20, structure_weight=structure, appearance_weight=appearance)
        *_, last = translate_seed_steps(curved_model, trajectory, prompt, domain, config)
        return domain.distances(last.denoised, Distance.HISTOGRAM).mean()

    prompt = Prompt(target, source, 3.0)
    assert end(0.0, 1.0) < end(1.0, 0.0)


def test_a_batch_equals_its_items(curved_model, trajectory, target, domain):
    together = translate_seed(curved_model, trajectory, Prompt(target), domain)
    for item in range(2):
        single = type(trajectory)(trajectory.states[:, item : item + 1], trajectory.schedule)
        alone = translate_seed(curved_model, single, Prompt(target), domain)
        assert_close(together[item], alone[0], rtol=1e-3, atol=1e-3)


def test_eta_decides_which_channel_moves(model, latent, source, target, sigma_table, domain):
    """The Gaussian model keeps channels apart: a channel without weight gets no gradient."""
    trajectory = invert(model, latent, source, sigma_table, InversionConfig(steps=10))
    config = SeedConfig(structure_weight=0.0, keep_shell=False)
    eta = torch.tensor([4.0, 0.0, 0.0, 0.0])
    seed = translate_seed(model, trajectory, Prompt(target), domain, config, eta)
    moved = (seed - trajectory.seed).abs().amax((0, 2, 3))
    assert moved[0] > 0.01
    assert torch.equal(moved[1:], torch.zeros(3))


def test_the_lookahead_is_a_sampling_run(curved_model, trajectory, target):
    from s2st import sample

    coarse = trajectory.schedule.subsampled(4)
    looked = lookahead(curved_model, trajectory.states[-1], Prompt(target), coarse)
    sampled = sample(curved_model, trajectory.seed, Prompt(target), coarse)
    assert_close(looked, sampled, rtol=1e-5, atol=1e-5)


def test_on_shell_of_a_hand_made_case():
    wanted = torch.tensor([0.0, 4.0]).reshape(1, 1, 1, 2)
    given = torch.tensor([5.0, 6.0]).reshape(1, 1, 1, 2)
    assert_close(on_shell(given, wanted), wanted)
