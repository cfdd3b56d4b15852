"""A boto3-compatible SageMaker client whose service is this machine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sagemaker_local.client.endpoint_configs import EndpointConfigOperations
from sagemaker_local.client.endpoints import EndpointOperations
from sagemaker_local.client.exceptions import Modeled
from sagemaker_local.client.executions import ExecutionOperations
from sagemaker_local.client.jobs import JobOperations
from sagemaker_local.client.paginators import Paginators
from sagemaker_local.client.pipelines import PipelineOperations
from sagemaker_local.client.registry import RegistryOperations
from sagemaker_local.client.tags import TagOperations
from sagemaker_local.client.waiters import Waiters
from sagemaker_local.engine import Engine
from sagemaker_local.executions.executions import Executions
from sagemaker_local.jobs.single_jobs import SingleJobs


class SageMakerClient(
    PipelineOperations,
    ExecutionOperations,
    RegistryOperations,
    JobOperations,
    EndpointConfigOperations,
    EndpointOperations,
    TagOperations,
    Paginators,
    Waiters,
    Modeled,
):
    """Answers the calls that ``boto3.client("sagemaker")`` would send to the service.

    Requests and responses have the shapes of botocore's service model; see the tests.

    Attributes:
        engine: what answers.
        service: whose client it is.
        debug: run jobs in this process: all of them, or those of the step of this name.
    """

    service = "sagemaker"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.debug = engine.debug
        self.executions = Executions(engine)
        self.single_jobs = SingleJobs(
            engine.jobs, engine.runner, bool(engine.debug), engine.job_variables
        )
        # ModelBuilder adds to a client's user agent; nothing is ever sent with this one.
        self._user_agent_creator = SimpleNamespace(to_string=lambda: "sagemaker-local")

    def close(self) -> None:
        """Nothing is open: each call ends what it began."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"The local session's client has no {name}(): it does not run that; "
            "a managed session does."
        )
