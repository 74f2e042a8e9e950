import pytest
import torch
from PIL import Image

from s2st.cli.pictures import opened, pictures_at, read, working_size


@pytest.fixture
def folder(tmp_path):
    for number in range(6):
        Image.new("RGB", (40, 30), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_folder_gives_its_pictures_from_the_first_to_the_last(folder):
    assert [one.name for one in pictures_at(folder, 3)] == ["0.png", "2.png", "5.png"]
    assert len(pictures_at(folder, 9)) == 6
    assert pictures_at(folder / "3.png", 2) == [folder / "3.png"]


def test_a_folder_without_pictures_and_a_wrong_name_are_refused(folder):
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="empty holds no picture, but at least 1"):
        pictures_at(folder / "empty", 3)
    with pytest.raises(ValueError, match="nowhere does not exist: name a picture"):
        pictures_at(folder / "nowhere", 3)


def test_pictures_come_to_one_size_without_being_squashed(folder):
    whole = Image.new("RGB", (80, 30), (255, 0, 0))
    whole.paste((0, 0, 255), (20, 0, 60, 30))  # the middle is blue
    whole.save(folder / "wide.png")
    values = read([folder / "1.png", folder / "wide.png"], (40, 32))
    assert values.shape == (2, 3, 32, 40)
    assert values[0].mean((1, 2)).tolist() == pytest.approx([40 / 255, 0, 0], abs=0.01)
    assert values[1, 2].mean() > 0.9  # what is cropped are the red sides


def test_a_picture_is_the_right_way_up(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # a camera that was turned
    Image.new("RGB", (40, 30)).save(folder / "turned.jpg", exif=exif)
    assert opened(folder / "turned.jpg").size == (30, 40)


def test_what_is_no_picture_is_refused_by_name(folder):
    broken = folder / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(ValueError, match="broken.png cannot be read as a picture"):
        opened(broken)
    broken.write_bytes((folder / "5.png").read_bytes()[:60])
    with pytest.raises(ValueError, match="broken.png cannot be read as a picture"):
        opened(broken)


def test_the_working_size_is_whole_latents_and_no_larger_than_asked():
    assert working_size((1920, 1080), 0.25, 8) == (664, 368)
    assert working_size((101, 67), 0.25, 8) == (96, 64)
    assert working_size((3, 3), 0.25, 8) == (8, 8)


def test_values_are_between_0_and_1(folder):
    values = read([folder / "5.png"], (40, 30))
    assert values.dtype == torch.float32 and values.min() >= 0 and values.max() <= 1
