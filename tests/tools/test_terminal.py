"""The demo's bars, fed with the events that ComfyUI sends."""

import io

from tools.terminal import StageBars


class Terminal(io.StringIO):
    def isatty(self):
        return True


def play(stream):
    bars = StageBars({"3": "inversion", "5": "sampling"}, stream)
    bars.listen("executing", {"node": "1"})
    bars.listen("executing", {"node": "3"})
    for value in (1, 2, 3, 4):
        bars.listen("progress", {"node": "3", "value": value, "max": 4})
    bars.listen("executing", {"node": "5"})
    bars.listen("executing", {"node": None})
    return bars


def test_every_named_stage_is_timed_and_no_other():
    assert set(play(io.StringIO()).seconds) == {"inversion", "sampling"}


def test_a_pipe_gets_one_line_per_stage():
    stream = io.StringIO()
    play(stream)
    lines = stream.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["inversion", "sampling"]
    assert all("100 %" in line for line in lines)


def test_a_terminal_sees_the_bar_grow():
    stream = Terminal()
    play(stream)
    shown = [part for part in stream.getvalue().split("\r") if part.startswith("inversion")]
    filled = [part.count("#") for part in shown]
    assert filled == sorted(filled) and filled[0] == 0 and len(set(filled)) == 5
