"""Rows survive a kill, and each picture has one."""

import json

import pytest

from s2st.batch.manifest import DONE, FAILED, Manifest, Row

ONE = Row(id="a.png", status=DONE, seconds=1.5, hash="ab")
OTHER = Row(id="b/\udcff.png", status=FAILED, message="no picture \u591c")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "manifest.jsonl"


def test_what_is_added_is_read_again(path):
    with Manifest(path) as manifest:
        manifest.add(OTHER)
        manifest.add(ONE)
    assert Manifest(path).rows == {"a.png": ONE, OTHER.id: OTHER}
    lines = path.read_text(encoding="ascii").splitlines()
    assert [json.loads(one)["id"] for one in lines] == ["a.png", OTHER.id]


def test_a_row_is_on_the_disk_once_it_is_added(path):
    with Manifest(path) as manifest:
        manifest.add(ONE)
        assert Manifest(path).rows == {"a.png": ONE}


def test_the_last_row_of_a_picture_counts_and_is_the_only_one_left(path):
    with Manifest(path) as manifest:
        manifest.add(Row(id="a.png", status=FAILED))
        manifest.add(ONE)
    assert path.read_text().count("\n") == 1 and Manifest(path).rows == {"a.png": ONE}


@pytest.mark.parametrize("torn", ['{"id": "c.p', '{"id": 1', "[]", '{"strange": 1}', "\0\0\0"])
def test_a_torn_line_loses_itself_alone(path, torn):
    with Manifest(path) as manifest:
        manifest.add(ONE)
    with open(path, "a") as file:
        file.write(torn)
    with Manifest(path) as manifest:
        manifest.add(OTHER)
    assert Manifest(path).rows == {"a.png": ONE, OTHER.id: OTHER}
    assert path.read_text().count("\n") == 2


def test_pictures_that_are_gone_are_forgotten(path):
    with Manifest(path) as manifest:
        manifest.add(ONE)
        manifest.add(OTHER)
    again = Manifest(path)
    again.keep_only(["a.png", "new.png"])
    with again:
        assert Manifest(path).rows == {"a.png": ONE}
