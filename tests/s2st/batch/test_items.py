"""The pictures of a folder: all of them, once, each with a result of its own."""

import hashlib
import os
import sys

import pytest

from s2st.batch.items import Item, items_of, number_of, shard


@pytest.fixture
def made(tmp_path):
    """made("a.png", "b/c.jpg"): these files below a source folder."""

    def make(*names):
        for name in names:
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        return tmp_path / "source", tmp_path / "out"

    return make


def results(items, out):
    return {one.id: one.target.relative_to(out).as_posix() for one in items if not one.problem}


def test_folders_and_names_are_kept(made):
    source, out = made("b/c.JPG", "a.png", "notes.txt", "b/d/e.webp")
    found = items_of(source, out)
    assert results(found, out) == {
        "a.png": "a.png",
        "b/c.JPG": "b/c.png",
        "b/d/e.webp": "b/d/e.png",
    }
    assert [one.id for one in found] == sorted(one.id for one in found)


def test_names_in_other_scripts_are_kept(made):
    names = [
        "\u591c/\u8857.png",
        "\u043d\u043e\u0447\u044c.jpg",
        "caf\u00e9 \U0001f303.webp",
        "a b'c\".png",
    ]
    source, out = made(*names)
    assert sorted(one.id for one in items_of(source, out)) == sorted(names)


def test_pictures_of_one_name_keep_their_endings(made):
    source, out = made("a.jpg", "a.png", "b.png")
    assert results(items_of(source, out), out) == {
        "a.jpg": "a.jpg.png",
        "a.png": "a.png.png",
        "b.png": "b.png",
    }


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their files ignore case")
def test_names_that_differ_in_case_alone_are_told(made):
    source, out = made("A.png", "a.png", "b.png")
    found = items_of(source, out)
    (refused,) = [one for one in found if one.problem]
    assert refused.id == "a.png"
    assert refused.problem.startswith("a.png and A.png would have results whose names are one")
    assert results(found, out) == {"A.png": "A.png.png", "b.png": "b.png"}


def test_links_to_folders_are_followed_but_in_no_circle(made, tmp_path):
    source, out = made("a.png", "b/c.png")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "d.png").write_bytes(b"x")
    (source / "linked").symlink_to(tmp_path / "elsewhere")
    (source / "b" / "round").symlink_to(source)
    found = items_of(source, out)
    assert set(results(found, out)) == {"a.png", "b/c.png", "linked/d.png"}
    (circle,) = [one for one in found if one.problem]
    assert circle.id == "b/round" and "leads back to a folder above it" in circle.problem


def test_results_below_the_source_are_no_sources(made):
    source, _ = made("a.png", "out/a.png")
    assert [one.id for one in items_of(source, source / "out")] == ["a.png"]


def test_results_among_the_pictures_are_refused(made):
    source, _ = made("a.png")
    with pytest.raises(ValueError, match="which is the source folder, but results must not lie"):
        items_of(source, source)


def test_a_single_picture_is_a_folder_of_one(made):
    source, out = made("a.jpg")
    assert items_of(source / "a.jpg", out) == [Item("a.jpg", source / "a.jpg", out / "a.png")]


def test_nothing_to_do_is_refused(made, tmp_path):
    source, out = made("notes.txt")
    with pytest.raises(ValueError, match="holds no picture, but at least 1 is needed"):
        items_of(source, out)
    with pytest.raises(ValueError, match="gone does not exist"):
        items_of(tmp_path / "gone", out)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is hidden from root")
def test_a_folder_that_may_not_be_read_is_told(made):
    source, out = made("a.png", "b/c.png")
    (source / "b").chmod(0)
    try:
        (refused,) = [one for one in items_of(source, out) if one.problem]
    finally:
        (source / "b").chmod(0o700)
    assert refused.problem == "The folder cannot be read (Permission denied)."


def test_parts_of_a_job_are_all_of_it_and_share_nothing(made):
    source, out = made(*(f"{number}.png" for number in range(40)))
    whole = items_of(source, out)
    parts = [shard(whole, number, 3) for number in (1, 2, 3)]
    assert sorted(one.id for part in parts for one in part) == sorted(one.id for one in whole)
    assert all(len(part) > 5 for part in parts)
    assert shard([*whole[:-1]], 2, 3) == [one for one in parts[1] if one is not whole[-1]]


def test_a_pictures_number_is_its_own_on_every_machine():
    assert number_of("a/b.png") == int(hashlib.sha256(b"a/b.png").hexdigest()[:12], 16)
    assert number_of("a/b.png") != number_of("a/c.png")
    assert number_of("\udcff.png") >= 0  # a name that is no text
