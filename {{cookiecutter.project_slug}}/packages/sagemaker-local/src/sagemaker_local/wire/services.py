"""The services of one engine: which one a request is for, and how that one tells an error."""

from __future__ import annotations

import logging
from typing import Protocol

from sagemaker_local.client.boto import LocalIam, LocalSts
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.client.logs import LocalLogs
from sagemaker_local.client.metrics import LocalCloudWatch
from sagemaker_local.wire import json_service, query_service, runtime_service
from sagemaker_local.wire.messages import Answer, Request, WireError, told
from sagemaker_local.wire.runtime_service import RuntimeService
from sagemaker_local.wire.s3 import xml
from sagemaker_local.wire.s3.service import S3Service

_S3, _RUNTIME = "s3", "sagemaker-runtime"
_TARGETS = {
    "SageMaker": "sagemaker",
    "Logs_20140328": "logs",
    "GraniteServiceVersion20100801": "monitoring",
}
# By the version of its form, where no signature names the service.
_VERSIONS = {"2011-06-15": "sts", "2010-05-08": "iam"}
# What S3 is signed for, and what nobody signed.
_OF_S3 = ("s3", "s3express", "")

logger = logging.getLogger(__name__)


class _Service(Protocol):
    def answer(self, request: Request) -> Answer: ...


class Services:
    """SageMaker, its runtime, S3, and what the SDK asks of STS, IAM and CloudWatch.

    Args:
        client: answers for SageMaker; its engine's bucket is S3.
    """

    def __init__(self, client: SageMakerClient) -> None:
        engine = client.engine
        self._services: dict[str, _Service] = {
            "sagemaker": json_service.sagemaker(client),
            "logs": json_service.logs(LocalLogs(engine.jobs, engine.files.endpoints)),
            "monitoring": json_service.metrics(LocalCloudWatch(engine.metrics)),
            "sts": query_service.sts(LocalSts(engine.arns)),
            "iam": query_service.iam(LocalIam(engine.arns.role)),
            _RUNTIME: RuntimeService(engine.supervision),
            _S3: S3Service(engine),
        }

    def answer(self, request: Request) -> Answer:
        """A service's answer, or its error; see ``Responder``."""
        try:
            return self._service(request).answer(request)
        except TimeoutError:
            raise  # the connection's, whose client is too slow
        except Exception as error:
            found = told(error)
            if found is None:
                logger.exception("%s %s failed inside the engine", request.method, request.path)
                kind = type(error).__name__
                found = WireError("InternalFailure", f"The engine failed: {kind}: {error}", 500)
            return self.refusal(found, request)

    def refusal(self, error: WireError, request: Request) -> Answer:
        """An error in the form that the client of the request's service reads."""
        if _is_form(request):
            return query_service.refusal(error)
        if name_of(request) == _S3:
            return xml.refusal(error, request.path)
        return json_service.refusal(error)

    def _service(self, request: Request) -> _Service:
        name = name_of(request)
        service = self._services.get(name)
        if service is None:
            raise json_service.unknown(f"There is no service {name[:80]!r} on this machine")
        return service


def name_of(request: Request) -> str:
    """The service that a request is for: by its target, its signature, or its form."""
    target = request.header("X-Amz-Target")
    if target:
        prefix = target.rpartition(".")[0]
        return _TARGETS.get(prefix, prefix or target)
    if _is_form(request):
        return request.signed_for or _VERSIONS.get(request.query.get("Version", ""), "sts")
    signed = request.signed_for
    if signed in ("sagemaker", "") and runtime_service.PATH.fullmatch(request.path):
        return _RUNTIME
    if signed == "sagemaker":  # its metrics have no target
        return "SageMaker Metrics"
    return _S3 if signed in _OF_S3 else signed


def _is_form(request: Request) -> bool:
    """A client that uploads by hand calls any body a form, so the path counts too."""
    return request.path == "/" and request.header("Content-Type").startswith(query_service.FORM)
