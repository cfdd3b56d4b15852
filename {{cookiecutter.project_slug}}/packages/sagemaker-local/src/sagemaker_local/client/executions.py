"""The client's methods for executions of pipelines."""

from __future__ import annotations

from sagemaker_local.client.operations import Listing, in_order, listed, operation, page
from sagemaker_local.client.pipelines import pipeline_named
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError
from sagemaker_local.executions.executions import Executions
from sagemaker_local.executions.records import CALLED, PRIVATE, RUNNING, StoredExecution
from sagemaker_local.registry.pipeline_versions import PIPELINE, PipelineVersions, summary
from sagemaker_local.steps.callback import Callbacks
from sagemaker_local.storage.store import Document, members_of

# The service's reference gives no direction; it answers with the newest first.
_EXECUTIONS = Listing("PipelineExecutionArn", sort_order="Descending")


class ExecutionOperations:
    """Executions: start, look at, stop, retry."""

    engine: Engine
    executions: Executions

    @operation
    def start_pipeline_execution(self, request: Document) -> Document:
        pipeline = pipeline_named(self.engine.store, request["PipelineName"])
        version = PipelineVersions(self.engine.store).wanted(pipeline, request)
        chosen = members_of(version, ("PipelineVersionId", "PipelineDefinition"))
        return {"PipelineExecutionArn": self.executions.start({**pipeline, **chosen}, request)}

    @operation
    def retry_pipeline_execution(self, request: Document) -> Document:
        arn = request["PipelineExecutionArn"]
        self.executions.resume(arn, request)
        return {"PipelineExecutionArn": arn}

    @operation
    def describe_pipeline_execution(self, request: Document) -> Document:
        execution = self.executions.get(request["PipelineExecutionArn"])
        document = execution.document
        return {
            **{key: value for key, value in document.items() if key not in PRIVATE},
            "PipelineExecutionStatus": execution.status,
            **self._aliases(execution),
        }

    @operation
    def update_pipeline_execution(self, request: Document) -> Document:
        arn = self.executions.get(request["PipelineExecutionArn"]).arn
        self.executions.records.call(arn, members_of(request, CALLED))
        return members_of(request, ("PipelineExecutionArn",))

    @operation
    def describe_pipeline_definition_for_execution(self, request: Document) -> Document:
        execution = self.executions.get(request["PipelineExecutionArn"])
        text = self.executions.records.definition(execution.arn)
        return {"PipelineDefinition": text, **members_of(execution.document, ("CreationTime",))}

    @operation
    def list_pipeline_executions(self, request: Document) -> Document:
        pipeline = pipeline_named(self.engine.store, request["PipelineName"])
        stored = {item.arn: item for item in self.executions.of_pipeline(pipeline["PipelineName"])}
        if "PipelineVersionAlias" in request:
            version = PipelineVersions(self.engine.store).wanted(pipeline, request)
            number = version["PipelineVersionId"]
            stored = {arn: each for arn, each in stored.items() if _number(each) == number}
        found = listed([item.document for item in stored.values()], request, _EXECUTIONS)
        summaries = [_summary(stored[item["PipelineExecutionArn"]]) for item in found]
        return page(summaries, request, "PipelineExecutionSummaries")

    @operation
    def list_pipeline_execution_steps(self, request: Document) -> Document:
        arn = request.get("PipelineExecutionArn")
        if arn is None:
            raise LocalError("PipelineExecutionArn must be given.")
        self.executions.get(arn)
        steps = in_order(self.executions.records.steps(arn)[::-1], request)
        return page(steps, request, "PipelineExecutionSteps")

    @operation
    def list_pipeline_parameters_for_execution(self, request: Document) -> Document:
        execution = self.executions.get(request["PipelineExecutionArn"])
        given = execution.document["Parameters"]
        parameters = [{"Name": name, "Value": value} for name, value in given.items()]
        return page(parameters, request, "PipelineParameters")

    @operation
    def send_pipeline_execution_step_success(self, request: Document) -> Document:
        return self._answered(request, members_of(request, ("OutputParameters",)))

    @operation
    def send_pipeline_execution_step_failure(self, request: Document) -> Document:
        return self._answered(request, {"FailureReason": request.get("FailureReason", "")})

    def _answered(self, request: Document, answer: Document) -> Document:
        """Answer a callback of an execution that runs."""
        callbacks, token = Callbacks(self.engine.store), request["CallbackToken"]
        with self.engine.store.transaction():
            execution = self.executions.get(callbacks.execution(token))
            if execution.status not in RUNNING:
                callbacks.close(token)
                callbacks.execution(token)
            callbacks.give(token, answer)
        return {"PipelineExecutionArn": execution.arn}

    @operation
    def stop_pipeline_execution(self, request: Document) -> Document:
        self.executions.stop(request["PipelineExecutionArn"])
        return {"PipelineExecutionArn": request["PipelineExecutionArn"]}

    def _aliases(self, execution: StoredExecution) -> Document:
        """Those that the version of an execution has now, if it is there."""
        versions = PipelineVersions(self.engine.store)
        if not versions.have_aliases(execution.pipeline, _number(execution)):
            return {}
        pipeline = self.engine.store.resource(PIPELINE, execution.pipeline)
        found = versions.numbered(pipeline, _number(execution)) if pipeline else None
        return members_of(summary(found or {}), ("PipelineVersionAliases",))


def _number(execution: StoredExecution) -> int:
    """The version that it ran; the first, if an earlier engine started it."""
    return int(execution.document.get("PipelineVersionId", 1))


def _summary(execution: StoredExecution) -> Document:
    summary = {
        "PipelineExecutionArn": execution.arn,
        "StartTime": execution.document["CreationTime"],
        "PipelineExecutionStatus": execution.status,
        **members_of(
            execution.document,
            ("PipelineExecutionDisplayName", "PipelineExecutionDescription"),
        ),
    }
    if "FailureReason" in execution.document:
        summary["PipelineExecutionFailureReason"] = execution.document["FailureReason"]
    return summary
