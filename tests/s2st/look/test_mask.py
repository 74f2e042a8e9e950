import pytest
import torch

from s2st.look.mask import check_mask, restored_outside


def test_what_the_mask_keeps_is_the_source(latent, normal):
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :3, :] = 1
    changed = normal(*latent.shape, seed=5)
    kept = restored_outside(changed, latent, mask)
    assert torch.equal(kept[..., :3, :], changed[..., :3, :])
    assert torch.equal(kept[..., 3:, :], latent[..., 3:, :])
    assert restored_outside(changed, latent, None) is changed


@pytest.mark.parametrize("shape", [(8, 8), (1, 2, 8, 8), (3, 1, 8, 8), (1, 1, 4, 8)])
def test_a_mask_of_another_shape_is_refused(latent, shape):
    with pytest.raises(ValueError, match="mask has shape"):
        check_mask(torch.ones(shape), latent)


def test_a_mask_beyond_0_to_1_is_refused(latent):
    with pytest.raises(ValueError, match="must stay within 0 to 1"):
        check_mask(torch.full((1, 1, 8, 8), 1.5), latent)
