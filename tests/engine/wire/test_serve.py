"""``python -m sagemaker_local serve``: what it prints, how it ends, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from sagemaker_local.__main__ import main
from sagemaker_local.processes.runner import Runner

from engine.boto_clients import client
from engine.definitions import ROLE, Json, definition, fail, processing
from engine.local import Local, until
from engine.wire.conftest import Wired

pytestmark = pytest.mark.slow

COUNT = """
import pathlib, sys
with open(sys.argv[1], "a") as file:
    file.write("ran\\n")
"""
WAIT = """
import pathlib, sys, time
pathlib.Path(sys.argv[1], "waits").touch()
while not pathlib.Path(sys.argv[1], "go").exists():
    time.sleep(0.005)
"""

Serve = Callable[..., "Served"]


class Served:
    """A server in a process of its own.

    Attributes:
        printed: its lines.
        variables: those that it exports.
    """

    def __init__(self, source: Path, root: Path, *options: str) -> None:
        command = [sys.executable, "-m", "sagemaker_local", "serve", "--root", str(root)]
        self.process = subprocess.Popen(
            [*command, "--cold", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(source)},
        )
        assert self.process.stdout is not None
        self.printed: list[str] = []
        for line in self.process.stdout:
            self.printed.append(line.rstrip())
            if line.startswith("unset"):
                break
        exports = [line.removeprefix("export ") for line in self.printed if "export " in line]
        self.variables = dict(item.split("=", 1) for item in exports)

    @property
    def sagemaker(self) -> Any:
        return client("sagemaker", self.variables["AWS_ENDPOINT_URL_SAGEMAKER"])

    def end(self, number: int) -> str:
        """Send a signal and wait for the end; gives what was said on standard error."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        until(lambda: not any(child.is_running() for child in children))
        return said


@pytest.fixture
def serve(source: Path, tmp_path: Path) -> Iterator[Serve]:
    """`serve(*options)`: a server of this test's root."""
    started: list[Served] = []

    def begin(*options: str) -> Served:
        started.append(Served(source, tmp_path / "root", *options))
        return started[-1]

    yield begin
    for served in started:
        with suppress(ProcessLookupError):
            served.process.kill()
        served.process.communicate()


@pytest.fixture
def state(tmp_path: Path, runner: Runner) -> Local:
    """The state of the server, seen from this process."""
    return Local(tmp_path / "root", runner)


def waiting(state: Local, folder: Path, sagemaker: Any) -> Json:
    """Start a pipeline whose second step waits to be told to go on; gives its execution."""
    folder.mkdir()
    first = processing("First", state.code(COUNT), arguments=[str(folder / "count")])
    second = processing("Second", state.code(WAIT), arguments=[str(folder)], DependsOn=["First"])
    sagemaker.create_pipeline(
        PipelineName="p", PipelineDefinition=definition(first, second), RoleArn=ROLE
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="p")["PipelineExecutionArn"]
    until((folder / "waits").exists)
    return {"PipelineExecutionArn": arn}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_what_to_paste_and_ends_when_it_is_told_to(
    serve: Serve, state: Local, tmp_path: Path, number: int
) -> None:
    served = serve()
    url = served.variables["AWS_ENDPOINT_URL"]
    assert {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SAGEMAKER"} < set(served.variables)
    assert "No key is checked" in served.printed[0]
    assert all(line.startswith(("#", "export ", "unset ")) for line in served.printed)
    execution = waiting(state, tmp_path / "wait", served.sagemaker)

    said = served.end(number)
    assert served.process.returncode == 0 and "Traceback" not in said
    assert execution["PipelineExecutionArn"] in said
    described = state.client.describe_pipeline_execution(**execution)
    assert described["PipelineExecutionStatus"] == "Stopped"
    host, port = url.removeprefix("http://").split(":")
    with pytest.raises(OSError):
        socket.create_connection((host, int(port)), timeout=5)


def test_a_killed_server_s_successor_goes_on(serve: Serve, state: Local, tmp_path: Path) -> None:
    folder = tmp_path / "wait"
    first = serve()
    execution = waiting(state, folder, first.sagemaker)
    first.end(signal.SIGKILL)

    second = serve().sagemaker
    described = second.describe_pipeline_execution(**execution)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert "retry_pipeline_execution" in described["FailureReason"]
    (folder / "go").touch()
    second.retry_pipeline_execution(**execution)

    def status() -> str:
        return str(second.describe_pipeline_execution(**execution)["PipelineExecutionStatus"])

    until(lambda: status() != "Executing")
    assert status() == "Succeeded"
    assert (folder / "count").read_text().splitlines() == ["ran"], "what had succeeded ran again"


def test_eight_clients_start_fifty_each_and_none_is_lost(wired: Wired) -> None:
    text = definition(fail("Stop", "as it should"))
    wired.sagemaker.create_pipeline(PipelineName="many", PipelineDefinition=text, RoleArn=ROLE)

    def start_fifty(number: int) -> list[str]:
        own = client("sagemaker", wired.url)
        names = [f"execution-{number}-{each}" for each in range(50)]
        return [
            own.start_pipeline_execution(PipelineName="many", PipelineExecutionDisplayName=name)[
                "PipelineExecutionArn"
            ]
            for name in names
        ]

    with ThreadPoolExecutor(8) as clients:
        started = [arn for arns in clients.map(start_fifty, range(8)) for arn in arns]
    assert len(set(started)) == 400
    pages = wired.sagemaker.get_paginator("list_pipeline_executions")

    def listed() -> list[Json]:
        found = pages.paginate(PipelineName="many").build_full_result()
        return list(found["PipelineExecutionSummaries"])

    until(lambda: all(item["PipelineExecutionStatus"] == "Failed" for item in listed()))
    assert {item["PipelineExecutionArn"] for item in listed()} == set(started)
    assert len({item["PipelineExecutionDisplayName"] for item in listed()}) == 400


def test_what_cannot_be_served_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*options: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["serve", "--cold", "--root", str(tmp_path), *options])
        return f"{ended.value.code} {capsys.readouterr().err}"

    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert f"Nothing can listen at 127.0.0.1, port {port}" in said("--port", port)
    assert "is no port" in said("--port", "99999")
    (tmp_path / "file").touch()
    assert "cannot be used" in said("--root", str(tmp_path / "file"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "state.db").write_text("something else, and no database" * 100)
    assert "is no state of a local session" in said("--root", str(tmp_path / "other"))


def test_help_says_what_a_person_needs(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["serve"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, "--help"])
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("--root", "--port", "--host", "--region", "key"))
