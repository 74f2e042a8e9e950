import pytest
import torch
from torch.testing import assert_close

from s2st import StructureForm, structure_loss

forms = pytest.mark.parametrize("form", list(StructureForm))


@forms
@pytest.mark.parametrize("channels", [1, 4, 16])
def test_structure_gradcheck(normal, form, channels):
    latent = normal(2, channels, 3, 4, dtype=torch.float64).requires_grad_()
    reference = normal(2, channels, 3, 4, seed=1, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: structure_loss(x, reference, form), latent)


@forms
def test_structure_of_the_same_is_zero(latent, form):
    assert torch.equal(structure_loss(latent, latent, form), torch.zeros(2))


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


@forms
def test_structure_of_a_batch_equals_its_items(normal, form):
    latents, references = normal(3, 4, 8, 8), normal(3, 4, 8, 8, seed=1)
    together = structure_loss(latents, references, form)
    pairs = zip(latents, references, strict=True)
    alone = [structure_loss(one[None], other[None], form) for one, other in pairs]
    assert_close(together, torch.cat(alone))


@forms
def test_structure_has_a_finite_gradient_on_constant_images(normal, form):
    flat, uneven = torch.zeros(1, 4, 8, 8), normal(1, 4, 8, 8)
    for latent, reference in ((flat, flat), (flat, uneven), (uneven, flat)):
        leaf = latent.clone().requires_grad_()
        structure_loss(leaf, reference, form).sum().backward()
        assert bool(torch.isfinite(leaf.grad).all())


def test_an_unknown_form_is_refused(latent):
    with pytest.raises(ValueError, match="one of StructureForm.SCALE_FREE"):
        structure_loss(latent, latent, "cosine")


@forms
def test_what_the_mask_leaves_out_does_not_count(normal, latent, form, half_mask):
    reference = normal(2, 4, 8, 8, seed=1)
    other = latent.clone()
    other[..., 5:] = 9
    assert_close(
        structure_loss(other, reference, form, half_mask),
        structure_loss(latent, reference, form, half_mask),
    )
    assert not torch.allclose(
        structure_loss(other, reference, form), structure_loss(latent, reference, form), rtol=0.01
    )


@forms
def test_a_full_mask_changes_nothing_and_an_empty_one_asks_for_nothing(normal, latent, form):
    reference, full = normal(2, 4, 8, 8, seed=1), torch.ones(2, 1, 8, 8)
    assert_close(
        structure_loss(latent, reference, form, full), structure_loss(latent, reference, form)
    )
    assert torch.equal(structure_loss(latent, reference, form, 0 * full), torch.zeros(2))
