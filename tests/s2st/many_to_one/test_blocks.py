import pytest
import torch
from torch.testing import assert_close

from s2st.many_to_one.blocks import ContentBlock, StyledBlock, entrance, exit_to, looked_at, start


@pytest.fixture
def maps(generator):
    return torch.randn(2, 3, 16, 16, generator=generator)


def test_blocks_halve_and_double(maps):
    halved = ContentBlock(3, 5, normalised=True, halved=True)(maps)
    assert halved.shape == (2, 5, 8, 8)
    for demodulated in (True, False):
        block = StyledBlock(5, 3, 4, demodulated=demodulated, doubled=True)
        assert block(halved, torch.randn(2, 4)).shape == maps.shape


def test_a_block_without_its_inner_way_is_the_straight_one(maps):
    block = ContentBlock(3, 3, normalised=False, halved=False)
    for one in block.parameters():
        torch.nn.init.zeros_(one)
    assert_close(block(maps), maps * 0.5**0.5)


def test_domains_enter_by_their_own_channels_and_leave_with_zeros_behind(maps):
    ways = entrance([3, 1], 6), exit_to([3, 1], 6, normalised=False)
    inside = ways[0](maps, torch.tensor([0, 1]))
    assert inside.shape == (2, 6, 16, 16)
    assert_close(inside[1:], ways[0].layers[1](maps[1:, :1]))
    out = ways[1](inside, torch.tensor([0, 1]))
    assert out.shape == (2, 3, 16, 16)
    assert out[0].any(dim=2).any(dim=1).all() and not out[1, 1:].any()


def test_what_looks_ends_in_a_point(generator):
    assert looked_at([4, 6, 8])(torch.randn(2, 4, 16, 16, generator=generator)).shape == (2, 8)


def test_weights_are_drawn_by_the_generator_with_the_papers_spread():
    layers = [torch.nn.Linear(512, 512) for _ in range(2)]
    for one in layers:
        start(one, torch.Generator().manual_seed(1))
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert not layers[0].bias.any()
    assert float(layers[0].weight.detach().std()) == pytest.approx((2 / 512) ** 0.5, rel=0.02)
