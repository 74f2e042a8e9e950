"""Ray's actors make the same bits as this process, whatever is killed."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from demo_world import TUNING_SEEDS
from s2st.batch.items import items_of
from s2st.batch.manifest import DONE, FAILED, Manifest
from s2st.batch.ray_engine import RayEngine
from s2st.batch.run import local, manifest_of, translate_all

pytestmark = pytest.mark.skipif(os.name == "nt", reason="killed by signals that Windows lacks")


@pytest.fixture
def many(folder, out, draw, thorough):
    """More pictures, one of them with a name that is no valid text, and a bad one."""
    for number in range(400 if thorough else 3):
        draw(TUNING_SEEDS[number + 5]).save(folder / f"many{number}.png")
    (folder / "bad.png").write_bytes(b"")
    if sys.platform == "linux":
        draw(TUNING_SEEDS[3]).save(
            os.path.join(os.fsencode(folder), b"odd\xff.png").decode("utf-8", "surrogateescape")
        )
    return items_of(folder, out)


def actors():
    """Processes of Ray's workers that translate."""
    below = psutil.Process().children(recursive=True)
    return [one for one in below if "MapWorker" in " ".join(one.cmdline())]


def hashes(rows):
    return {row.id: (row.status, row.hash) for row in rows}


def test_a_worker_killed_in_mid_run_changes_nothing(work, parts, many, out):
    out.mkdir()
    manifest = Manifest(manifest_of(out))
    alone = translate_all(work, many, manifest, lambda w, left: local(w, left, parts))
    for one in many:
        one.target.unlink(missing_ok=True)
    manifest_of(out).unlink()
    killed = []

    def killing(row, new):
        if new and not killed:
            (victim, *_) = actors()
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)

    engine = RayEngine(workers=2)
    rows = translate_all(work, many, Manifest(manifest_of(out)), engine, on_row=killing)
    assert killed
    assert hashes(rows) == hashes(alone)
    assert [row.id for row in rows if row.status == FAILED] == ["bad.png"]
    assert sum(row.status == DONE for row in rows) == len(many) - 1


@pytest.mark.thorough
def test_a_driver_killed_in_mid_run_is_followed_by_another(
    work, parts, many, folder, out, look, tmp_path
):
    line = [sys.executable, "-m", "s2st", "translate", "--engine", "ray", "--threads", "1"]
    line += ["--source", folder, "--out", out, "--look", look, "--prompt", "a street by day"]
    line += ["--steps", "2", "--iterations", "1", "--first-draws", "1", "--guided", "0"]
    driver = subprocess.Popen(line)
    while not any(one.target.exists() for one in many):
        assert driver.poll() is None
        time.sleep(0.1)
    driver.kill()
    driver.wait()
    assert not all(one.target.exists() for one in many)
    subprocess.run(line, check=False)
    found = hashes(Manifest(manifest_of(out)).rows.values())
    for one in many:
        one.target.unlink(missing_ok=True)
    alone = Manifest(manifest_of(tmp_path))
    rows = translate_all(work, many, alone, lambda w, left: local(w, left, parts))
    assert found == hashes(rows)


def test_nothing_to_do_starts_nothing(work):
    assert list(RayEngine(workers=2)(work, [])) == []


@pytest.mark.parametrize(
    ("workers", "gpus", "processors", "asked"),
    [(2, 0.0, 2.0, 0.8), (4, 0.0, 2.0, 0.4), (2, 0.0, 16.0, 6.0), (2, 1.0, 16.0, 0.5)],
)
def test_workers_leave_processors_to_who_reads_and_schedules(workers, gpus, processors, asked):
    engine = RayEngine(workers=workers, gpus=gpus)
    assert engine._cpus(processors) == pytest.approx(asked)
