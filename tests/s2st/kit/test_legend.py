import pytest
import torch
from torch.testing import assert_close

from s2st.kit.legend import classes_of, legend_of, one_hot, painted, plain

LEGEND = {"sky": (0, 0, 255), "road": (128, 128, 128), "tree": (0, 128, 0)}


def test_classes_become_colours_and_colours_classes_though_they_are_not_exact():
    classes = torch.tensor([[[0, 1], [2, 1]]])
    shown = painted(classes, LEGEND)
    assert_close(shown[0, :, 0, 0], torch.tensor([0.0, 0.0, 1.0]))
    assert torch.equal(classes_of((shown + 0.1).clamp(0, 1), LEGEND), classes)


def test_one_channel_a_class():
    shown = one_hot(torch.tensor([[[0, 2]]], dtype=torch.uint8), 3)
    assert shown[0, :, 0, :].T.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_a_legend_comes_back_from_plain_values():
    assert legend_of(plain(LEGEND)) == LEGEND


@pytest.mark.parametrize("facts", [None, [], "sky", 3])
def test_what_names_no_colours_is_no_legend(facts):
    with pytest.raises(ValueError, match="not names with colours"):
        legend_of(facts)
