"""The reliability page's command: what tests tell becomes tables, and nothing of one that fails."""

from bench.cost_page import with_part
from bench.reliability import PAGE, ROOT, body_of, found_by, parts, tables

TOLD = """
import pytest

@pytest.mark.parametrize("kind", ["look", "preset"])
def test_files(record_property, kind):
    record_property("kind", kind)
    record_property("mutations", 1000)

def test_graphs(record_property):
    record_property("random graphs", 500)

def test_that_tells_nothing():
    pass
"""


def test_what_is_called_alike_shares_a_table(tmp_path):
    file = tmp_path / "test_told.py"
    file.write_text(TOLD)
    files, graphs = tables(found_by(file))
    assert files.splitlines()[2:] == ["| look | 1000 |", "| preset | 1000 |"]
    assert graphs.splitlines() == ["| random graphs |", "| --- |", "| 500 |"]


def test_of_tests_that_fail_nothing_is_told(tmp_path):
    file = tmp_path / "test_told.py"
    file.write_text(TOLD + "    assert False\n")
    assert found_by(file) is None


def test_the_page_has_a_place_for_every_part():
    page = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
    for part in parts():
        page = with_part(page, part, body_of(part, [{"found": part}], 60.0))
        assert f"| found |\n| --- |\n| {part} |" in page
