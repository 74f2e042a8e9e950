"""A whole job: once, again, after failures, and after kills at any moment."""

import json
import multiprocessing
import os
import random
import signal
import time
from dataclasses import replace

import pytest

from s2st.batch.items import items_of, shard
from s2st.batch.job import mark_of_file
from s2st.batch.manifest import DONE, FAILED, Manifest
from s2st.batch.pictures import read
from s2st.batch.run import LEFT, local, manifest_of, swept, translate_all


@pytest.fixture
def run(work, parts, out):
    """run(items): all rows, told or not by an engine that counts what it is given."""

    def translated(items, **options):
        asked = []

        def engine(work, left):
            asked.extend(one.id for one in left)
            return local(work, left, parts)

        out.mkdir(exist_ok=True)
        rows = translate_all(work, items, Manifest(manifest_of(out)), engine, **options)
        return rows, asked

    return translated


def hashes(rows):
    return {row.id: row.hash for row in rows}


def test_everything_is_done_once(run, items, out):
    rows, asked = run(items)
    assert [row.status for row in rows] == [DONE] * 3 and asked == [one.id for one in items]
    again, asked = run(items)
    assert asked == [] and again == rows
    assert len((out / "manifest.jsonl").read_text().splitlines()) == 3


def test_what_is_missing_is_made_again_bit_for_bit(run, items):
    before, _ = run(items)
    items[2].target.unlink()
    after, asked = run(items)
    assert asked == [items[2].id] and hashes(after) == hashes(before)


def test_a_lost_manifest_is_found_again_from_the_results(run, items, out):
    before, _ = run(items)
    manifest_of(out).unlink()
    after, asked = run(items)
    assert asked == [] and hashes(after) == hashes(before)


def test_failures_are_kept_and_tried_again_only_where_asked_for(run, items):
    contents = items[1].source.read_bytes()
    items[1].source.write_bytes(b"")
    rows, _ = run(items)
    assert [row.status for row in rows].count(FAILED) == 1
    items[1].source.write_bytes(contents)
    rows, asked = run(items)
    assert asked == [] and rows[1].status == FAILED
    rows, asked = run(items, retry_failed=True)
    assert asked == [items[1].id] and {row.status for row in rows} == {DONE}


def test_what_cannot_be_tried_is_a_row_too(run, items):
    told = []
    rows, asked = run(
        [replace(items[0], problem="No."), items[1]],
        on_row=lambda row, new: told.append((row.id, new)),
    )
    assert asked == [items[1].id]
    assert [(row.status, row.message) for row in rows] == [(FAILED, "No."), (DONE, "")]
    assert told == [(items[0].id, False), (items[1].id, True)]


def test_parts_of_a_job_make_the_same_pictures(run, work, parts, items, out):
    whole, _ = run(items)
    for one in items:
        one.target.unlink()
    found = {}
    for number in (1, 2):
        manifest = Manifest(manifest_of(out, (number, 2)))
        rows = translate_all(
            work, shard(items, number, 2), manifest, lambda w, left: local(w, left, parts)
        )
        found |= hashes(rows)
    assert found == hashes(whole)
    assert (out / "manifest-1-of-2.jsonl").is_file()


def test_only_old_halves_are_swept_away(out):
    (out / "a").mkdir(parents=True)
    old, new = out / "a" / ".0f.partial", out / ".1f.partial"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 2 * LEFT,) * 2)
    assert swept(out) == 1
    assert new.exists() and not old.exists()


def killed_after(seconds, work, parts, items, out):
    """A run in a process of its own, killed with no chance to tidy up; whether it was too late."""

    def translated():
        manifest = Manifest(manifest_of(out))
        translate_all(work, items, manifest, lambda w, left: local(w, left, parts))

    process = multiprocessing.get_context("fork").Process(target=translated)
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no fork and no SIGKILL")
def test_killed_at_any_moment_nothing_is_lost_doubled_or_half_written(
    run, work, parts, folder, items, out, thorough, tmp_path
):
    wanted, _ = run(items)
    for one in items:
        one.target.unlink()
    manifest_of(out).unlink()
    moments, kills = random.Random(1), 0
    most = 20 if thorough else 3
    while kills < most:
        if killed_after(moments.uniform(0.02, 0.4), work, parts, items, out):
            for one in items:  # too fast to be killed often enough: begin anew
                one.target.unlink()
            continue
        kills += 1
        for one in items:
            if one.target.exists():
                assert mark_of_file(one.target) == hashes(wanted)[one.id]
    rows, _ = run(items)
    assert hashes(rows) == hashes(wanted)
    lines = manifest_of(out).read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == sorted(hashes(wanted))
    found = sorted(one.relative_to(out).as_posix() for one in out.rglob("*.png"))
    assert found == sorted(one.target.relative_to(out).as_posix() for one in items)


def test_one_bad_picture_of_any_kind_stops_no_other(run, folder, out, draw):
    bad = {
        "empty.png": lambda path: path.write_bytes(b""),
        "text.jpg": lambda path: path.write_text("no picture"),
        "half.png": lambda path: path.write_bytes((folder / "1.png").read_bytes()[:300]),
        "noise.webp": lambda path: path.write_bytes(random.Random(0).randbytes(999)),
        "nowhere.png": lambda path: path.symlink_to(folder / "gone"),
        "itself.png": lambda path: path.symlink_to(path),
        "circle": lambda path: path.symlink_to(folder),
        "CASE.png": lambda path: draw(8).save(path),
        "case.png": lambda path: draw(9).save(path),
        "more/huge.png": lambda path: draw(8).convert("1").resize((9000, 6000)).save(path),
    }
    if os.name != "nt":
        bad["pipe.png"] = os.mkfifo
    good = {
        "\u591c\u8857.png": lambda path: draw(7).save(path),
        "cafe\u0301 \U0001f303.webp": lambda path: draw(6).save(path),
        'quote\'s "name".jpg': lambda path: draw(6).save(path),
        "-1.png": lambda path: draw(6).save(path),
        "line\nbreak.png": lambda path: draw(6).save(path),
        "tiny.png": lambda path: draw(6).resize((1, 1)).save(path),
        "thin.png": lambda path: draw(6).resize((70, 2)).save(path),
        "no ending.PNG": lambda path: draw(6).save(path, "PNG"),
        "misnamed.jpg": lambda path: draw(6).save(path, "PNG"),
    }
    for name, make in (bad | good).items():
        make(folder / name)
    items = items_of(folder, out)
    rows, _ = run(items)
    failed = {row.id: row.message for row in rows if row.status == FAILED}
    assert set(failed) == set(bad) - {"CASE.png"}
    assert all(one.endswith(".") and "\n" not in one for one in failed.values())
    done = {item.id for item, row in zip(items, rows, strict=True) if row.status == DONE}
    assert done >= set(good) and len(done) == len(good) + 3 + 1
    for item, row in zip(items, rows, strict=True):
        if row.status == DONE:
            assert read(item.target).pixels.shape == read(item.source).pixels.shape
    again, asked = run(items)
    assert asked == [] and again == rows
