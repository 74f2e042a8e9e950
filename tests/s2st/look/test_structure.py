import pytest
import torch
from torch.testing import assert_close

from s2st import (
    Distance,
    StatisticsConfig,
    StructureForm,
    appearance_loss,
    domain_statistics,
    structure_loss,
)
from s2st.look.structure import LossConfig, weighed

forms = pytest.mark.parametrize("form", list(StructureForm))
distances = pytest.mark.parametrize("distance", list(Distance))
channel_counts = pytest.mark.parametrize("channels", [1, 4, 16])


@forms
@channel_counts
def test_structure_gradcheck(normal, form, channels):
    latent = normal(2, channels, 3, 4, dtype=torch.float64).requires_grad_()
    reference = normal(2, channels, 3, 4, seed=1, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: structure_loss(x, reference, form), latent)


@distances
@channel_counts
def test_appearance_gradcheck(normal, distance, channels):
    latent = normal(2, channels, 3, 4, dtype=torch.float64).requires_grad_()
    domain = domain_statistics(normal(3, channels, 7, 7, seed=1, dtype=torch.float64))
    eta = torch.linspace(0.5, 1.5, channels, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x: appearance_loss(x, domain, eta, distance), latent, fast_mode=channels == 16
    )


@forms
def test_structure_of_the_same_is_zero(latent, form):
    assert torch.equal(structure_loss(latent, latent, form), torch.zeros(2))


@distances
def test_appearance_of_the_same_is_zero(normal, distance):
    latent = normal(1, 4, 8, 8)
    domain = domain_statistics(latent, StatisticsConfig(quantiles=64))
    assert_close(appearance_loss(latent, domain, None, distance), torch.zeros(1), rtol=0, atol=1e-6)


def test_sobel_of_a_hand_made_edge():
    """A step of height 1 becomes one of height 3: the plain gradients differ by 2/3 of theirs."""
    step = torch.zeros(1, 1, 6, 6)
    step[..., 3:] = 1
    kept = structure_loss(step, 3 * step, StructureForm.SCALE_FREE)
    plain = structure_loss(step, 3 * step, StructureForm.L1)
    nothing = structure_loss(step, 0 * step, StructureForm.L1)
    assert_close(kept, torch.zeros(1), rtol=0, atol=1e-6)
    assert_close(plain, 2 * nothing)
    # normalised Sobel: half the step in the two columns beside it, and 0 elsewhere, x and y
    assert_close(nothing, torch.tensor([0.5 * 2 * 6 / (2 * 36)]))


def test_contrast_leaves_scale_free_structure_unchanged(latent, normal):
    reference = normal(2, 4, 8, 8, seed=1)
    darker = latent * torch.tensor([0.1, 0.5, 2.0, 9.0])[:, None, None] + 0.7
    assert_close(
        structure_loss(darker, reference), structure_loss(latent, reference), rtol=1e-4, atol=1e-6
    )
    assert not torch.allclose(
        structure_loss(darker, reference, StructureForm.L1),
        structure_loss(latent, reference, StructureForm.L1),
        rtol=0.01,
    )


@distances
def test_permuting_pixels_leaves_appearance_unchanged(normal, latent, distance):
    domain = domain_statistics(normal(3, 4, 8, 8, seed=2))
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    permuted = latent.flatten(2)[..., order].reshape(latent.shape)
    assert_close(
        appearance_loss(permuted, domain, None, distance),
        appearance_loss(latent, domain, None, distance),
        rtol=1e-5,
        atol=1e-6,
    )
    assert float(structure_loss(permuted, latent).min()) > 0.3


@forms
def test_structure_of_a_batch_equals_its_items(normal, form):
    latents, references = normal(3, 4, 8, 8), normal(3, 4, 8, 8, seed=1)
    together = structure_loss(latents, references, form)
    pairs = zip(latents, references, strict=True)
    alone = [structure_loss(one[None], other[None], form) for one, other in pairs]
    assert_close(together, torch.cat(alone))


@distances
def test_appearance_of_a_batch_equals_its_items(normal, distance):
    latents, domain = normal(3, 4, 8, 8), domain_statistics(normal(2, 4, 8, 8, seed=1))
    together = appearance_loss(latents, domain, None, distance)
    alone = [appearance_loss(one[None], domain, None, distance) for one in latents]
    assert_close(together, torch.cat(alone))


@distances
def test_eta_weighs_channels(normal, latent, distance):
    domain = domain_statistics(normal(2, 4, 8, 8, seed=1))
    only = [
        appearance_loss(latent, domain, 4 * torch.eye(4)[channel], distance) for channel in range(4)
    ]
    assert_close(torch.stack(only).mean(0), appearance_loss(latent, domain, None, distance))
    assert_close(
        appearance_loss(latent, domain, torch.ones(4), distance),
        appearance_loss(latent, domain, None, distance),
    )


@forms
def test_structure_has_a_finite_gradient_on_constant_images(normal, form):
    flat, uneven = torch.zeros(1, 4, 8, 8), normal(1, 4, 8, 8)
    for latent, reference in ((flat, flat), (flat, uneven), (uneven, flat)):
        leaf = latent.clone().requires_grad_()
        structure_loss(leaf, reference, form).sum().backward()
        assert bool(torch.isfinite(leaf.grad).all())


@distances
def test_appearance_has_a_finite_gradient_on_constant_and_distant_images(normal, distance):
    for reference in (torch.zeros(1, 4, 8, 8), normal(1, 4, 8, 8)):
        domain = domain_statistics(reference)
        for value in (0.0, 1e4):
            leaf = torch.full((1, 4, 8, 8), value, requires_grad=True)
            appearance_loss(leaf, domain, None, distance).sum().backward()
            assert bool(torch.isfinite(leaf.grad).all())


def test_an_unknown_form_is_refused(latent):
    with pytest.raises(ValueError, match="one of StructureForm.SCALE_FREE"):
        structure_loss(latent, latent, "cosine")


def test_both_losses_are_added_by_their_weights(normal, latent):
    domain, structure = domain_statistics(normal(2, 4, 8, 8, seed=1)), torch.tensor([0.2, 0.4])
    config = LossConfig(structure_weight=3.0, appearance_weight=0.5)
    expected = 3.0 * structure + 0.5 * appearance_loss(latent, domain)
    assert_close(weighed(structure, latent, domain, config, None), expected)
