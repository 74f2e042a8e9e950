import torch
from torch.testing import assert_close

from s2st.many_to_one.losses import apart, made_loss, real_loss, slope_penalty, styles_apart


def test_answers_are_judged_by_cross_entropy():
    told = torch.tensor([2.0])
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    assert_close(real_loss(told)[0], entropy(told, torch.ones(1)))
    assert_close(made_loss(told)[0], entropy(told, torch.zeros(1)))


def test_the_slope_of_a_line_is_known():
    pictures = torch.zeros(2, 1, 2, 2, requires_grad=True)
    told = 3 * pictures.flatten(1).sum(dim=1)
    assert_close(slope_penalty(told, pictures), torch.full((2,), 18.0))


def test_only_a_pictures_own_channels_count():
    one, other = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    other[0, :1], other[1] = 0.5, 0.5
    assert_close(apart(one, other, torch.tensor([1.0, 3.0])), torch.tensor([0.5, 0.5]))


def test_styles_are_compared_by_their_mean_distance():
    assert_close(
        styles_apart(torch.zeros(1, 4), torch.tensor([[1.0, -1, 0, 0]])), torch.tensor([0.5])
    )
