import torch
from torch.testing import assert_close

from s2st.many_to_one.design import Design
from s2st.many_to_one.discriminator import Discriminator

SMALL = Design(size=32, width=8, most_width=16)


def test_every_picture_is_judged_as_one_of_its_own_domain(generator):
    judge, pictures = Discriminator(SMALL, [3, 3], 2), torch.rand(2, 3, 32, 32, generator=generator)
    told = judge(pictures, torch.tensor([0, 1]))
    assert told.shape == (2,)
    alone = [judge(pictures[n : n + 1], torch.tensor([n])) for n in range(2)]
    assert_close(told, torch.cat(alone), atol=1e-6, rtol=1e-5)
    assert not torch.allclose(told, judge(pictures, torch.tensor([1, 0])))
