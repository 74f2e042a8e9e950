"""Pictures of every kind are read as they look, and what is none is told in a sentence."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from s2st.batch import pictures
from s2st.batch.pictures import Picture, Unreadable, facts_of, opened, png, read, texts_of

GREY = 0.25


def flat(mode, value, **kept):
    return Image.new(mode, (12, 8), value), kept


KINDS = {
    "grey.png": flat("L", 64),
    "deep.png": (Image.fromarray(np.full((8, 12), 16448, dtype=np.uint16)), {}),
    "deep.tif": (Image.fromarray(np.full((8, 12), 16448, dtype=np.uint16)), {}),
    "float.tif": (Image.fromarray(np.full((8, 12), GREY, dtype=np.float32)), {}),
    "colour.png": flat("RGB", (64, 64, 64)),
    "colour.webp": flat("RGB", (64, 64, 64), lossless=True),
    "colour.jpg": flat("RGB", (64, 64, 64), quality=100),
    "print.jpg": flat("CMYK", (0, 0, 0, 191), quality=100),
    "palette.png": (Image.new("RGB", (12, 8), (64, 64, 64)).quantize(2), {}),
    "bits.png": flat("1", 0),
}


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_read_as_it_looks(tmp_path, name):
    image, options = KINDS[name]
    image.save(tmp_path / name, **options)
    picture = read(tmp_path / name)
    assert picture.pixels.shape == (1, 3, 8, 12) and picture.pixels.dtype == torch.float32
    wanted = 0.0 if name == "bits.png" else GREY
    assert picture.pixels.mean() == pytest.approx(wanted, abs=0.01)
    assert picture.alpha is None


def test_deep_colour_is_read_in_full(tmp_path):
    import struct
    import zlib

    row = b"\0" + struct.pack(">6H", 0, 32896, 65535, 65535, 32896, 0)
    chunks = [
        (b"IHDR", struct.pack(">2I5B", 2, 1, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row)),
        (b"IEND", b""),
    ]
    contents = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        told = zlib.crc32(name + data)
        contents += struct.pack(">I", len(data)) + name + data + struct.pack(">I", told)
    (tmp_path / "deep.png").write_bytes(contents)
    first, second = read(tmp_path / "deep.png").pixels[0, :, 0].T.tolist()
    assert first == pytest.approx([0, 0.502, 1], abs=0.003)
    assert second == pytest.approx([1, 0.502, 0], abs=0.003)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_does_not_show_is_white_and_stays_hidden(tmp_path, mode):
    image = Image.new(mode, (12, 8), (0, 0, 0, 255) if mode == "RGBA" else (0, 255))
    image.putpixel((0, 0), (255, 0, 0, 0) if mode == "RGBA" else (0, 0))
    image.save(tmp_path / "a.png")
    picture = read(tmp_path / "a.png")
    assert picture.pixels[0, :, 0, 0].tolist() == [1, 1, 1]
    assert picture.alpha[0, 0] == 0 and int(picture.alpha.sum()) == 255 * (12 * 8 - 1)
    (tmp_path / "b.png").write_bytes(png(picture, {}))
    assert torch.equal(read(tmp_path / "b.png").alpha, picture.alpha)


def test_a_palette_with_a_hidden_colour_has_alpha(tmp_path):
    Image.new("P", (4, 4), 0).save(tmp_path / "a.png", transparency=0)
    assert int(read(tmp_path / "a.png").alpha.max()) == 0


def test_a_turned_camera_is_turned_back(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (12, 8)).save(tmp_path / "a.jpg", exif=exif)
    assert read(tmp_path / "a.jpg").pixels.shape == (1, 3, 12, 8)
    assert opened(tmp_path / "a.jpg").size == (8, 12)


def damaged(path):
    Image.effect_noise((64, 64), 90).convert("RGB").save(path, "PNG")
    return path.read_bytes()


BAD = {
    "empty": (lambda path: path.write_bytes(b""), "is empty, so no picture"),
    "text": (lambda path: path.write_text("no picture"), "cannot be read as a picture"),
    "truncated": (lambda path: path.write_bytes(damaged(path)[:3000]), "truncated"),
    "beheaded": (lambda path: path.write_bytes(damaged(path)[9:]), "cannot be read as a picture"),
    "only a head": (lambda path: path.write_bytes(damaged(path)[:40]), "cannot be read"),
    "torn inside": (
        lambda path: path.write_bytes(damaged(path)[:900] + bytes(400) + damaged(path)[1300:]),
        "cannot be read as a picture",
    ),
    "a circle of links": (lambda path: path.symlink_to(path), "cannot be read as a picture"),
    "a link to nowhere": (
        lambda path: path.symlink_to(path.parent / "gone"),
        "cannot be read as a picture (No such file",
    ),
    "a folder": (lambda path: path.mkdir(), "is no ordinary file"),
    "zip": (lambda path: path.write_bytes(b"PK\3\4" + bytes(60)), "cannot be read as a picture"),
}
if os.name != "nt":
    BAD["a pipe"] = (os.mkfifo, "is no ordinary file")


@pytest.mark.parametrize("what", list(BAD))
def test_what_is_no_picture_is_told_in_a_sentence(tmp_path, what):
    make, words = BAD[what]
    path = tmp_path / "bad.png"
    make(path)
    with pytest.raises(Unreadable) as refused:
        read(path)
    message = str(refused.value)
    assert message.startswith("bad.png ") and words in message
    assert message.endswith(".") and "\n" not in message


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (20_000, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(Unreadable, match="huge.png has 200 megapixels, but at most 50 are taken"):
        read(tmp_path / "huge.png")
    assert Image.MAX_IMAGE_PIXELS  # Pillow's own limit is as it was


def test_texts_stay_in_a_picture_whatever_they_are_written_in(tmp_path):
    texts = {"parameters": "a street\nSteps: 7", "s2st": '{"id": "\u043d\u043e\u0447\u044c"}'}
    picture = Picture(torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(0)))
    (tmp_path / "a.png").write_bytes(png(picture, texts))
    assert texts_of(tmp_path / "a.png") == texts
    assert facts_of(tmp_path / "a.png") == {"id": "\u043d\u043e\u0447\u044c"}
    torch.testing.assert_close(
        read(tmp_path / "a.png").pixels, picture.pixels, atol=1 / 509, rtol=0
    )


def test_others_pictures_have_no_facts_of_ours(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("s2st")
    strange = Picture(torch.zeros(1, 3, 2, 2))
    (tmp_path / "c.png").write_bytes(png(strange, {pictures.CHUNK: "[1"}))
    (tmp_path / "d.png").write_bytes(png(strange, {pictures.CHUNK: "[1]"}))
    assert [facts_of(tmp_path / f"{name}.png") for name in "abcde"] == [{}] * 5
