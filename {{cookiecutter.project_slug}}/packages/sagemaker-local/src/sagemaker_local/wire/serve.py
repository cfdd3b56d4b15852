"""``python -m sagemaker_local serve``: an engine for clients that speak AWS's protocol."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.callers import LOOPBACK
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.engine import DEFAULT_REGION, Engine
from sagemaker_local.errors import LocalError
from sagemaker_local.executions import liveness
from sagemaker_local.processes import aws_variables
from sagemaker_local.processes.warm import shared_runner
from sagemaker_local.wire.server import Server
from sagemaker_local.wire.services import Services

# How long jobs have to end when the server is told to.
_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.05

ABOUT = """\
Answers boto3, the AWS CLI and the SageMaker SDK on this machine: SageMaker and S3 over a local
session's folder, and what the SDK asks of STS, IAM and CloudWatch Logs.

Nobody is asked for a key: whoever reaches the address may do everything, run programs included.
It is this machine's own unless --host says otherwise."""
EXAMPLE = """\
example:
  python -m sagemaker_local serve --root .sagemaker-local --port 4566
  (paste the lines that it prints into another shell)
  aws s3 ls
  aws sagemaker list-pipelines"""


@dataclass(frozen=True)
class _Address:
    """Where the jobs of the server's own engine find it."""

    url: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(".sagemaker-local"),
        help="the session's folder, which sessions may use meanwhile (default: %(default)s)",
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="default: any that is free; it is printed"
    )
    parser.add_argument(
        "--host", default=LOOPBACK, help="the address to listen at (default: %(default)s)"
    )
    parser.add_argument(
        "--region",
        default=os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION,
        help="names the region in ARNs (default: %(default)s)",
    )
    parser.add_argument(
        "--cold",
        action="store_true",
        help="load no libraries ahead: jobs start later, the server sooner",
    )


def serve(root: Path, host: str, port: int, region: str, warm: bool = True) -> None:
    """Answer until the process is told to end; jobs that run then are stopped.

    Raises:
        LocalError: the address cannot be had, or the folder's state is not one.
    """
    server, client = _open(root.resolve(), host, port, region, warm)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    for line in _lines(root.resolve(), server, region):
        print(line, flush=True)
    server.start()
    while not told.wait(_POLL_SECONDS * 10):  # Windows hears of no signal within a longer wait
        pass
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # whoever asks again gets it at once
    server.close()
    for line in _stop(client):
        print(line, file=sys.stderr, flush=True)


def _open(
    root: Path, host: str, port: int, region: str, warm: bool
) -> tuple[Server, SageMakerClient]:
    """A server that has yet to be started, and what answers behind it."""
    addresses: list[_Address] = []
    try:
        engine = Engine(root, region, shared_runner(warm), address=lambda _: addresses[0])
        engine.bucket.make()
    except (OSError, sqlite3.Error) as error:
        raise LocalError(
            f"The folder {root} cannot be used: {error}; give another --root."
        ) from error
    client = SageMakerClient(engine)
    try:
        server = Server(Services(client), host, port)
    except OSError as error:
        raise LocalError(
            f"Nothing can listen at {host}, port {port}: {error.strerror or error}; give another "
            "--port (0: any that is free), or another --host."
        ) from error
    addresses.append(_Address(server.url))
    return server, client


def _lines(root: Path, server: Server, region: str) -> Iterator[str]:
    """What a person pastes into a shell, and comments around it."""
    yield f"# SageMaker and S3 of {root} are at {server.url} until Ctrl-C. No key is checked."
    if server.host != LOOPBACK:
        yield f"# Whoever reaches {server.host} may read and delete everything, and run programs."
    yield "# Paste this into a shell for boto3, the AWS CLI and the SageMaker SDK:"
    for name, value in aws_variables.of_this_machine(server.url, region).items():
        yield f"export {name}={shlex.quote(value)}"
    yield "unset AWS_PROFILE AWS_SESSION_TOKEN"


def _stop(client: SageMakerClient) -> Iterator[str]:
    """Stop what runs, as its owner; gives a line for each execution, which can be gone on with."""
    running = list(liveness.here.items())
    for arn, execution in running:
        execution.stop()
        yield f"Stopped {arn}; retry-pipeline-execution goes on from what had succeeded."
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline:
        if not client.single_jobs.stop_all() and not any(e.alive for _, e in running):
            return
        time.sleep(_POLL_SECONDS)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: it is a number from 0 to 65535")
    return int(text)
