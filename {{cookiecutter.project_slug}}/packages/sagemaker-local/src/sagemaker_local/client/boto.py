"""A boto3 session that reaches this machine only: its SageMaker is local, its S3 and logs files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.client.logs import LocalLogs
from sagemaker_local.client.metrics import LocalCloudWatch
from sagemaker_local.client.runtime import RUNTIME, RuntimeClient
from sagemaker_local.errors import LocalError
from sagemaker_local.names import Arns
from sagemaker_local.storage.bucket import Bucket


class OfflineClient:
    """Stands for a service that a local session does not have; every call says so."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_: Any, **__: Any) -> Any:
            raise LocalError(
                f"{self._service}.{name} would call AWS, and a local session never does; "
                "use a managed session for it."
            )

        return refuse


class LocalIam:
    """Every role may do everything: the SDK asks before it builds a job."""

    def __init__(self, role: str) -> None:
        self._role = role

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


class LocalSts:
    """The caller is the local role."""

    def __init__(self, arns: Arns) -> None:
        self._arns = arns

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self._arns.account, "Arn": self._arns.role, "UserId": "local"}


class LocalS3(OfflineClient):
    """The call by which HyperparameterTuner passes the session's own methods: a file goes up."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__("s3")
        self._bucket = bucket

    def upload_file(self, Filename: str, Bucket: str, Key: str, **_: Any) -> None:
        """Copy a file to an object; the members are boto3's."""
        self._bucket.upload(Path(Filename), f"s3://{Bucket}/{Key}")


class OfflineSession(boto3.Session):
    """``client()`` and ``resource()`` make nothing that could send a request to AWS."""

    def __init__(self, region: str, sagemaker_client: SageMakerClient) -> None:
        super().__init__(
            region_name=region, aws_access_key_id="local", aws_secret_access_key="local"
        )
        engine = sagemaker_client.engine
        self._supervision = engine.supervision
        self._clients = {
            "sagemaker": sagemaker_client,
            "s3": LocalS3(engine.bucket),
            "logs": LocalLogs(engine.jobs, engine.files.endpoints),
            "cloudwatch": LocalCloudWatch(engine.metrics),
            "iam": LocalIam(engine.arns.role),
            "sts": LocalSts(engine.arns),
        }

    def client(self, service_name: str, *_: Any, **options: Any) -> Any:
        if service_name == RUNTIME:
            return RuntimeClient(super().client, self._supervision, options.get("config"))
        return self._clients.get(service_name) or OfflineClient(service_name)

    def resource(self, service_name: str, *_: Any, **__: Any) -> Any:
        return OfflineClient(service_name)
