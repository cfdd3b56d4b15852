"""Fixtures of the engine's tests. The engine is imported from the template, as it stands there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parents[2]
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}" / "packages" / "sagemaker-local" / "src"
sys.path.insert(0, str(SOURCE))

from sagemaker_local.processes.runner import Runner  # noqa: E402
from sagemaker_local.processes.warm import shared_runner  # noqa: E402

from engine.kill_program import Program  # noqa: E402
from engine.local import Local  # noqa: E402

# What small jobs and the engine's own programs in them import of the standard library, which takes
# as long as all the rest that a transform job does.
PRELOADED = (
    *("json", "argparse", "dataclasses", "inspect", "logging", "shutil", "subprocess", "tarfile"),
    *("tempfile", "traceback", "urllib.parse", "uuid", "csv", "gzip", "concurrent.futures.process"),
)


@pytest.fixture(scope="session")
def runner() -> Runner:
    """Warm where forking is safe, without the libraries that take seconds to import."""
    return shared_runner(modules=PRELOADED)


@pytest.fixture(scope="session")
def program(source: Path) -> Iterator[Program]:
    """Runs pipelines in processes of their own, and kills them when it is told to."""
    program = Program(source)
    yield program
    program.close()


@pytest.fixture
def local(tmp_path: Path, runner: Runner) -> Local:
    """An engine of this test's own."""
    return Local(tmp_path / "root", runner)


@pytest.fixture(params=["warm", "spawn"])
def either(request: pytest.FixtureRequest, tmp_path: Path, runner: Runner) -> Local:
    """The same test with both ways to start a job."""
    return Local(tmp_path / "root", runner if request.param == "warm" else shared_runner(False))


@pytest.fixture(scope="session")
def source() -> Path:
    """The folder that holds the package ``sagemaker_local``."""
    return SOURCE
