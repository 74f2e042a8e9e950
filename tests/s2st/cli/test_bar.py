import io

from s2st.cli.bar import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_it_is_drawn_over_itself():
    stream = Terminal()
    bar = Bar(10, stream)
    bar.show(5, "half")
    bar.part(10, "whole")
    first, second = stream.getvalue().split("\r")[1:]
    assert " 50 %" in first and "half" in first and "\n" not in first
    assert "100 %" in second and second.rstrip().endswith("whole") and second.endswith("\n")


def test_a_shorter_line_leaves_nothing_of_a_longer_one():
    stream = Terminal()
    bar = Bar(10, stream)
    bar.show(1, "a long description")
    bar.show(2, "short")
    first, second = stream.getvalue().split("\r")[1:]
    assert len(second) >= len(first)


def test_elsewhere_only_parts_are_told():
    stream = io.StringIO()
    bar = Bar(10, stream)
    bar.show(5, "half")
    bar.part(10, "whole")
    assert stream.getvalue().count("\n") == 1 and "whole" in stream.getvalue()


def test_nothing_to_do_is_done():
    stream = io.StringIO()
    Bar(0, stream).part(0, "kept")
    assert "kept" in stream.getvalue()
