"""A boto3 session that reaches this machine only: its SageMaker is local, its S3 and logs files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.client.exceptions import Modeled
from sagemaker_local.client.logs import LocalLogs
from sagemaker_local.client.metrics import LocalCloudWatch
from sagemaker_local.client.runtime import RUNTIME, RuntimeClient
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError
from sagemaker_local.names import Arns
from sagemaker_local.processes.aws_variables import NOWHERE


class OfflineClient(Modeled):
    """Stands for a service that a local session does not have; every call says so."""

    def __init__(self, service: str) -> None:
        self.service = service

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: Any, **__: Any) -> Any:
            raise LocalError(
                f"{self.service}.{name} would call AWS, and a local session never does; "
                "use a managed session for it."
            )

        return refuse


class LocalIam(Modeled):
    """Every role may do everything: the SDK asks before it builds a job."""

    service = "iam"

    def __init__(self, role: str) -> None:
        self._role = role

    def Role(self, name: str) -> SimpleNamespace:
        """As boto3's resource has it; by whatever name, it is the session's."""
        return SimpleNamespace(name=name, arn=self._role)

    def get_role(self, **_: Any) -> dict[str, Any]:
        return {"Role": {"Arn": self._role}}

    def simulate_principal_policy(
        self, *, ActionNames: Sequence[str] = (), **_: Any
    ) -> dict[str, Any]:
        """Every action is allowed; the members are boto3's."""
        allowed = {"EvalResourceName": "*", "EvalDecision": "allowed"}
        return {"EvaluationResults": [{"EvalActionName": name, **allowed} for name in ActionNames]}

    def get_paginator(self, _: str) -> LocalIam:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return []


class LocalSts(Modeled):
    """The caller is the local role."""

    service = "sts"

    def __init__(self, arns: Arns) -> None:
        self._arns = arns

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self._arns.account, "Arn": self._arns.role, "UserId": "local"}


class LocalS3:
    """boto3's own client or resource of S3, made when it is first used; it asks this engine only.

    HyperparameterTuner's one call, ``upload_file``, is answered without it.

    Args:
        make: makes boto3's client or resource, of the service, an address and a configuration.
        engine: has the bucket, and knows the address.
        config: botocore's, of whoever asks for the client.
    """

    def __init__(
        self, make: Callable[..., Any], engine: Engine, config: Config | None = None
    ) -> None:
        self._make = make
        self._engine = engine
        # A proxy would look for this machine's loopback on its own.
        self._config = (config or Config()).merge(Config(proxies={}))
        self._made: Any = None

    def upload_file(self, Filename: str, Bucket: str, Key: str, **_: Any) -> None:
        """Copy a file to an object; the members are boto3's."""
        self._engine.bucket.upload(Path(Filename), f"s3://{Bucket}/{Key}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._made is None:
            url = self._engine.url()
            if url == NOWHERE:
                raise LocalError(f"s3.{name} reaches no engine; use the client of a LocalSession.")
            self._made = self._make("s3", endpoint_url=url, config=self._config)
        return getattr(self._made, name)


class OfflineSession(boto3.Session):
    """``client()`` and ``resource()`` make nothing that could send a request to AWS."""

    def __init__(self, region: str, sagemaker_client: SageMakerClient) -> None:
        super().__init__(
            region_name=region, aws_access_key_id="local", aws_secret_access_key="local"
        )
        engine = sagemaker_client.engine
        self._engine = engine
        self._clients = {
            "sagemaker": sagemaker_client,
            "logs": LocalLogs(engine.jobs, engine.files.endpoints),
            "cloudwatch": LocalCloudWatch(engine.metrics),
            "iam": LocalIam(engine.arns.role),
            "sts": LocalSts(engine.arns),
        }

    def client(self, service_name: str, *_: Any, **options: Any) -> Any:
        if service_name == RUNTIME:
            return RuntimeClient(super().client, self._engine.supervision, options.get("config"))
        if service_name == "s3":
            return LocalS3(super().client, self._engine, options.get("config"))
        return self._clients.get(service_name) or OfflineClient(service_name)

    def resource(self, service_name: str, *_: Any, **options: Any) -> Any:
        if service_name == "s3":
            return LocalS3(super().resource, self._engine, options.get("config"))
        if service_name == "iam":
            return self._clients["iam"]
        return OfflineClient(service_name)
