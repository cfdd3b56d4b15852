"""Endpoints for tests: one root for the tests of a file, or one of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sagemaker_local.processes.runner import Runner

from engine.hosting import Hosted, hosting


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Hosted]:
    with hosting(tmp_path_factory.mktemp("hosted") / "root", runner) as found:
        yield found


@pytest.fixture
def own(tmp_path: Path, runner: Runner) -> Iterator[Hosted]:
    with hosting(tmp_path / "root", runner) as found:
        yield found
