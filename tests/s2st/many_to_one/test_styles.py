import torch
from torch.testing import assert_close

from s2st.many_to_one.design import Design
from s2st.many_to_one.styles import Mapping, StyleEncoder, one_each

SMALL = Design(size=32, width=8, most_width=16, style=6, latent=4, hidden=12)


def test_each_picture_takes_the_answer_of_its_own_domain():
    answers = torch.arange(12.0).view(2, 3, 2)
    assert one_each(answers, torch.tensor([2, 0])).tolist() == [[4, 5], [6, 7]]


def test_noise_becomes_another_style_in_each_domain(generator):
    mapping, noise = Mapping(SMALL, 2), torch.randn(3, 4, generator=generator)
    one, other = (mapping(noise, torch.full((3,), number)) for number in (0, 1))
    assert one.shape == (3, 6)
    assert not torch.allclose(one, other)
    mixed = mapping(noise, torch.tensor([0, 1, 0]))
    assert_close(mixed, torch.stack([one[0], other[1], one[2]]))


def test_a_style_is_read_off_a_picture_for_its_domain(generator):
    encoder = StyleEncoder(SMALL, [3, 1], 2)
    pictures = torch.rand(2, 3, 32, 32, generator=generator)
    styles = encoder(pictures, torch.tensor([0, 1]))
    assert styles.shape == (2, 6)
    grey = pictures.clone()
    grey[1, 1:] = 0  # what a domain of one channel does not read
    assert_close(encoder(grey, torch.tensor([0, 1])), styles)
