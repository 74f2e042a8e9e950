"""Damaged files of every kind: taken where they are whole, else refused in a sentence."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest
from mutations import KINDS, tried

ALL, SOME = 1000, 100
MOST_MEMORY = 100e6  # bytes


@pytest.fixture(scope="module")
def apart():
    """Another process: a crash would end it, and its memory is theirs alone."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_is_loaded_or_refused_in_a_sentence(apart, kind, tmp_path, thorough, told):
    count = ALL if thorough else SOME
    ends, wrong, memory = apart.submit(tried, kind, count, str(tmp_path)).result()
    assert not wrong, "\n".join(wrong)
    assert memory < MOST_MEMORY
    told("kind", kind)
    told("mutations", count)
    told("refused in a sentence", ends["refused"])
    told("loaded, and kept again", ends["loaded"])
    told("memory at most", f"{memory / 1e6:+.0f} MB")
