"""Fingerprints: they change with what the code does, and with nothing else."""

import functools

import pytest
import torch

from bench import fingerprint as module
from bench.fingerprint import fingerprint, reached
from bench.lab import make_case
from bench.metrics import psnr

FILES = {
    "bench/__init__.py": "from .first import run\n",
    "bench/first.py": (
        '"""A module."""\n'
        "from . import second\n"
        "from .third import Shape as Form\n"
        "LIMIT = 3\n"
        "def run(value):\n"
        '    """Say it."""\n'
        "    return second.helped(value, LIMIT, Form())\n"
        "def unused():\n"
        "    return 1\n"
    ),
    "bench/second.py": "def helped(value, limit, form):\n    return min(value, limit)\n",
    "bench/third.py": "class Shape:\n    side: int = 1\n",
}
START = [("bench", "run")]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small package in the place of ours; returns what rewrites one of its files."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        forget()

    monkeypatch.setattr(module, "ROOT", tmp_path)
    for name, text in FILES.items():
        write(name, text)
    yield write
    forget()


def forget():
    module.read.cache_clear()
    module._file.cache_clear()


def texts():
    return dict(reached(START))


def test_it_reaches_definitions_through_modules_aliases_and_packages(tree):
    assert set(texts()) == {
        ("bench.first", "run"),
        ("bench.first", "LIMIT"),
        ("bench.second", "helped"),
        ("bench.third", "Shape"),
    }


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("bench/first.py", "Say it.", "Say it well."),
        ("bench/first.py", "LIMIT = 3", "LIMIT = 3  # three"),
        ("bench/first.py", "return 1", "return 2"),
        ("bench/second.py", "min(value, limit)", "min(value,\n        limit)"),
    ],
    ids=["docstring", "comment", "not reached", "layout"],
)
def test_what_changes_no_result_changes_no_fingerprint(tree, file, old, new):
    before = texts()
    tree(file, FILES[file].replace(old, new))
    assert texts() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("bench/first.py", "LIMIT = 3", "LIMIT = 4"),
        ("bench/second.py", "min", "max"),
        ("bench/third.py", "= 1", "= 2"),
    ],
)
def test_what_changes_results_changes_the_fingerprint(tree, file, old, new):
    before = texts()
    tree(file, FILES[file].replace(old, new))
    assert texts() != before


def scaled(value, by):
    return value * by


def closed_over(by):
    def run(value):
        return value * by

    return run


def test_what_a_function_carries_along_counts():
    assert fingerprint(functools.partial(scaled, by=2)) != fingerprint(
        functools.partial(scaled, by=3)
    )
    assert fingerprint(closed_over(2)) != fingerprint(closed_over(3))
    assert fingerprint(closed_over(2)) == fingerprint(closed_over(2))


def test_different_functions_differ_and_decorators_do_not_hide_them():
    assert fingerprint(make_case) != fingerprint(psnr)
    assert fingerprint(torch.no_grad()(psnr)) == fingerprint(psnr)


def test_an_address_in_memory_is_refused():
    with pytest.raises(ValueError, match="another fingerprint in every run: give methods"):
        fingerprint(functools.partial(scaled, by=object()))
