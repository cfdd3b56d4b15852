"""Executions of pipelines: started, resumed, stopped, and found interrupted."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_local import checks, notices, owner
from sagemaker_local.definition import Definition, read
from sagemaker_local.errors import DefinitionError, LocalError, NotFoundError
from sagemaker_local.execution import LEASE_SECONDS, Assignment, Execution, Machine
from sagemaker_local.names import last_part, random_id
from sagemaker_local.operations import select as members_of
from sagemaker_local.parameters import start_values
from sagemaker_local.results import StepResult
from sagemaker_local.selection import Selection, select
from sagemaker_local.store import Document, now
from sagemaker_local.store import Execution as StoredExecution

RUNNING = ("Executing", "Stopping")
# Members of a stored execution that its Describe response does not have.
PRIVATE = ("Parameters", "PipelineDefinition")
_INTERRUPTED = (
    "The process that ran this execution ended before the execution did; "
    "retry_pipeline_execution goes on from what had succeeded."
)
_KEPT = (
    "PipelineExecutionDescription",
    "ParallelismConfiguration",
    "SelectiveExecutionConfig",
)

# Of this process, by ARN: several sessions of it may look at one execution.
_here: dict[str, Execution] = {}


def runnable(text: str, functions: tuple[str, ...] | None = None) -> Definition:
    """Parse and check a definition.

    Raises:
        DefinitionError: with every reason why it cannot run here.
    """
    definition, problems = read(text)
    problems += checks.check(definition, functions)
    if problems:
        raise DefinitionError(problems)
    return definition


@dataclass(frozen=True)
class Executions:
    """All executions of one state."""

    machine: Machine

    def start(self, pipeline: Document, request: Document) -> str:
        """Start a pipeline; gives the execution's ARN.

        Raises:
            DefinitionError: with every reason why it cannot start.
        """
        given = {item["Name"]: item["Value"] for item in request.get("PipelineParameters", [])}
        definition = self.check(pipeline["PipelineDefinition"])
        self._refuse_to_debug_nothing(definition)
        values = _values(definition, given)
        stored = self._new(pipeline, request, given)
        selection = self._selection(definition, stored)
        assignment = Assignment(
            stored.arn,
            stored.pipeline,
            definition,
            values,
            _variables(stored),
            _parallel(request, pipeline),
            selection.finished,
            selection.left_out,
        )
        notices.announce(definition)
        with self.machine.store.transaction("execution started"):
            self.machine.store.add_execution(stored)
            self._list_taken_over(stored, selection)
        self._run(assignment, stored)
        return stored.arn

    def check(self, text: str) -> Definition:
        """Parse a definition, which must be one that can run here.

        Raises:
            DefinitionError: with every reason why it cannot.
        """
        return runnable(text, tuple(self.machine.functions))

    def resume(self, arn: str, request: Document) -> None:
        """Run again what has not succeeded in an ended execution.

        Raises:
            NotFoundError: there is none of this ARN.
            LocalError: it still runs, or has nothing left to run.
        """
        stored = self.get(arn)
        if stored.status not in ("Failed", "Stopped"):
            raise LocalError(
                f"The execution is {stored.status}; only one that is Failed or Stopped is retried."
            )
        definition = self.check(stored.document["PipelineDefinition"])
        self._refuse_to_debug_nothing(definition)
        values = _values(definition, stored.document["Parameters"])
        selection = self._selection(definition, stored)
        _here.pop(arn, None)
        with self.machine.store.transaction("execution resumed"):
            # Another process may have been faster.
            if self.get(arn).status in RUNNING:
                raise LocalError("The execution is being retried by another process already.")
            finished = self._keep_successes(arn)
            kept = members_of(request, ("ParallelismConfiguration",))
            document = {**stored.document, **kept, "LastModifiedTime": now()}
            document.pop("FailureReason", None)
            self.machine.store.update_execution(arn, "Executing", document)
            self.machine.store.renew_lease(arn, time.time() + LEASE_SECONDS, owner.this_process())
        assignment = Assignment(
            arn,
            stored.pipeline,
            definition,
            values,
            _variables(stored),
            _parallel(request, document),
            {**selection.finished, **finished},
            selection.left_out,
        )
        self._run(assignment, replace(stored, document=document))

    def stop(self, arn: str) -> None:
        """Ask an execution to stop; its owner does it, which may be another process.

        Raises:
            NotFoundError: there is none of this ARN.
            LocalError: it has ended.
        """
        stored = self.get(arn)
        if stored.status not in RUNNING:
            raise LocalError(f"The execution has already ended: it is {stored.status}.")
        if arn in _here:
            _here[arn].stop()
            return
        with self.machine.store.transaction():
            current = self.get(arn)
            if current.status == "Executing":
                document = current.document | {"LastModifiedTime": now()}
                self.machine.store.update_execution(arn, "Stopping", document)

    def get(self, arn: str) -> StoredExecution:
        """A stored execution; one whose owner is gone is marked as interrupted first.

        Raises:
            NotFoundError: there is none of this ARN.
        """
        stored = self.machine.store.execution(arn)
        if stored is None:
            raise NotFoundError(f"Pipeline execution '{arn}' does not exist.")
        return self._interrupt(stored) if _is_abandoned(stored) else stored

    def of_pipeline(self, name: str) -> list[StoredExecution]:
        """Newest first."""
        return [
            self._interrupt(stored) if _is_abandoned(stored) else stored
            for stored in self.machine.store.executions(name)
        ]

    def _refuse_to_debug_nothing(self, definition: Definition) -> None:
        """A name that no step has would run everything as if nothing were asked for."""
        wanted = self.machine.debug
        if isinstance(wanted, str) and wanted and wanted not in definition.steps:
            names = ", ".join(definition.steps)
            raise LocalError(f"debug names {wanted!r}, which is no step of this pipeline: {names}.")

    def _run(self, assignment: Assignment, stored: StoredExecution) -> None:
        execution = Execution(self.machine, assignment, stored.document)
        _here[stored.arn] = execution
        execution.start()

    def _new(self, pipeline: Document, request: Document, given: dict[str, str]) -> StoredExecution:
        name = pipeline["PipelineName"]
        started = now()
        arn = self.machine.jobs.arns.execution(name, random_id(12))
        document = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": arn,
            "PipelineExecutionDisplayName": request.get(
                "PipelineExecutionDisplayName", f"execution-{int(started.timestamp() * 1000)}"
            ),
            "PipelineDefinition": pipeline["PipelineDefinition"],
            "Parameters": given,
            "CreationTime": started,
            "LastModifiedTime": started,
            **members_of(request, _KEPT),
        }
        until = time.time() + LEASE_SECONDS
        return StoredExecution(arn, name, "Executing", until, document, owner.this_process())

    def _selection(self, definition: Definition, stored: StoredExecution) -> Selection:
        """What a SelectiveExecutionConfig takes over; nothing without one."""
        config = stored.document.get("SelectiveExecutionConfig")
        if not config:
            return Selection({}, frozenset())
        source = config.get("SourcePipelineExecutionArn") or self._latest(stored)
        # The service says which execution it took, where the request left that open.
        config["SourcePipelineExecutionArn"] = source
        selected = [item["StepName"] for item in config["SelectedSteps"]]
        self.get(source)

        def result_of(name: str) -> StepResult | None:
            step = self.machine.store.step(source, name)
            return self.machine.results.of(step) if step else None

        return select(definition, selected, result_of)

    def _latest(self, stored: StoredExecution) -> str:
        earlier = self.of_pipeline(stored.pipeline)
        found = [execution.arn for execution in earlier if execution.arn != stored.arn]
        if not found:
            raise LocalError(
                "SelectiveExecutionConfig needs an earlier execution of this pipeline, and there "
                "is none; run it as a whole first."
            )
        return found[0]

    def _list_taken_over(self, stored: StoredExecution, selection: Selection) -> None:
        """List the steps that come from another execution, as the service does."""
        config = stored.document.get("SelectiveExecutionConfig", {})
        for name, result in selection.finished.items():
            time_taken = now()
            document = {
                "StepName": name,
                "StartTime": time_taken,
                "EndTime": time_taken,
                "StepStatus": "Succeeded",
                "Metadata": result.metadata,
                "SelectiveExecutionResult": members_of(config, ("SourcePipelineExecutionArn",)),
            }
            self.machine.store.put_step(stored.arn, name, document)

    def _keep_successes(self, arn: str) -> dict[str, StepResult]:
        """Results of the steps that succeeded; the others are taken off the list."""
        finished = {}
        for step in self.machine.store.steps(arn):
            result = self.machine.results.of(step)
            if result is None:
                self.machine.store.delete_step(arn, step["StepName"])
            else:
                finished[step["StepName"]] = result
        return finished

    def _interrupt(self, stored: StoredExecution) -> StoredExecution:
        with self.machine.store.transaction("execution interrupted"):
            current = self.machine.store.execution(stored.arn)
            if current is None or not _is_abandoned(current):
                return current or stored
            document = current.document | {
                "FailureReason": _INTERRUPTED,
                "LastModifiedTime": now(),
            }
            self.machine.store.update_execution(current.arn, "Failed", document)
            for step in self.machine.store.steps(current.arn):
                if step["StepStatus"] == "Executing":
                    self.machine.store.put_step(current.arn, step["StepName"], self._ending(step))
        return replace(current, status="Failed", document=document)

    def _ending(self, step: Document) -> Document:
        """A step that ran when its owner died; its job may have ended just before."""
        metadata = step.get("Metadata", {})
        ended = step | {"EndTime": now()}
        if metadata and self.machine.results.succeeded(metadata) is not None:
            return ended | {"StepStatus": "Succeeded"}
        return ended | {"StepStatus": "Failed", "FailureReason": f"ClientError: {_INTERRUPTED}"}


def _is_abandoned(stored: StoredExecution) -> bool:
    """Does the state say that it runs, while nobody runs it?"""
    if stored.status not in RUNNING:
        return False
    own = _here.get(stored.arn)
    if own is not None:
        return not own.alive
    lives = owner.alive(stored.owner) if stored.owner else None
    if lives is None:
        return stored.lease < time.time()
    return not lives


def _values(definition: Definition, given: dict[str, str]) -> dict[str, Any]:
    values, problems = start_values(definition.parameters, given)
    if problems:
        raise DefinitionError(problems)
    return values


def _variables(execution: StoredExecution) -> dict[str, Any]:
    return {
        "StartDateTime": execution.document["CreationTime"].isoformat(),
        "PipelineName": execution.pipeline,
        "PipelineArn": execution.document["PipelineArn"],
        "PipelineExecutionId": last_part(execution.arn),
        "PipelineExecutionArn": execution.arn,
    }


def _parallel(*sources: Document) -> int:
    """How many steps may run at once: the start's setting, the pipeline's, or the cores."""
    for source in sources:
        setting = source.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
        if setting:
            return int(setting)
    return os.cpu_count() or 1
