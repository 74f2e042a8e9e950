import subprocess
import sys


def test_the_package_is_a_program(repository):
    line = [sys.executable, "-m", "s2st", "--help"]
    run = subprocess.run(line, cwd=repository, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("usage: s2st") and "calibrate" in run.stdout
