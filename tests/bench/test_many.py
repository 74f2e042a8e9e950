"""The bench of folders: a few pictures through its command, with --thorough hundreds."""

import os

import pytest

from bench.many import PAGE, WANTED, Done, Size, body, main, measured, overhead
from s2st.batch.manifest import DONE, Row

GROWTH = 50  # megabytes that an allocator may keep over many pictures
ON_WINDOWS = pytest.mark.skipif(os.name == "nt", reason="Ray is tested where it has signals")


@ON_WINDOWS
@pytest.mark.thorough
def test_both_engines_make_the_same_bits_at_little_cost_and_memory_stays():
    lines, megabytes = measured(Size())
    print(f"\n{body(lines, megabytes, Size().remembered)}")
    assert all(one.same == len(one.rows) for one in lines)
    assert overhead(lines[-3], lines[-1]) < WANTED
    assert megabytes[-1] < megabytes[1] + GROWTH


@ON_WINDOWS
def test_the_command_writes_its_part_of_the_page(tmp_path):
    (tmp_path / PAGE).write_text("before <!-- many: begin --> old <!-- many: end --> after")
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert page.startswith("before") and page.endswith("after") and "old" not in page
    assert ": the same bits by either engine" in page
    assert "| Ray, 2 workers |" in page and "| Ray, 1 worker |" in page


def ran(count, start, beside, same):
    """A run of so many pictures that take a second each."""
    rows = [Row(id=str(number), status=DONE, seconds=1.0, hash="x") for number in range(count)]
    return Done("Ray, 1 worker", rows, start + beside * count, same * count)


def test_the_page_says_what_was_reached_and_what_not():
    good, bad = (
        body([ran(2, 9, times, same), ran(6, 9, 1, 1), ran(6, 9, times, same)], [1, 2], 20)
        for times, same in ((1.05, 1), (1.2, 0))
    )
    assert "the same bits by either engine" in good and "takes 1.05 times" in good
    assert "at most the 1.1 aimed at" in good
    assert "NOT the same" in bad and "more than the 1.1 aimed at" in bad
