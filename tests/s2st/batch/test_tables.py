"""Parquet in, parquet out: a table is one item."""

import json
from dataclasses import replace
from io import BytesIO

import pyarrow
import pytest
import torch
from pyarrow import parquet

from demo_world import TUNING_SEEDS
from s2st.batch.items import PICTURES_AND_TABLES, items_of
from s2st.batch.manifest import DONE, FAILED
from s2st.batch.pictures import facts_of, read, read_bytes
from s2st.batch.tables import facts_of_table
from s2st.batch.worker import Worker, facts_in, is_done


@pytest.fixture
def worker(work, parts):
    return Worker(work, parts)


def file_of(image) -> bytes:
    contents = BytesIO()
    image.save(contents, "PNG")
    return contents.getvalue()


@pytest.fixture
def table(tmp_path, draw):
    """table(rows, **columns): the only item of a folder."""

    def written(**columns):
        folder = tmp_path / "tables"
        folder.mkdir()
        parquet.write_table(pyarrow.table(columns), folder / "streets.parquet")
        (item,) = items_of(folder, tmp_path / "out", PICTURES_AND_TABLES)
        return item

    return written


@pytest.fixture
def pictures(draw):
    return [file_of(draw(number)) for number in TUNING_SEEDS[:2]]


def test_every_row_is_what_the_picture_alone_would_be(worker, table, pictures, tmp_path, items):
    item = table(id=["one", "more/0.png"], image=pictures)
    assert item.target == tmp_path / "out" / "streets.parquet"
    row = worker(item)
    assert (row.status, row.message) == (DONE, "")
    made = parquet.read_table(item.target).to_pylist()
    assert [(one["id"], one["status"], one["message"]) for one in made] == [
        ("one", "done", ""),
        ("more/0.png", "done", ""),
    ]
    alone = replace(items[1], id="one")  # the first picture of the table, as a file
    alone.source.write_bytes(pictures[0])
    worker(alone)
    assert torch.equal(read_bytes(made[0]["image"], "one").pixels, read(alone.target).pixels)


def test_a_bad_picture_is_a_row_and_the_others_are_done(worker, table, pictures):
    item = table(image=[pictures[0], b"", None, b"no picture"])
    row = worker(item)
    assert row.status == DONE
    assert row.message == "3 of 4 pictures failed; the table tells which."
    made = parquet.read_table(item.target).to_pylist()
    assert [one["status"] for one in made] == ["done", "failed", "failed", "failed"]
    assert [one["id"] for one in made] == ["0", "1", "2", "3"]
    assert made[1]["message"] == "1 is empty, so no picture can be read from it."
    assert made[3]["message"].startswith("3 cannot be read as a picture")
    assert made[3]["image"] is None


def test_a_struct_with_bytes_is_a_picture(worker, table, pictures):
    kept = [{"bytes": one, "path": f"{number}.png"} for number, one in enumerate(pictures)]
    assert worker(table(image=kept)).message == ""


def test_a_table_is_known_by_its_job_and_name(worker, table, pictures, job, tmp_path):
    item = table(image=pictures)
    worker(item)
    assert is_done(item, job.fingerprint)
    assert not is_done(item, replace(job, target="fog").fingerprint)
    assert not is_done(replace(item, id="other.parquet"), job.fingerprint)
    assert facts_in(item.target)["job"] == job.facts
    assert facts_of_table(item.source) == b"" and facts_in(item.source) == {}
    touched = item.target.stat().st_mtime_ns
    assert worker(item).status == DONE and item.target.stat().st_mtime_ns == touched


def test_what_is_no_such_table_is_told_in_a_sentence(worker, table, pictures):
    item = table(picture=pictures, name=["a", "b"])
    row = worker(item)
    assert row.status == FAILED
    assert row.message == (
        "streets.parquet has the columns picture, name, but pictures are looked for in 'image': "
        "rename the column that holds them."
    )
    item.source.write_bytes(b"PAR1 and no more")
    row = worker(item)
    assert row.message == "streets.parquet cannot be read as a parquet file: write it anew."
    assert not item.target.exists() and not list(item.target.parent.glob(".*"))


def test_a_pictures_own_text_names_its_row(worker, table, pictures, tmp_path):
    item = table(id=["one", "two"], image=pictures)
    worker(item)
    path = tmp_path / "two.png"
    path.write_bytes(parquet.read_table(item.target).to_pylist()[1]["image"])
    assert facts_of(path)["id"] == "two"


def test_only_who_asks_for_tables_gets_them(table, pictures, tmp_path):
    item = table(image=pictures)
    with pytest.raises(ValueError, match="holds no picture"):
        items_of(item.source.parent, tmp_path / "out")
    assert json.dumps(item.id) == '"streets.parquet"'
