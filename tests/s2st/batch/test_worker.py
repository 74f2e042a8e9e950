"""One item, from its file to its result and its row."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from s2st.batch.items import Item
from s2st.batch.job import mark_of_file
from s2st.batch.manifest import DONE, FAILED
from s2st.batch.pictures import facts_of, read, texts_of
from s2st.batch.worker import Worker, is_done, sentence


@pytest.fixture
def worker(work, parts):
    return Worker(work, parts)


def test_a_result_tells_how_it_came_about(worker, items, job):
    row = worker(items[0])
    target = items[0].target
    assert (row.status, row.message) == (DONE, "") and row.seconds > 0
    assert row.hash == mark_of_file(target)
    parameters = texts_of(target)["parameters"].splitlines()
    assert parameters[:2] == ["a street at night", "Negative prompt: "]
    assert parameters[2].startswith("Steps: 2, Sampler: S2ST difference path, CFG scale: 2, Seed:")
    assert "Size: 32x32, Model: demo" in parameters[2]
    facts = facts_of(target)
    assert facts["id"] == items[0].id and facts["fingerprint"] == job.fingerprint
    assert facts["job"] == job.facts


def test_what_is_done_is_left_alone(worker, items):
    first = worker(items[0])
    touched = items[0].target.stat().st_mtime_ns
    again = worker(items[0])
    assert items[0].target.stat().st_mtime_ns == touched
    assert (again.status, again.hash) == (DONE, first.hash)


def test_another_jobs_or_pictures_result_is_not_this_ones(worker, items, job):
    worker(items[0])
    assert is_done(items[0], job.fingerprint)
    assert not is_done(items[0], replace(job, target="fog").fingerprint)
    assert not is_done(replace(items[1], target=items[0].target), job.fingerprint)
    assert not is_done(items[1], job.fingerprint)


def test_the_same_picture_gives_the_same_bits_whatever_was_before(work, parts, items):
    first, later = Worker(work, parts), Worker(work, parts)
    one = first(items[2]).hash
    items[2].target.unlink()
    later(items[0])
    assert later(items[2]).hash == one


def test_alpha_is_kept(worker, tmp_path, draw):
    image = draw(5)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(tmp_path / "a.png")
    item = Item("a.png", tmp_path / "a.png", tmp_path / "out" / "a.png")
    assert worker(item).status == DONE
    assert torch.equal(read(item.target).alpha, read(item.source).alpha)


def test_a_bad_picture_is_a_row_and_no_end(worker, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"")
    row = worker(Item("bad.png", tmp_path / "bad.png", tmp_path / "out" / "bad.png"))
    assert row.status == FAILED and row.message.startswith("bad.png is empty")
    assert not (tmp_path / "out").exists()


def test_a_result_that_cannot_be_written_is_a_row(worker, items, tmp_path):
    (tmp_path / "occupied").write_text("a file")
    row = worker(replace(items[0], target=tmp_path / "occupied" / "a.png"))
    assert row.status == FAILED and row.message and "\n" not in row.message


def test_a_worker_with_another_model_or_look_is_refused(work, parts, job):
    for name, change in (("model", {"model_mark": "x"}), ("look", {"look_mark": "x"})):
        with pytest.raises(ValueError, match=f"The {name} here is not the one that the job was"):
            Worker(replace(work, job=replace(job, **change)), parts)


def test_errors_are_one_sentence():
    assert sentence(ValueError("a\n  b")) == "a b"
    assert sentence(KeyError("a")) == "KeyError: 'a'"
    assert "lower --megapixels" in sentence(torch.OutOfMemoryError("CUDA out of memory"))
