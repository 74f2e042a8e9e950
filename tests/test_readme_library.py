"""The README's lines of Python, run one block after the other as a reader would."""

import re
import subprocess
import sys

BLOCKS = re.compile(r"^```python$(.*?)^```$", re.MULTILINE | re.DOTALL)
# Added to them: how far the picture and each result are from the same scene drawn at night.
COMPARE = """
night = drawn(3_000_200, "night")
for shown in (picture, translated, sharp, by_the_paper):
    print((shown - night).square().mean().item())
"""


def test_every_block_of_the_library_section_brings_the_day_to_the_night(repository):
    page = (repository / "README.md").read_text(encoding="utf-8")
    blocks = BLOCKS.findall(page.split("\n## Library\n")[1].split("\n## ")[0])
    assert len(blocks) == 2
    program = "\n".join([*blocks, COMPARE])
    line = [sys.executable, "-c", program]
    run = subprocess.run(line, cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    day, *results = map(float, run.stdout.split())
    assert all(result < 0.2 * day for result in results)
