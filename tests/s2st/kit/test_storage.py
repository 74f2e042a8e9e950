import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from s2st.kit.storage import read_file, write_file


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


def test_a_process_killed_while_writing_leaves_the_old_file(written, repository):
    script = (
        "import os, sys, torch; from pathlib import Path; from s2st.kit import storage\n"
        "os.fsync = lambda _: os._exit(9)\n"
        "storage.write_file(Path(sys.argv[1]), 'thing', {'one': torch.zeros(9)}, {})\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(written)], cwd=repository)
    assert killed.returncode == 9
    assert read_file(written, "thing")[1] == {"steps": 50}
