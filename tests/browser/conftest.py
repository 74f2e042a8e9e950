"""A real Chromium before a real ComfyUI; where one of them is missing the tests say so and skip."""

import pytest

from tools import chromium
from tools.comfyui import DEFAULT_RELEASE, OLD_RELEASE, given
from tools.environment import SetupError


@pytest.fixture(scope="session", autouse=True)
def browser():
    """Known before any server starts."""
    if given() is None and DEFAULT_RELEASE == OLD_RELEASE:
        pytest.skip(f"The editor that is installed is not the one of ComfyUI {OLD_RELEASE}.")
    try:
        return chromium.find()
    except SetupError as error:
        pytest.skip(str(error))
