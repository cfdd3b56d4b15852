"""The parts that belong to one root, put together once: for sessions, clients and tests alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sagemaker_local.callers import LOOPBACK
from sagemaker_local.endpoints.configurations import Configurations
from sagemaker_local.endpoints.endpoints import Endpoints
from sagemaker_local.endpoints.metrics import Metrics
from sagemaker_local.endpoints.pruning import Pruned, prune
from sagemaker_local.endpoints.supervision import Supervision
from sagemaker_local.jobs.jobs import Jobs
from sagemaker_local.names import ACCOUNT, BUCKET, Arns
from sagemaker_local.processes import aws_variables
from sagemaker_local.processes.runner import Runner
from sagemaker_local.processes.warm import shared_runner
from sagemaker_local.registry.packages import Registry
from sagemaker_local.steps.results import Results
from sagemaker_local.steps.step_type import Functions, StepState
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import Digests
from sagemaker_local.storage.root import RootFolder
from sagemaker_local.storage.store import Store

DEFAULT_REGION = "us-east-1"


class Address(Protocol):
    """Where programs find an engine by AWS's protocol."""

    @property
    def url(self) -> str: ...


class Engine:
    """Everything that one folder's executions, jobs and models share.

    Args:
        root: the folder: ``state.db``, ``s3/<bucket>/`` the objects, ``jobs/<name>/`` each job's
            files and log; created if absent.
        region: names the region in ARNs; nothing is sent there.
        runner: starts processes; this process's warm one if None.
        functions: what Lambda steps call.
        debug: True, or a step's name: its scripts run in the process that starts an execution.
        address: opens one for this engine when its first job starts; None: jobs find nobody.
        host: the address at which models' endpoints listen, if they are not running yet.

    Raises:
        LocalError: the folder's state is not one that this version reads.
    """

    def __init__(
        self,
        root: Path,
        region: str = DEFAULT_REGION,
        runner: Runner | None = None,
        functions: Functions | None = None,
        debug: bool | str = False,
        address: Callable[[Engine], Address] | None = None,
        host: str = LOOPBACK,
    ) -> None:
        self.root = root
        self.files = RootFolder(root)
        self.arns = Arns(region, ACCOUNT)
        self.store = Store(self.files.state)
        self.bucket = Bucket(self.files.objects, BUCKET)
        self.digests = Digests(self.store)
        self.jobs = Jobs(self.store, self.bucket, self.arns, self.files.jobs)
        self.registry = Registry(self.store, self.arns)
        self.configurations = Configurations(self.store, self.arns)
        self.endpoints = Endpoints(self.store, self.arns)
        self.metrics = Metrics(self.store)
        self.supervision = Supervision(self.store, self.files, region, host)
        self.steps = StepState(self.store, self.jobs, self.registry)
        self.results = Results(self.steps)
        self.runner = runner or shared_runner()
        self.functions: Functions = functions or {}
        self.debug = debug
        self._open_address = address
        self._address: Address | None = None
        self._opening = threading.Lock()

    def prune_endpoints(self, before: datetime, dry_run: bool = False) -> Pruned:
        """Remove captures, metrics and logs of endpoints that are older than a moment."""
        folder = self.files.endpoints
        return prune(self.endpoints, self.metrics, self.bucket, folder, before, dry_run)

    def url(self) -> str:
        """Where programs find this engine by AWS's protocol; it answers from the first call on."""
        with self._opening:
            if self._address is None and self._open_address is not None:
                self._address = self._open_address(self)
        return self._address.url if self._address else aws_variables.NOWHERE

    def job_variables(self) -> dict[str, str]:
        """What the variables of a job say of AWS: this engine's address, and nobody's keys."""
        return aws_variables.of_a_job(self.url(), self.arns.region)
