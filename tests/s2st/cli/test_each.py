"""What is written for each picture is written once, and a bad one stops no other."""

import argparse
import json

import pytest
from PIL import Image

from s2st.batch.manifest import DONE, FAILED
from s2st.cli.each import add_options, items_for, run_each

FACTS = {"prompt": "day"}


@pytest.fixture
def read(tmp_path):
    """read("--limit 1"): options for a folder of three pictures, of which one is empty."""
    (tmp_path / "source" / "a").mkdir(parents=True)
    for name in ("a/0.png", "1.jpg"):
        Image.new("RGB", (4, 4)).save(tmp_path / "source" / name)
    (tmp_path / "source" / "bad.png").touch()

    def parsed(line=""):
        parser = argparse.ArgumentParser()
        add_options(parser, "pictures")
        folders = [f"--{name}={tmp_path / name}" for name in ("source", "out")]
        return parser.parse_args([*folders, *line.split()])

    return parsed


def run(given, facts=FACTS):
    asked = []

    def write(item):
        asked.append(item.id)
        contents = item.source.read_bytes()
        if not contents:
            raise ValueError("It is empty.")
        item.target.write_bytes(contents)

    rows = run_each(items_for(given, ".copy"), given, facts, write)
    return asked, {row.id: (row.status, row.message) for row in rows}


def test_everything_is_written_once(read, tmp_path):
    wanted = {"1.jpg": (DONE, ""), "a/0.png": (DONE, ""), "bad.png": (FAILED, "It is empty.")}
    assert run(read()) == (["1.jpg", "a/0.png", "bad.png"], wanted)
    assert run(read()) == ([], wanted)
    assert run(read("--retry-failed")) == (["bad.png"], wanted)
    (tmp_path / "out" / "a" / "0.copy").unlink()
    assert run(read()) == (["a/0.png"], wanted)
    lines = (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()
    assert len([json.loads(one) for one in lines]) == 3


def test_other_facts_in_the_same_folder_are_refused(read):
    run(read())
    with pytest.raises(ValueError, match="results of another job .prompt 'day', here 'night'."):
        run(read(), {"prompt": "night"})


def test_a_limit_takes_the_first(read):
    assert run(read("--limit 1"))[0] == ["1.jpg"]
    with pytest.raises(ValueError, match="--limit is 0, but at least 1"):
        run(read("--limit 0"))
