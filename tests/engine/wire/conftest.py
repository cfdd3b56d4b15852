"""Servers of engines of these tests, on loopback, and boto3's clients for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.processes.runner import Runner
from sagemaker_local.wire.face import Face

from engine.boto_clients import client
from engine.local import Local


@dataclass(frozen=True)
class Wired:
    """An engine, and real clients that reach it by AWS's protocol.

    Attributes:
        local: the engine.
    """

    local: Local

    @property
    def url(self) -> str:
        return self.local.engine.job_variables()["AWS_ENDPOINT_URL"]

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def client(self, service: str) -> Any:
        return client(service, self.url)

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Wired]:
    """One for all tests of a file, with an empty default bucket."""
    local = Local(tmp_path_factory.mktemp("wire") / "root", runner, address=Face)
    (local.bucket.root / local.bucket.name).mkdir(parents=True)
    yield Wired(local)


@pytest.fixture
def own(tmp_path: Path, runner: Runner) -> Wired:
    """One of a test's own."""
    return Wired(Local(tmp_path / "root", runner, address=Face))
