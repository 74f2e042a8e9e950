import pytest
import torch

from s2st.many_to_one.design import Design
from s2st.many_to_one.generator import Generator

SMALL = Design(size=64, width=8, most_width=16, style=6)


@pytest.mark.parametrize("demodulated", [True, False])
def test_pictures_keep_their_size_and_every_style_draws_another(demodulated, generator):
    network = Generator(SMALL, [3, 1], demodulated)
    pictures = torch.rand(2, 3, 48, 80, generator=generator)
    there = torch.tensor([0, 1]), torch.tensor([1, 0])
    one, other = (
        network(pictures, *there, torch.randn(2, 6, generator=generator)) for _ in range(2)
    )
    assert one.shape == (2, 3, 48, 80)
    assert not torch.allclose(one, other)
    assert not one[0, 1:].any()  # a domain of one channel
