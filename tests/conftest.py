"""Shared by all tests."""

import os
from pathlib import Path

import pytest

# Small models run faster, and always alike, on one thread; here, in servers and in commands.
os.environ["OMP_NUM_THREADS"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="the long tests and forms too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests are told as deselected where they are not asked for."""
    if config.getoption("--thorough"):
        return
    long = [one for one in items if one.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=long)
    items[:] = [one for one in items if not one.get_closest_marker("thorough")]


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether long forms are asked for."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return Path(__file__).resolve().parent.parent
