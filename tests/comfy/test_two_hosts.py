"""One set of demo weights in two hosts: diffusers and ComfyUI's own classes agree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.comfyui import OLD_RELEASE, find, obtain

LIMIT = 1e-3
PROGRAM = Path(__file__).parent / "two_hosts.py"


@pytest.mark.parametrize("tree", [find, lambda: obtain(OLD_RELEASE)], ids=["new core", "old core"])
def test_text_estimates_and_pictures_agree(repository, tree):
    run = subprocess.run(
        [sys.executable, str(PROGRAM), str(tree()), str(repository)],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    differences = json.loads(run.stdout.splitlines()[-1])
    assert set(differences) == {
        "text",
        "encoded",
        "decoded",
        "estimate 1",
        "estimate 200",
        "estimate 981",
    }
    assert max(differences.values()) < LIMIT, differences
