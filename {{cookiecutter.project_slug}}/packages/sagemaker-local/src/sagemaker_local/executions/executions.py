"""Executions of pipelines: started, resumed, stopped, and found interrupted."""

from __future__ import annotations

import copy
import os
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_local.definition.document import Definition, read
from sagemaker_local.definition.parameters import start_values
from sagemaker_local.errors import DefinitionError, LocalError, NotFoundError, Problem
from sagemaker_local.executions.execution import LEASE_SECONDS, Assignment, Execution, Machine
from sagemaker_local.executions.selection import Selection, select
from sagemaker_local.names import last_part, random_id
from sagemaker_local.planning import checks, notices
from sagemaker_local.planning.support import SETTINGS, Support
from sagemaker_local.processes import owner
from sagemaker_local.steps.functions import typed
from sagemaker_local.steps.results import StepResult
from sagemaker_local.storage.store import Document, members_of, now
from sagemaker_local.storage.store import Execution as StoredExecution

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

_REFUSED = {name for name, support in SETTINGS.items() if support is Support.REFUSED}

# Of this process, by ARN: several sessions of it may look at one execution. One whose end is stored
# is forgotten: it would keep its state's file open, and all its documents, as long as the process.
_here: dict[str, Execution] = {}
_forgetting = threading.Lock()


@dataclass(frozen=True)
class Executions:
    """All executions of one state."""

    machine: Machine

    def start(self, pipeline: Document, request: Document) -> str:
        """Start a pipeline; gives the execution's ARN.

        Raises:
            DefinitionError: with every reason why it cannot start.
            LocalError: the request asks for what a local session does not have.
        """
        for name in sorted(set(request) & _REFUSED):
            raise LocalError(
                f"{name} is not run locally: a local session keeps the newest definition of a "
                "pipeline only."
            )
        given = {item["Name"]: item["Value"] for item in request.get("PipelineParameters", [])}
        definition, values = self._startable(pipeline["PipelineDefinition"], given)
        stored = self._new(pipeline, request, given)
        selection = self._selection(definition, stored)
        token = f"start {stored.pipeline} {request['ClientRequestToken']}"
        store = self.machine.store
        with store.transaction("execution started"):
            # A request that is sent again, because its answer got lost, starts nothing.
            earlier = store.remembered(token, "")
            if earlier is not None:
                return earlier
            store.remember(token, "", stored.arn)
            store.add_execution(stored)
            self._list_taken_over(stored, selection)
        notices.announce(definition, request)
        self._run(stored, definition, values, selection)
        return stored.arn

    def check(self, text: str) -> None:
        """Check a definition, which must be one that can run here.

        Raises:
            DefinitionError: with every reason why it cannot.
        """
        _, problems = self._read(text)
        if problems:
            raise DefinitionError(problems)

    def resume(self, arn: str, request: Document) -> None:
        """Run again what has not succeeded in an ended execution.

        Raises:
            NotFoundError: there is none of this ARN.
            LocalError: it still runs, or has nothing left to run.
        """
        token = f"retry {arn} {request['ClientRequestToken']}"
        store = self.machine.store
        if store.remembered(token, "") is not None:
            return
        stored = self._ended(arn)
        definition, values = self._startable(
            stored.document["PipelineDefinition"], stored.document["Parameters"]
        )
        selection = self._selection(definition, stored)
        with store.transaction("execution resumed"):
            self._ended(arn)  # another process may have been faster
            finished = self._keep_successes(arn, definition)
            kept = members_of(request, ("ParallelismConfiguration",))
            document = {**stored.document, **kept, "LastModifiedTime": now()}
            document.pop("FailureReason", None)
            store.remember(token, "", arn)
            store.update_execution(arn, "Executing", document)
            store.renew_lease(arn, time.time() + LEASE_SECONDS, owner.this_process())
            with _forgetting:
                _here.pop(arn, None)
        finished = {**selection.finished, **finished}
        self._run(
            replace(stored, document=document),
            definition,
            values,
            replace(selection, finished=finished),
        )

    def _ended(self, arn: str) -> StoredExecution:
        """An execution that can be resumed.

        Raises:
            NotFoundError: there is none of this ARN.
            LocalError: it is still running, or has nothing left to run.
        """
        stored = self.get(arn)
        if stored.status not in ("Failed", "Stopped"):
            raise LocalError(
                f"The execution is {stored.status}; only one that is Failed or Stopped is retried."
            )
        return stored

    def stop(self, arn: str) -> None:
        """Ask an execution to stop; its owner does it, which may be another process.

        Raises:
            NotFoundError: there is none of this ARN.
            LocalError: it has ended.
        """
        stored = self.get(arn)
        if stored.status not in RUNNING:
            raise LocalError(f"The execution has already ended: it is {stored.status}.")
        own = _here.get(arn)
        if own is not None:
            own.stop()
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

    def _read(self, text: str) -> tuple[Definition, list[Problem]]:
        definition, problems = read(text)
        return definition, problems + checks.check(definition, tuple(self.machine.functions))

    def _startable(self, text: str, given: dict[str, str]) -> tuple[Definition, dict[str, Any]]:
        """A definition, and the values of its parameters.

        Raises:
            DefinitionError: with every reason why it cannot start.
        """
        definition, problems = self._read(text)
        values, misgiven = start_values(definition.parameters, given)
        if problems or misgiven:
            raise DefinitionError(problems + misgiven)
        self._refuse_to_debug_nothing(definition)
        return definition, values

    def _run(
        self,
        stored: StoredExecution,
        definition: Definition,
        values: dict[str, Any],
        selection: Selection,
    ) -> None:
        assignment = Assignment(
            stored.arn,
            stored.pipeline,
            definition,
            values,
            _variables(stored),
            _parallel(stored.document),
            selection.finished,
            selection.left_out,
        )
        execution = Execution(self.machine, assignment, stored.document, when_stored=_forget)
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
            **members_of(pipeline, ("ParallelismConfiguration",)),
            **copy.deepcopy(members_of(request, _KEPT)),
        }
        until = time.time() + LEASE_SECONDS
        return StoredExecution(arn, name, "Executing", until, document, owner.this_process())

    def _selection(self, definition: Definition, stored: StoredExecution) -> Selection:
        """What a SelectiveExecutionConfig takes over; nothing without one.

        Raises:
            DefinitionError: with every reason why it cannot.
            NotFoundError: there is no such source execution.
            LocalError: there is nothing to take over from, or only from another pipeline.
        """
        config = stored.document.get("SelectiveExecutionConfig")
        if not config:
            return Selection({}, frozenset())
        source = config.get("SourcePipelineExecutionArn") or self._latest(stored)
        if source is not None:
            # The service says which execution it took, where the request left that open.
            config["SourcePipelineExecutionArn"] = source
            if self.get(source).pipeline != stored.pipeline:
                raise LocalError(
                    f"SourcePipelineExecutionArn {source} is an execution of another pipeline than "
                    f"{stored.pipeline!r}; name one of the same."
                )
        selected = [item["StepName"] for item in config["SelectedSteps"]]

        def result_of(name: str) -> StepResult | None:
            if source is None:
                raise LocalError(
                    "SelectiveExecutionConfig needs an earlier execution of this pipeline, and "
                    "there is none; run it as a whole first."
                )
            step = self.machine.store.step(source, name)
            return self._result(definition, step) if step else None

        return select(definition, selected, result_of)

    def _latest(self, stored: StoredExecution) -> str | None:
        """The newest other execution of a pipeline."""
        earlier = (execution.arn for execution in self.of_pipeline(stored.pipeline))
        return next((arn for arn in earlier if arn != stored.arn), None)

    def _result(self, definition: Definition, listed: Document) -> StepResult | None:
        """The result of a step that succeeded earlier; None if it is not there, or not of use."""
        result = self.machine.results.of(listed)
        step = definition.steps.get(listed["StepName"])
        if result is None or step is None or step.type != "Lambda":
            return result
        try:
            outputs = typed(step.function_outputs, result.described["OutputParameters"])
        except (KeyError, ValueError):
            return None
        return replace(result, described={"OutputParameters": outputs})

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

    def _keep_successes(self, arn: str, definition: Definition) -> dict[str, StepResult]:
        """Results of the steps that succeeded; the others are taken off the list."""
        finished = {}
        for step in self.machine.store.steps(arn):
            result = self._result(definition, step)
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


def _forget(execution: Execution) -> None:
    with _forgetting:  # another attempt at it may be registered already
        if _here.get(execution.arn) is execution:
            del _here[execution.arn]


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


def _variables(execution: StoredExecution) -> dict[str, Any]:
    return {
        "StartDateTime": execution.document["CreationTime"].isoformat(),
        "PipelineName": execution.pipeline,
        "PipelineArn": execution.document["PipelineArn"],
        "PipelineExecutionId": last_part(execution.arn),
        "PipelineExecutionArn": execution.arn,
    }


def _parallel(document: Document) -> int:
    """How many steps may run at once: the start's setting, the pipeline's, or the cores."""
    setting = document.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
    return int(setting or os.cpu_count() or 1)
