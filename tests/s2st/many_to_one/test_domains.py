import pytest
import torch
from torch.testing import assert_close

from s2st.many_to_one.domains import Domain, Kind, number_of

LEGEND = {"sky": (0, 0, 255), "road": (128, 128, 128), "tree": (0, 128, 0)}
LABELS = Domain(name="labels", kind=Kind.LABELS, many=False, legend=LEGEND)


def test_classes_become_colours_and_colours_classes_though_they_are_not_exact():
    classes = torch.tensor([[[0, 1], [2, 1]]])
    painted = LABELS.painted(classes)
    assert_close(painted[0, :, 0, 0], torch.tensor([0.0, 0.0, 1.0]))
    assert torch.equal(LABELS.classes_of((painted + 0.1).clamp(0, 1)), classes)
    channels = LABELS.channels_of(painted)
    assert channels.shape == (1, 3, 2, 2)
    assert torch.equal(LABELS.pictures_of(channels), painted)
    assert channels.unique().tolist() == [-1, 1]


def test_grey_is_the_mean_of_colours_and_comes_back_as_three():
    grey = Domain(name="grey", kind=Kind.GREY, many=False)
    picture = torch.tensor([0.0, 0.3, 0.9])[None, :, None, None]
    assert_close(grey.channels_of(picture), torch.full((1, 1, 1, 1), -0.2))
    assert_close(grey.pictures_of(grey.channels_of(picture)), torch.full((1, 3, 1, 1), 0.4))


def test_colour_comes_back_as_it_was():
    pictures = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    domain = Domain(name="photo")
    assert_close(domain.pictures_of(domain.channels_of(pictures)), pictures)


@pytest.mark.parametrize(("kind", "legend"), [(Kind.LABELS, {}), (Kind.GREY, LEGEND)])
def test_a_legend_goes_with_label_maps_alone(kind, legend):
    with pytest.raises(ValueError, match="give a colour for each class"):
        Domain(name="x", kind=kind, legend=legend)


def test_a_domain_comes_back_from_its_facts():
    assert Domain.of(LABELS.facts) == LABELS


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'night', but this translator knows day, labels"):
        number_of((Domain(name="day"), LABELS), "night")
