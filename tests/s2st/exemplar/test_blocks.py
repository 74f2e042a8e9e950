import torch
from torch.testing import assert_close

from s2st.exemplar.blocks import ResidualBlock, Spade, SpadeBlock, normalised, start


def maps(channels=8):
    return torch.randn(2, channels, 5, 6, generator=torch.Generator().manual_seed(1))


def test_a_block_begins_as_its_straight_way(generator):
    for block, given in ((ResidualBlock(8, 8), ()), (SpadeBlock(8, 4), (maps(4),))):
        start(block, generator)
        assert_close(block(maps(), *given), maps())


def test_a_block_changes_width_and_hears_what_it_is_told(generator):
    block = ResidualBlock(8, 12, told=3)
    torch.nn.init.normal_(block.second.weight, generator=generator)
    one, other = (block(maps(), torch.full((2, 3), value)) for value in (0.0, 1.0))
    assert one.shape == (2, 12, 5, 6)
    assert (one - other).abs().max() > 1e-3


def test_spade_scales_and_shifts_each_place_by_its_condition(generator):
    spade = Spade(8, 1)
    start(spade, generator)
    condition = torch.zeros(2, 1, 5, 6)
    assert_close(spade(maps(), condition), spade.norm(maps()))
    condition[..., 0, 0] = 1
    moved = (spade(maps(), condition) - spade.norm(maps())).abs().amax(dim=(0, 1))
    assert moved[:2, :2].min() > 0 and moved[3:, 3:].max() == 0


def test_groups_fit_any_width():
    assert [normalised(width).num_groups for width in (48, 12, 7)] == [8, 4, 1]


def test_the_same_generator_draws_the_same_weights():
    first, second = ResidualBlock(8, 8), ResidualBlock(8, 8)
    for block in (first, second):
        start(block, torch.Generator().manual_seed(4))
    assert torch.equal(first.first.weight, second.first.weight)
