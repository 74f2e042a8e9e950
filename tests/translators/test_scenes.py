import torch
from torch.testing import assert_close

from demo_world import LABELS, LEGEND, TRAIN_SEEDS
from translators.scenes import (
    LABEL_MAP,
    LABELS_PLACE,
    LOOKS,
    PHOTO_PLACE,
    Looks,
    Scenes,
    label_maps,
    looks,
    scenes,
)

SEEDS = TRAIN_SEEDS[:2]


def made():
    """Two scenes whose renders are the numbers of their domains."""
    renders = torch.arange(6, dtype=torch.uint8)[None, :, None, None, None].expand(2, 6, 3, 4, 4)
    classes = torch.zeros(2, 4, 4, dtype=torch.uint8)
    classes[:, :, 3] = LABELS.index("car")
    return renders, classes


def test_a_label_map_is_its_classes_colours_and_odd_items_are_mirrored():
    data = Scenes(*made())
    there, back = data.drawn(LABELS_PLACE, torch.tensor([2, 3]), torch.Generator())
    car = torch.tensor(LEGEND["car"]) / 255
    assert_close(there[:, 0, 3], car)
    assert_close(back[:, 0, 0], car)
    assert LABEL_MAP.channels == len(LABELS) and not LABEL_MAP.many


def test_a_photo_has_any_of_the_looks():
    data = Scenes(*made())
    drawn = data.drawn(PHOTO_PLACE, torch.zeros(100, dtype=torch.long), torch.Generator())
    assert (drawn[:, 0, 0, 0] * 255).round().unique().tolist() == list(range(6))


def test_six_domains_are_those_of_the_demo_world():
    data = Looks(made()[0])
    assert [one.name for one in data.domains][:2] == ["day", "night"] and len(LOOKS) == 6
    drawn = data.drawn(4, torch.tensor([0, 1]), torch.Generator())
    assert_close(drawn, torch.full((2, 3, 4, 4), 4 / 255))


def test_real_renders_show_what_their_label_maps_say(tmp_path):
    data = scenes(SEEDS, 32, 1, tmp_path)
    assert data.count == 4 and len(list(tmp_path.glob("*.npy"))) == 1
    again = looks(SEEDS, 32, 1, tmp_path)
    assert torch.equal(again.renders, data.renders)
    night = data.renders[:, 1].float().mean(dim=1)
    sky = label_maps(SEEDS, 32) == LABELS.index("sky")
    assert sky.any() and night[sky].std() < night[~sky].std()


def test_items_are_the_same_in_both_domains():
    data = Scenes(*made())
    items = torch.tensor([1, 0])
    classes = LABEL_MAP.classes_of(data.drawn(LABELS_PLACE, items, torch.Generator()))
    assert torch.equal(classes[0], data.classes[0].flip(-1).long())
    assert torch.equal(classes[1], data.classes[0].long())
