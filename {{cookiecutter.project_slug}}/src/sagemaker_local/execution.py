"""One execution of a pipeline: steps that are ready run side by side until none is left.

It runs in a thread of the process that started it and holds a lease in the store; when the process
dies the lease runs out, and whoever looks next marks the execution as interrupted.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.bucket import Bucket
from sagemaker_local.definition import Definition, Step
from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.expressions import follow, resolve
from sagemaker_local.graph import Graph
from sagemaker_local.jobs import Jobs
from sagemaker_local.launch import Launcher, Stopped
from sagemaker_local.registry import Registry
from sagemaker_local.runner import Runner
from sagemaker_local.steps import StepResult, StepRunner
from sagemaker_local.store import Document, Store, now

LEASE_SECONDS = 15.0
_RENEW_SECONDS = 3.0
_MAX_REASON = 1024
_MAX_MESSAGE = 3072
_FAILED = "Step failure: One or multiple steps failed."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Machine:
    """What executions share: state, bucket, registry, jobs, and the way to start a process."""

    store: Store
    bucket: Bucket
    registry: Registry
    jobs: Jobs
    runner: Runner


@dataclass
class ExecutionContext:
    """Values for expressions: parameters, variables, and what finished steps described."""

    bucket: Bucket
    definition: Definition
    parameters: dict[str, Any]
    variables: dict[str, Any]
    described: dict[str, Document] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        return self.parameters[name]

    def execution_variable(self, name: str) -> Any:
        if name == "CurrentDateTime":
            return now().isoformat()
        return self.variables[name]

    def step(self, name: str) -> Document:
        return self.described[name]

    def property_file(self, step: str, name: str) -> Any:
        file = self.definition.steps[step].property_file(name)
        assert file is not None, "checked before the execution started"
        outputs = ("ProcessingOutputConfig", "Outputs", file.output_name, "S3Output", "S3Uri")
        uri = follow(self.described[step], outputs, f"output {file.output_name} of {step}")
        return self.json_object(f"{uri}/{file.path}")

    def json_object(self, uri: str) -> Any:
        try:
            return json.loads(self.bucket.existing(uri).read_text(encoding="utf-8"))
        except ValueError as error:
            raise StepFailure(f"{uri} is not JSON: {error}") from None


class Execution:
    """Runs a definition; ``start`` returns at once."""

    def __init__(
        self,
        machine: Machine,
        arn: str,
        definition: Definition,
        parameters: dict[str, Any],
        document: Document,
        variables: dict[str, Any],
        parallel: int,
    ) -> None:
        self._machine = machine
        self._arn = arn
        self._document = document
        self._parallel = parallel
        self._graph = Graph(definition)
        self._context = ExecutionContext(machine.bucket, definition, parameters, variables)
        execution_id = variables["PipelineExecutionId"]
        self._launcher = Launcher(machine.runner, lambda: self._side_by_side)
        self._steps = StepRunner(
            machine.jobs,
            machine.registry,
            machine.store,
            execution_id,
            self._launcher.run,
            self._created,
        )
        self._documents: dict[str, Document] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._over = False
        self._failed = False
        self._ended_by_fail_step = False
        self._lease_renewed = 0.0
        self._side_by_side = 1
        self._thread = threading.Thread(target=self._run, name=f"execution {execution_id}")
        self._thread.daemon = True

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()

    def stop(self) -> None:
        """End running jobs and start nothing more; the execution becomes Stopped."""
        with self._lock:
            if self._over:
                return
            self._stopping = True
            self._save("Stopping")
        self._launcher.stop()

    def _run(self) -> None:
        try:
            self._run_steps()
        except Exception:
            logger.exception("The execution %s broke off", self._arn)
            self._failed = True
        with self._lock:  # a stop that comes now must not write over the ending
            self._over = True
            status = "Stopped" if self._stopping else "Failed" if self._failed else "Succeeded"
            if status == "Failed":
                self._document["FailureReason"] = _FAILED
            self._save(status)

    def _run_steps(self) -> None:
        running: dict[Future[StepResult], Step] = {}
        ready: list[Step] = []
        with ThreadPoolExecutor(self._parallel, "step") as pool:
            while True:
                ready += self._graph.take_ready()
                self._side_by_side = max(1, min(self._parallel, len(running) + len(ready)))
                while ready and len(running) < self._parallel and not self._closed:
                    step = ready.pop(0)
                    self._started(step)
                    running[pool.submit(self._run_step, step)] = step
                if not running:
                    return
                self._renew_lease()
                done, _ = wait(running, timeout=_RENEW_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    self._ended(running.pop(future), future)

    @property
    def _closed(self) -> bool:
        return self._stopping or self._ended_by_fail_step

    def _run_step(self, step: Step) -> StepResult:
        arguments = resolve(step.arguments, self._context)
        return self._steps.run(step, arguments)

    def _started(self, step: Step) -> None:
        document: Document = {
            "StepName": step.name,
            "StartTime": now(),
            "StepStatus": "Executing",
            "AttemptCount": 1,
        }
        if step.display_name:
            document["StepDisplayName"] = step.display_name
        if step.description:
            document["StepDescription"] = step.description
        self._save_step(step, document)

    def _created(self, step: Step, metadata: Document) -> None:
        self._save_step(step, self._documents[step.name] | {"Metadata": metadata})

    def _ended(self, step: Step, future: Future[StepResult]) -> None:
        document = self._documents[step.name] | {"EndTime": now()}
        error = future.exception()
        if error is None:
            result = future.result()
            document |= {"StepStatus": "Succeeded", "Metadata": result.metadata}
            self._context.described[step.name] = result.described
            self._graph.succeeded(step.name, result.outcome)
        else:
            self._failed_step(step, error, document)
            self._graph.blocked(step.name)
        self._save_step(step, document)

    def _failed_step(self, step: Step, error: BaseException, document: Document) -> None:
        if isinstance(error, Stopped):
            document["StepStatus"] = "Stopped"
            return
        self._failed = True
        document["StepStatus"] = "Failed"
        if step.type == "Fail":
            self._ended_by_fail_step = True
            document["Metadata"] = {"Fail": {"ErrorMessage": str(error)[:_MAX_MESSAGE]}}
        reason = _reason(step, error)
        if reason:
            document["FailureReason"] = reason[:_MAX_REASON]

    def _save_step(self, step: Step, document: Document) -> None:
        self._documents[step.name] = document
        self._machine.store.put_step(self._arn, step.name, document)

    def _save(self, status: str) -> None:
        self._document["LastModifiedTime"] = now()
        self._machine.store.update_execution(self._arn, status, self._document)

    def _renew_lease(self) -> None:
        if time.monotonic() - self._lease_renewed > _RENEW_SECONDS:
            self._machine.store.renew_lease(self._arn, time.time() + LEASE_SECONDS)
            self._lease_renewed = time.monotonic()


def _reason(step: Step, error: BaseException) -> str:
    if step.type == "Fail":
        return str(error)
    if isinstance(error, LocalError):
        return f"ClientError: {error}"
    logger.error("step %s failed inside the engine", step.name, exc_info=error)
    return f"InternalServerError: {type(error).__name__}: {error}"
