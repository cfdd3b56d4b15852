"""A pytest plugin: the rebuilt image, for every test that asks for it."""

from pathlib import Path

import pytest

from replica import environment
from replica.container import can_unshare


@pytest.fixture(scope="session")
def image() -> Path:
    """The folder of the rebuilt image's environment; `replica.container` runs commands in it."""
    try:
        return environment.made()
    except environment.NotHere as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def containers(image: Path) -> Path:
    """The same, where this machine can give a process a `/opt/ml` of its own."""
    if not can_unshare():
        pytest.skip("no private mount namespace on this machine")
    return image
