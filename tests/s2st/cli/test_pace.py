import io

import pytest

from s2st.cli.pace import Pace, duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (61, "1 min 01 s"),
        (3600, "1 h 00 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations_are_told_in_the_units_that_matter(seconds, told):
    assert duration(seconds) == told


def test_speed_and_time_left_count_what_is_new():
    pace = Pace(20, io.StringIO())
    for _ in range(10):
        pace.count(failed=False, new=False)
    assert pace.line(5.0) == "10 of 20"
    for number in range(4):
        pace.count(failed=number == 0, new=True)
    assert pace.line(2.0) == "14 of 20, 2.00 pictures/s, 3 s left, 1 failed"


def test_where_nothing_can_be_drawn_over_lines_are_few():
    stream = io.StringIO()
    pace = Pace(1000, stream)
    for _ in range(1000):
        pace.count(failed=False, new=True)
    assert stream.getvalue().count("\n") == 1 and "1000 of 1000" in stream.getvalue()


def test_lines_are_told_as_often_as_asked_for():
    stream = io.StringIO()
    pace = Pace(3, stream, every=0.0)
    for _ in range(3):
        pace.count(failed=False, new=True)
    assert stream.getvalue().count("\n") == 3
