import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import save_file

from s2st.kit.storage import claim_next, damage_told, read_file, write_file


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "kept.safetensors"
    write_file(path, "thing", {"one": torch.arange(6.0).reshape(2, 3)}, {"steps": 50})
    return path


def test_what_is_written_is_read(written):
    tensors, facts = read_file(written, "thing")
    assert torch.equal(tensors["one"], torch.arange(6.0).reshape(2, 3))
    assert facts == {"steps": 50}


def test_nothing_else_is_left_beside_the_file(written):
    assert [one.name for one in written.parent.iterdir()] == [written.name]


def test_a_truncated_file_is_refused(written):
    contents = written.read_bytes()
    for length in (0, 4, 40, len(contents) - 1):
        written.write_bytes(contents[:length])
        with pytest.raises(ValueError, match="truncated or damaged"):
            read_file(written, "thing")


@pytest.mark.parametrize("facts", ["[]", "5", "{", "[" * 100_000], ids=["list", "5", "cut", "deep"])
def test_facts_that_are_no_names_with_values_are_refused(tmp_path, facts):
    path = tmp_path / "odd.safetensors"
    metadata = {"s2st.kind": "thing", "s2st.version": "1", "s2st.facts": facts}
    save_file({"one": torch.zeros(1)}, path, metadata)
    with pytest.raises(ValueError, match="truncated or damaged"):
        read_file(path, "thing")


@pytest.mark.parametrize("version", ["\u00b2", "one", ""], ids=["superscript", "word", "none"])
def test_a_version_that_is_no_number_is_refused(tmp_path, version):
    path = tmp_path / "odd.safetensors"
    metadata = {"s2st.kind": "thing", "s2st.version": version, "s2st.facts": "{}"}
    save_file({"one": torch.zeros(1)}, path, metadata)
    with pytest.raises(ValueError, match="this S2ST reads up to 1"):
        read_file(path, "thing")


def test_tensors_that_must_be_there_are_named(written):
    with pytest.raises(ValueError, match="lacks two, but a thing file holds one, two: save"):
        read_file(written, "thing", ("one", "two"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_may_be_read_by_whom_the_user_lets(tmp_path, umask):
    path, before = tmp_path / "kept.safetensors", os.umask(umask)
    try:
        write_file(path, "thing", {"one": torch.zeros(1)}, {})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_header_longer_than_any_file_is_refused(written):
    for length in (1 << 20, 1 << 40, (1 << 64) - 1):
        written.write_bytes(length.to_bytes(8, "little") + written.read_bytes()[8:])
        with pytest.raises(ValueError, match="truncated or damaged"):
            read_file(written, "thing")


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "lora.safetensors"
    save_file({"one": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="not written by S2ST"):
        read_file(path, "thing")


def test_a_file_of_another_kind_is_refused(written):
    with pytest.raises(ValueError, match="holds a thing, but a trajectory"):
        read_file(written, "trajectory")


def test_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "new.safetensors"
    metadata = {"s2st.kind": "thing", "s2st.version": "2", "s2st.facts": "{}"}
    save_file({"one": torch.zeros(1)}, path, metadata)
    with pytest.raises(ValueError, match="format version 2, but this S2ST reads up to 1"):
        read_file(path, "thing")


def test_a_failed_write_leaves_the_old_file(written, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_file(written, "thing", {"one": torch.zeros(9)}, {})
    assert len(list(written.parent.iterdir())) == 1
    assert read_file(written, "thing")[1] == {"steps": 50}


def test_a_file_is_not_blamed_where_memory_ran_out(written):
    with pytest.raises(torch.cuda.OutOfMemoryError), damage_told(written, "thing"):
        raise torch.cuda.OutOfMemoryError("Allocation on device")


def test_a_process_killed_while_writing_leaves_the_old_file(written, repository):
    script = (
        "import os, sys, torch; from pathlib import Path; from s2st.kit import storage\n"
        "os.fsync = lambda _: os._exit(9)\n"
        "storage.write_file(Path(sys.argv[1]), 'thing', {'one': torch.zeros(9)}, {})\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(written)], cwd=repository)
    assert killed.returncode == 9
    assert read_file(written, "thing")[1] == {"steps": 50}


def test_saves_at_the_same_moment_get_numbers_of_their_own(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        claimed = list(pool.map(lambda _: claim_next(tmp_path, "[a*]", ".kept"), range(200)))
    assert len(set(claimed)) == 200
    assert sorted(one.name for one in claimed) == [f"[a*]_{n:05}.kept" for n in range(1, 201)]


@pytest.mark.parametrize("stray", ["one_\u00b2.kept", "one_.kept", "one_x.kept", "one_00007.other"])
def test_files_of_others_do_not_count(tmp_path, stray):
    (tmp_path / stray).touch()
    assert claim_next(tmp_path, "one", ".kept").name == "one_00001.kept"


def test_the_number_is_above_every_one_that_is_there(tmp_path):
    for taken in ("one_00002.kept", "ONE_00007.KEPT", "one_2_00009.kept"):
        (tmp_path / taken).touch()
    assert claim_next(tmp_path, "one", ".kept").name == "one_00008.kept"
