"""The bench of folders: a few pictures through its command, with --thorough hundreds."""

import os

import pytest

from bench.many import PAGE, WANTED, Done, Found, Size, body, main, measured, overhead
from s2st.batch.manifest import DONE, Row

GROWTH = 50  # megabytes that an allocator may keep over many pictures
ON_WINDOWS = pytest.mark.skipif(os.name == "nt", reason="Ray is tested where it has signals")


@ON_WINDOWS
@pytest.mark.thorough
def test_both_engines_make_the_same_bits_at_little_cost_and_memory_stays():
    found = measured(Size())
    print(f"\n{body(found, Size().remembered)}")
    assert all(one.same == len(one.rows) for one in found.runs)
    assert found.overhead < WANTED
    assert found.megabytes[-1] < found.megabytes[1] + GROWTH


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


def test_an_engine_s_start_is_no_part_of_what_it_costs():
    short, long = (ran(count, start=9, beside=1.2, same=1) for count in (2, 6))
    assert overhead(short, long) == pytest.approx(1.2)


def test_the_page_says_what_was_reached_and_what_not():
    good, bad = (
        body(Found([ran(6, start=9, beside=cost, same=same)], cost, [1, 2]), 20)
        for cost, same in ((1.05, 1), (1.2, 0))
    )
    assert "the same bits by either engine" in good and "takes 1.05 times" in good
    assert "at most the 1.1 aimed at" in good
    assert "NOT the same" in bad and "more than the 1.1 aimed at" in bad
