from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from s2st import Distance, look_of, structure_loss
from s2st.look.look import WholeLook
from s2st.look.objective import LossConfig, Objective

kinds = pytest.mark.parametrize("distance", list(Distance))


def appearance(latent, references, task, distance, eta=None):
    task = replace(task, latent=latent.detach(), eta=eta)
    whole = WholeLook(look_of(references), latent, distance, task.mask)
    return Objective(task, LossConfig(), whole).appearance(latent)


@kinds
@pytest.mark.parametrize("channels", [1, 4, 16])
def test_appearance_gradcheck(normal, task, distance, channels):
    latent = normal(2, channels, 3, 4, dtype=torch.float64).requires_grad_()
    references = normal(3, channels, 7, 7, seed=1, dtype=torch.float64)
    eta = torch.linspace(0.5, 1.5, channels, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x: appearance(x, references, task, distance, eta), latent, fast_mode=channels == 16
    )


@kinds
def test_permuting_pixels_leaves_appearance_unchanged(normal, latent, task, distance):
    references = normal(3, 4, 8, 8, seed=2)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    permuted = latent.flatten(2)[..., order].reshape(latent.shape)
    assert_close(
        appearance(permuted, references, task, distance),
        appearance(latent, references, task, distance),
        rtol=1e-5,
        atol=1e-6,
    )
    assert float(structure_loss(permuted, latent).min()) > 0.3


@kinds
def test_appearance_of_a_batch_equals_its_items(normal, task, distance):
    latents, references = normal(3, 4, 8, 8), normal(2, 4, 8, 8, seed=1)
    together = appearance(latents, references, task, distance)
    alone = [appearance(one[None], references, task, distance) for one in latents]
    assert_close(together, torch.cat(alone))


@kinds
def test_eta_weighs_channels(normal, latent, task, distance):
    references = normal(2, 4, 8, 8, seed=1)
    plain = appearance(latent, references, task, distance)
    only = [
        appearance(latent, references, task, distance, 4 * torch.eye(4)[channel])
        for channel in range(4)
    ]
    assert_close(torch.stack(only).mean(0), plain)
    assert_close(appearance(latent, references, task, distance, torch.ones(4)), plain)


@kinds
def test_gradients_are_finite_on_constant_and_distant_pictures(normal, task, distance):
    for reference in (torch.zeros(1, 4, 8, 8), normal(1, 4, 8, 8)):
        for value in (0.0, 1e4):
            leaf = torch.full((1, 4, 8, 8), value, requires_grad=True)
            appearance(leaf, reference, task, distance).sum().backward()
            assert bool(torch.isfinite(leaf.grad).all())


def test_both_terms_are_added_by_their_weights(normal, latent, task):
    structure = torch.tensor([0.2, 0.4])
    config = LossConfig(structure_weight=3.0, appearance_weight=0.5)
    whole = WholeLook(look_of(normal(2, 4, 8, 8, seed=1)), latent, Distance.WASSERSTEIN, None)
    objective = Objective(task, config, whole)
    assert_close(objective(latent, structure), 3.0 * structure + 0.5 * objective.appearance(latent))
    assert torch.equal(Objective(task, config, None)(latent, structure), 3.0 * structure)


def test_what_the_mask_keeps_does_not_count(normal, latent, task, half_mask):
    """Both terms are those of the half picture, whatever stands in the other half."""
    spoiled = latent + 0.1 * normal(*latent.shape, seed=4)
    other = spoiled.clone()
    other[..., 5:] = 30  # a Sobel gradient of the last column that counts sees column 4
    objective = Objective(
        replace(task, mask=half_mask),
        LossConfig(),
        WholeLook(look_of(normal(2, 4, 8, 8, seed=1)), latent, Distance.WASSERSTEIN, half_mask),
    )
    assert_close(objective(other), objective(spoiled))
