import torch
from torch.testing import assert_close

from s2st.exemplar.contextual import contextual_loss, patches


def test_patches_are_a_cell_and_its_neighbours():
    latents = torch.arange(12.0).view(1, 1, 3, 4)
    assert patches(latents).shape == (1, 12, 9)
    assert patches(latents)[0, 5].tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]


def test_the_same_patches_elsewhere_cost_nothing_and_other_patches_do(latents):
    moved = latents.roll(2, dims=-1)
    same, elsewhere, other = (
        contextual_loss(made, latents) for made in (latents, moved, latents.roll(1, dims=0) * 0.3)
    )
    assert_close(same, torch.zeros(3), atol=1e-3, rtol=0)
    assert (elsewhere < 0.5 * other).all()


def test_it_has_a_gradient(latents):
    made = (latents * 0.5).requires_grad_()
    contextual_loss(made, latents).sum().backward()
    assert made.grad.isfinite().all() and made.grad.abs().max() > 0
