import json

import pytest

from s2st.kit.facts import read_facts, write_facts


def test_what_is_written_is_read_and_a_person_can_read_it_too(tmp_path):
    path = tmp_path / "kept.json"
    write_facts(path, "thing", {"steps": 5, "names": ["one"]})
    assert read_facts(path, "thing") == {"steps": 5, "names": ["one"]}
    assert '\n  "steps": 5' in path.read_text(encoding="utf-8")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_what_json_has_no_word_for_is_not_written(tmp_path):
    with pytest.raises(ValueError):
        write_facts(tmp_path / "kept.json", "thing", {"look": float("nan")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(tmp_path, number):
    path = tmp_path / "a.s2st.json"
    path.write_text(f'{{"s2st": "thing", "version": 1, "steps": {number}}}')
    with pytest.raises(ValueError, match=f"it holds {number}, which is no number"):
        read_facts(path, "thing")


@pytest.mark.parametrize("version", [None, True, "1", 1.0, 2])
def test_a_version_that_is_no_number_or_newer_is_refused(tmp_path, version):
    path = tmp_path / "kept.json"
    path.write_text(json.dumps({"s2st": "thing", "version": version}), encoding="utf-8")
    with pytest.raises(ValueError, match="format version .*, but this S2ST reads up to 1"):
        read_facts(path, "thing")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "kept.json"
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        read_facts(path, "thing")


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_facts(tmp_path / "nowhere.json", "thing")
