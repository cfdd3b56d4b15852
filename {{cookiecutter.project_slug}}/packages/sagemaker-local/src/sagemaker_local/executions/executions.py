"""Executions of pipelines: started, resumed and stopped."""

from __future__ import annotations

import copy
import os
import time
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_local.definition.document import Definition, read
from sagemaker_local.definition.parameters import given_values, start_values
from sagemaker_local.engine import Engine
from sagemaker_local.errors import DefinitionError, LocalError
from sagemaker_local.executions import liveness
from sagemaker_local.executions.execution import LEASE_SECONDS, Assignment, Execution
from sagemaker_local.executions.liveness import LiveExecutions
from sagemaker_local.executions.records import RUNNING, ExecutionRecords, StoredExecution
from sagemaker_local.executions.selection import Selection, Selector
from sagemaker_local.names import last_part, random_id
from sagemaker_local.planning import checks, notices
from sagemaker_local.processes import owner
from sagemaker_local.steps.step_type import StepResult
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Document, members_of, now

_KEPT = (
    "PipelineExecutionDescription",
    "ParallelismConfiguration",
    "SelectiveExecutionConfig",
)

# The members that tell, in a list of steps, of a step that ends its execution.
_ENDING = {step_type.metadata for step_type in STEP_TYPES.values() if step_type.ends_execution}


@dataclass(frozen=True)
class Executions:
    """All executions of one state."""

    engine: Engine

    @property
    def records(self) -> ExecutionRecords:
        return ExecutionRecords(self.engine.store)

    @property
    def _live(self) -> LiveExecutions:
        return LiveExecutions(self.records, self.engine.results)

    @property
    def _selector(self) -> Selector:
        return Selector(self._live)

    def start(self, pipeline: Document, request: Document) -> str:
        """Start a pipeline; gives the execution's ARN.

        Args:
            pipeline: its document, with the definition and id of the version that is to run.
            request: of StartPipelineExecution.

        Raises:
            DefinitionError: with every reason why it cannot start.
            LocalError: the request asks for what a local session does not have.
        """
        given = given_values(request.get("PipelineParameters", []))
        definition, values = self._startable(pipeline["PipelineDefinition"], given)
        stored = self._new(pipeline, request, given, definition)
        selection = self._selector.selection(definition, stored)
        token = f"start {stored.pipeline} {request['ClientRequestToken']}"
        store = self.engine.store
        with liveness.starting(stored.arn):
            with store.transaction("execution started"):
                # A request that is sent again, because its answer got lost, starts nothing.
                earlier = store.remembered(token, "")
                if earlier is not None:
                    return earlier
                store.remember(token, "", stored.arn)
                self.records.add(stored, pipeline["PipelineDefinition"])
                self._selector.list_taken_over(stored, selection)
            notices.announce(definition, request, values, self.engine.bucket)
            self._run(stored, definition, values, selection)
        return stored.arn

    def check(self, text: str) -> None:
        """Check a definition, which must be one that can be kept here.

        Raises:
            DefinitionError: with every reason why it cannot.
        """
        definition, refusals = read(text)
        refusals += checks.check(definition, tuple(self.engine.functions), starts=False)
        if refusals:
            raise DefinitionError(checks.in_order(definition, refusals))

    def resume(self, arn: str, request: Document) -> None:
        """Run again what has not succeeded in an ended execution.

        Raises:
            NotFoundError: there is none of this ARN.
            LocalError: it still runs, or has nothing left to run.
        """
        token = f"retry {arn} {request['ClientRequestToken']}"
        store = self.engine.store
        if store.remembered(token, "") is not None:
            return
        stored = self._ended(arn)
        definition, values = self._startable(
            self.records.definition(arn), stored.document["Parameters"], accepted=True
        )
        selection = self._selector.selection(definition, stored)
        with liveness.starting(arn):
            with store.transaction("execution resumed"):
                self._ended(arn)  # another process may have been faster
                finished = self._keep_successes(arn, definition)
                kept = members_of(request, ("ParallelismConfiguration",))
                document = {**stored.document, **kept, "LastModifiedTime": now()}
                document.pop("FailureReason", None)
                store.remember(token, "", arn)
                self.records.update(arn, "Executing", document)
                self.records.renew_lease(arn, time.time() + LEASE_SECONDS, owner.this_process())
                liveness.forget(arn)
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
            LocalError: it is still running, has nothing left to run, or a Fail step ended it.
        """
        stored = self.get(arn)
        if stored.status not in ("Failed", "Stopped"):
            raise LocalError(
                f"The execution is {stored.status}; only one that is Failed or Stopped is retried."
            )
        steps = self.records.steps(arn)
        ended_by = [step for step in steps if _ENDING & set(step.get("Metadata", {}))]
        if ended_by:
            raise LocalError(
                f"The Fail step {ended_by[0]['StepName']!r} ended the execution, and such a one is "
                "not retried; start the pipeline again."
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
        own = liveness.here.get(arn)
        if own is not None:
            own.stop()
            return
        with self.engine.store.transaction():
            current = self.get(arn)
            if current.status == "Executing":
                document = current.document | {"LastModifiedTime": now()}
                self.records.update(arn, "Stopping", document)

    def get(self, arn: str) -> StoredExecution:
        """A stored execution; one whose owner is gone is marked as interrupted first.

        Raises:
            NotFoundError: there is none of this ARN.
        """
        return self._live.get(arn)

    def of_pipeline(self, name: str) -> list[StoredExecution]:
        """Newest first."""
        return self._live.of_pipeline(name)

    def delete_of(self, pipeline: str) -> None:
        """Delete all executions of a pipeline, none of which runs."""
        self.records.delete_of(pipeline)

    def _refuse_to_debug_nothing(self, definition: Definition) -> None:
        """A name that no step has would run everything as if nothing were asked for."""
        wanted = self.engine.debug
        if isinstance(wanted, str) and wanted and wanted not in definition.steps:
            names = ", ".join(definition.steps)
            raise LocalError(f"debug names {wanted!r}, which is no step of this pipeline: {names}.")

    def _startable(
        self, text: str, given: dict[str, str], accepted: bool = False
    ) -> tuple[Definition, dict[str, Any]]:
        """A definition, and the values of its parameters.

        Raises:
            DefinitionError: with every reason why it cannot start.
        """
        definition, refusals = read(text)
        values, misgiven = start_values(definition.parameters, given)
        refusals += checks.check(definition, tuple(self.engine.functions), values, accepted)
        refusals = [*checks.in_order(definition, refusals), *misgiven]
        if refusals:
            raise DefinitionError(refusals)
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
            stored.document.get("RoleArn", ""),
            _parallel(stored.document),
            selection.finished,
            selection.left_out,
        )
        execution = Execution(self.engine, assignment, stored.document)
        liveness.here[stored.arn] = execution
        try:
            execution.start()
        except BaseException:
            liveness.forget(stored.arn, execution)
            raise

    def _new(
        self, pipeline: Document, request: Document, given: dict[str, str], definition: Definition
    ) -> StoredExecution:
        name = pipeline["PipelineName"]
        started = now()
        arn = self.engine.arns.execution(name, random_id(12))
        document = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": arn,
            "PipelineExecutionDisplayName": request.get(
                "PipelineExecutionDisplayName", f"execution-{int(started.timestamp() * 1000)}"
            ),
            "Parameters": given,
            "CreationTime": started,
            "LastModifiedTime": started,
            **members_of(pipeline, ("RoleArn", "PipelineVersionId", "ParallelismConfiguration")),
            **copy.deepcopy(members_of(request, _KEPT)),
            **_mlflow(definition, request),
        }
        until = time.time() + LEASE_SECONDS
        return StoredExecution(arn, name, "Executing", until, document, owner.this_process())

    def _keep_successes(self, arn: str, definition: Definition) -> dict[str, StepResult]:
        """Results of the steps that succeeded; the others are taken off the list."""
        finished = {}
        for step in self.records.steps(arn):
            result = self._selector.result(definition, step)
            if result is None:
                self.records.delete_step(arn, step["StepName"])
            else:
                finished[step["StepName"]] = result
        return finished


def _variables(execution: StoredExecution) -> dict[str, Any]:
    return {
        "StartDateTime": execution.document["CreationTime"].isoformat(),
        "PipelineName": execution.pipeline,
        "PipelineArn": execution.document["PipelineArn"],
        "PipelineExecutionId": last_part(execution.arn),
        "PipelineExecutionArn": execution.arn,
    }


def _mlflow(definition: Definition, request: Document) -> Document:
    """What an execution tells of MLflow, which has no effect here: the start names an experiment
    in place of the definition's."""
    if not isinstance(definition.mlflow, dict):
        return {}
    names = ("MlflowResourceArn", "MlflowExperimentName")
    return {"MLflowConfig": members_of({**definition.mlflow, **request}, names)}


def _parallel(document: Document) -> int:
    """How many steps may run at once: the start's setting, the pipeline's, or the cores."""
    setting = document.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
    return int(setting or os.cpu_count() or 1)
