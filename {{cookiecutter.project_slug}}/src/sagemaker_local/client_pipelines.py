"""The client's methods for pipelines and their executions."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

from sagemaker_local import checks
from sagemaker_local.bucket import Bucket
from sagemaker_local.definition import Definition, parse
from sagemaker_local.errors import DefinitionError, invalid, not_found
from sagemaker_local.execution import LEASE_SECONDS, Execution, Machine
from sagemaker_local.names import Arns, last_part, random_id
from sagemaker_local.operations import in_order, operation, page, select
from sagemaker_local.parameters import start_values
from sagemaker_local.store import Document, Store, now
from sagemaker_local.store import Execution as StoredExecution
from sagemaker_local.tags import add_tags

PIPELINE = "pipeline"
_RUNNING = ("Executing", "Stopping")
_INTERRUPTED = (
    "The process that ran this execution ended before the execution did; start the pipeline again."
)


class PipelineOperations:
    """Pipelines: create, update, describe, delete, list; executions: start, stop, look."""

    store: Store
    arns: Arns
    bucket: Bucket
    machine: Machine
    _executions: dict[str, Execution]

    @operation
    def create_pipeline(self, request: Document) -> Document:
        name = request["PipelineName"]
        definition = self._definition_text(request, "CreatePipeline")
        created = now()
        document = {
            "PipelineArn": self.arns.pipeline(name),
            "PipelineName": name,
            "PipelineDisplayName": request.get("PipelineDisplayName", name),
            "PipelineDefinition": definition,
            "RoleArn": request["RoleArn"],
            "PipelineStatus": "Active",
            "CreationTime": created,
            "LastModifiedTime": created,
            **select(request, ("PipelineDescription", "ParallelismConfiguration")),
        }
        if not self.store.add_resource(PIPELINE, name, document):
            raise invalid(
                f"Pipeline names must be unique within an AWS account and region. Pipeline with "
                f"name ({name}) already exists.",
                "CreatePipeline",
            )
        add_tags(self.store, document["PipelineArn"], request)
        return {"PipelineArn": document["PipelineArn"]}

    @operation
    def update_pipeline(self, request: Document) -> Document:
        pipeline = self._pipeline(request["PipelineName"], "UpdatePipeline")
        changes = select(
            request,
            ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration"),
        )
        if "PipelineDefinition" in request or "PipelineDefinitionS3Location" in request:
            changes["PipelineDefinition"] = self._definition_text(request, "UpdatePipeline")
        pipeline |= {**changes, "LastModifiedTime": now()}
        self.store.update_resource(PIPELINE, pipeline["PipelineName"], pipeline)
        return {"PipelineArn": pipeline["PipelineArn"]}

    @operation
    def describe_pipeline(self, request: Document) -> Document:
        pipeline = self._pipeline(request["PipelineName"], "DescribePipeline")
        executions = self.store.executions(pipeline["PipelineName"])
        if executions:
            pipeline["LastRunTime"] = executions[0].document["CreationTime"]
        return pipeline

    @operation
    def delete_pipeline(self, request: Document) -> Document:
        pipeline = self._pipeline(request["PipelineName"], "DeletePipeline")
        self.store.delete_resource(PIPELINE, pipeline["PipelineName"])
        return {"PipelineArn": pipeline["PipelineArn"]}

    @operation
    def list_pipelines(self, request: Document) -> Document:
        prefix = request.get("PipelineNamePrefix", "")
        members = (
            "PipelineArn",
            "PipelineName",
            "PipelineDisplayName",
            "PipelineDescription",
            "RoleArn",
            "CreationTime",
            "LastModifiedTime",
        )
        found = [
            select(pipeline, members)
            for pipeline in in_order(self.store.resources(PIPELINE), request)
            if pipeline["PipelineName"].startswith(prefix)
        ]
        return page(found, request, "PipelineSummaries")

    @operation
    def start_pipeline_execution(self, request: Document) -> Document:
        pipeline = self._pipeline(request["PipelineName"], "StartPipelineExecution")
        if "SelectiveExecutionConfig" in request:
            raise invalid("Selective execution is not run locally yet.", "StartPipelineExecution")
        given = {item["Name"]: item["Value"] for item in request.get("PipelineParameters", [])}
        definition = _runnable(pipeline["PipelineDefinition"])
        values, problems = start_values(definition.parameters, given)
        if problems:
            raise DefinitionError(problems)
        stored = self._new_execution(pipeline, request, given)
        self.store.add_execution(stored)
        execution = Execution(
            self.machine,
            stored.arn,
            definition,
            values,
            stored.document,
            self._variables(pipeline, stored),
            _parallel(request, pipeline),
        )
        self._executions[stored.arn] = execution
        execution.start()
        return {"PipelineExecutionArn": stored.arn}

    @operation
    def describe_pipeline_execution(self, request: Document) -> Document:
        execution = self._execution(request["PipelineExecutionArn"], "DescribePipelineExecution")
        document = execution.document
        hidden = ("Parameters", "PipelineDefinition")
        return {
            **{key: value for key, value in document.items() if key not in hidden},
            "PipelineExecutionStatus": execution.status,
        }

    @operation
    def describe_pipeline_definition_for_execution(self, request: Document) -> Document:
        execution = self._execution(
            request["PipelineExecutionArn"], "DescribePipelineDefinitionForExecution"
        )
        return select(execution.document, ("PipelineDefinition", "CreationTime"))

    @operation
    def list_pipeline_executions(self, request: Document) -> Document:
        name = self._pipeline(request["PipelineName"], "ListPipelineExecutions")["PipelineName"]
        summaries = [self._summary(item) for item in self.store.executions(name)]
        return page(in_order(summaries, request), request, "PipelineExecutionSummaries")

    @operation
    def list_pipeline_execution_steps(self, request: Document) -> Document:
        arn = request.get("PipelineExecutionArn", "")
        self._execution(arn, "ListPipelineExecutionSteps")
        steps = in_order(self.store.steps(arn)[::-1], request)
        return page(steps, request, "PipelineExecutionSteps")

    @operation
    def list_pipeline_parameters_for_execution(self, request: Document) -> Document:
        execution = self._execution(
            request["PipelineExecutionArn"], "ListPipelineParametersForExecution"
        )
        given = execution.document["Parameters"]
        parameters = [{"Name": name, "Value": value} for name, value in given.items()]
        return page(parameters, request, "PipelineParameters")

    @operation
    def stop_pipeline_execution(self, request: Document) -> Document:
        arn = request["PipelineExecutionArn"]
        execution = self._execution(arn, "StopPipelineExecution")
        if execution.status not in _RUNNING:
            raise invalid(
                f"The execution has already ended: it is {execution.status}.",
                "StopPipelineExecution",
            )
        if arn not in self._executions:
            raise invalid(
                "The execution runs in another process; stop it there.", "StopPipelineExecution"
            )
        self._executions[arn].stop()
        return {"PipelineExecutionArn": arn}

    def _definition_text(self, request: Document, name: str) -> str:
        """The request's definition, which must be one that can run here.

        Raises:
            DefinitionError: with every reason why it cannot.
        """
        location = request.get("PipelineDefinitionS3Location")
        if location:
            file = self.bucket.existing(f"s3://{location['Bucket']}/{location['ObjectKey']}")
            text = file.read_text(encoding="utf-8")
        elif "PipelineDefinition" in request:
            text = request["PipelineDefinition"]
        else:
            raise invalid("Either PipelineDefinition or its S3 location must be given.", name)
        _runnable(text)
        return text

    def _pipeline(self, name_or_arn: str, name: str) -> Document:
        document = self.store.resource(PIPELINE, last_part(name_or_arn))
        if document is None:
            raise not_found(f"Pipeline '{last_part(name_or_arn)}' does not exist.", name)
        return document

    def _execution(self, arn: str, name: str) -> StoredExecution:
        """A stored execution; one whose owner is gone is marked as interrupted first."""
        execution = self.store.execution(arn)
        if execution is None:
            raise not_found(f"Pipeline execution '{arn}' does not exist.", name)
        if execution.status not in _RUNNING or execution.lease > time.time():
            return execution
        own = self._executions.get(arn)
        # The lease of an execution of this very process may run out too: a laptop slept.
        return execution if own is not None and own.alive else self._interrupt(execution)

    def _interrupt(self, execution: StoredExecution) -> StoredExecution:
        with self.store.transaction():
            current = self.store.execution(execution.arn)
            if current is None or current.status not in _RUNNING or current.lease > time.time():
                return current or execution
            document = current.document | {
                "FailureReason": _INTERRUPTED,
                "LastModifiedTime": now(),
            }
            self.store.update_execution(current.arn, "Failed", document)
            for step in self.store.steps(current.arn):
                if step["StepStatus"] == "Executing":
                    ended = {"StepStatus": "Failed", "EndTime": now()}
                    reason = {"FailureReason": f"ClientError: {_INTERRUPTED}"}
                    self.store.put_step(current.arn, step["StepName"], step | ended | reason)
        return replace(current, status="Failed", document=document)

    def _new_execution(
        self, pipeline: Document, request: Document, given: dict[str, str]
    ) -> StoredExecution:
        execution_id = random_id(12)
        name = pipeline["PipelineName"]
        started = now()
        arn = self.arns.execution(name, execution_id)
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
            **select(request, ("PipelineExecutionDescription", "ParallelismConfiguration")),
        }
        return StoredExecution(arn, name, "Executing", time.time() + LEASE_SECONDS, document)

    def _variables(self, pipeline: Document, execution: StoredExecution) -> dict[str, Any]:
        return {
            "StartDateTime": execution.document["CreationTime"].isoformat(),
            "PipelineName": pipeline["PipelineName"],
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionId": last_part(execution.arn),
            "PipelineExecutionArn": execution.arn,
        }

    def _summary(self, item: StoredExecution) -> Document:
        execution = self._execution(item.arn, "ListPipelineExecutions")
        summary = {
            "PipelineExecutionArn": execution.arn,
            "StartTime": execution.document["CreationTime"],
            "PipelineExecutionStatus": execution.status,
            **select(
                execution.document,
                ("PipelineExecutionDisplayName", "PipelineExecutionDescription"),
            ),
        }
        if "FailureReason" in execution.document:
            summary["PipelineExecutionFailureReason"] = execution.document["FailureReason"]
        return summary


def _runnable(text: str) -> Definition:
    definition = parse(text)
    problems = checks.check(definition)
    if problems:
        raise DefinitionError(problems)
    return definition


def _parallel(request: Document, pipeline: Document) -> int:
    """How many steps may run at once: the start's setting, the pipeline's, or the cores."""
    for source in (request, pipeline):
        setting = source.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
        if setting:
            return int(setting)
    return os.cpu_count() or 1
