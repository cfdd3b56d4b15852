"""Endpoints of models whose scripts are written here, and clients that ask them once."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from sagemaker_local.endpoints.supervision import Record
from sagemaker_local.processes.runner import Runner

from engine.boto_clients import client
from engine.definitions import Json
from engine.local import Local
from engine.transforms import created

# Answers with a factor times the sum of a line, and tells its type.
SCALE = """
import os, time

FACTOR = {factor}

def model_fn(model_dir):
    time.sleep({load_seconds})
    return FACTOR

def input_fn(body, content_type):
    return [[float(cell) for cell in line.split(",")] for line in body.splitlines()]

def predict_fn(rows, factor):
    return [factor * sum(row) for row in rows]

def output_fn(sums, accept):
    return "".join(f"{{each:g}}\\n" for each in sums), accept
"""
CSV = {"ContentType": "text/csv", "Accept": "text/csv"}


def scale(factor: int, load_seconds: float = 0.0) -> str:
    return SCALE.format(factor=factor, load_seconds=load_seconds)


def variant(model: str, name: str = "", **members: Any) -> Json:
    sizes = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    return {"VariantName": name or model, "ModelName": model, **sizes, **members}


@dataclass(frozen=True)
class Hosted:
    """An engine with endpoints.

    Attributes:
        local: the engine.
    """

    local: Local

    @property
    def client(self) -> Any:
        return self.local.client

    @property
    def url(self) -> str:
        return self.local.engine.supervision.url()

    @cached_property
    def runtime(self) -> Any:
        """An unchanged client of boto3, which asks once."""
        return client("sagemaker-runtime", self.url)

    def model(self, name: str, script: str) -> str:
        return created(self.local, name, script)

    def configure(self, name: str, *variants: Json, **members: Any) -> str:
        self.client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=list(variants), **members
        )
        return name

    def create(self, name: str, *variants: Json, **members: Any) -> Json:
        """Create an endpoint with a configuration of its name, and wait for it."""
        self.configure(name, *variants, **members)
        self.client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return self.settled(name)

    def update(self, name: str, config: str, **members: Any) -> Json:
        self.client.update_endpoint(EndpointName=name, EndpointConfigName=config, **members)
        return self.settled(name)

    def settled(self, name: str) -> Json:
        self.client.get_waiter("endpoint_in_service").wait(EndpointName=name)
        return self.described(name)

    def described(self, name: str) -> Json:
        return dict(self.client.describe_endpoint(EndpointName=name))

    def delete(self, name: str) -> None:
        self.client.delete_endpoint(EndpointName=name)
        self.client.get_waiter("endpoint_deleted").wait(EndpointName=name)

    def invoke(self, name: str, body: str = "1,2", **request: Any) -> tuple[str, str]:
        """The answer, and the variant that gave it."""
        answer = self.runtime.invoke_endpoint(
            EndpointName=name, Body=body.encode(), **{**CSV, **request}
        )
        return answer["Body"].read().decode().strip(), answer["InvokedProductionVariant"]

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def processes(self, script: str = "real_time.py") -> list[psutil.Process]:
        """The backends of this root."""
        root = str(self.local.root)
        found = []
        for process in psutil.process_iter():
            try:
                words = process.cmdline()
            except psutil.Error:
                continue
            if any(script in word for word in words) and any(root in word for word in words):
                found.append(process)
        return found

    @property
    def record(self) -> Record:
        """What is known of the supervisor, which runs."""
        found = self.local.engine.supervision.running()
        assert found is not None
        return found

    @property
    def supervisor(self) -> psutil.Process:
        return psutil.Process(int(self.record.owner.split(":")[1]))

    @property
    def log(self) -> str:
        return self.local.engine.supervision.log.read_text(encoding="utf-8")


def post(
    connection: http.client.HTTPConnection, endpoint: str, body: str, **headers: str
) -> tuple[int, str]:
    """Ask by hand; the status, and the text."""
    kinds = {"Content-Type": "text/csv", "Accept": "text/csv", **headers}
    connection.request("POST", f"/endpoints/{endpoint}/invocations", body, kinds)
    answer = connection.getresponse()
    return answer.status, answer.read().decode().strip()


@contextmanager
def hosting(root: Path, runner: Runner) -> Iterator[Hosted]:
    """Endpoints for a block; their supervisor outlives processes, so it is told to end."""
    hosted = Hosted(Local(root, runner))
    try:
        yield hosted
    finally:
        hosted.local.engine.supervision.stop()
