"""Model steps: a model with a name of the execution's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.document import Step
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.names import job_name, last_part
from sagemaker_local.registry.models import MODEL, create_model
from sagemaker_local.steps.step_type import StepContext, StepResult, StepState, StepType


class ModelStep(StepType):
    """Stores a model."""

    name = "Model"
    metadata = "Model"
    settings = Settings(
        table(
            "PrimaryContainer Containers",
            "ModelName ExecutionRoleArn VpcConfig EnableNetworkIsolation InferenceExecutionConfig "
            "Tags",
        )
    )
    request = "CreateModelInput"
    response = "DescribeModelOutput"
    given = ("ModelName",)

    def refusals(self, step: Step) -> Iterator[str]:
        if not {"PrimaryContainer", "Containers"} & set(step.arguments):
            yield "it has neither PrimaryContainer nor Containers; give it one of them"

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        state = context.state
        request = {"ModelName": job_name(context.execution_id, step.name), **arguments}
        model = create_model(state.store, state.jobs.bucket, state.jobs.arns, request)
        return StepResult(model, {self.metadata: {"Arn": model["ModelArn"]}})

    def result(self, value: Any, state: StepState) -> StepResult | None:
        model = state.store.resource(MODEL, last_part(value["Arn"]))
        return None if model is None else StepResult(model, {self.metadata: value})


STEP = ModelStep()
