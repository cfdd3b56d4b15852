"""RegisterModel steps: the next version of a model package group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.document import Step
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.registry.packages import NoSuchPackage
from sagemaker_local.registry.sources import with_source
from sagemaker_local.steps.step_type import StepContext, StepResult, StepState, StepType


class RegisterModelStep(StepType):
    """Adds a model package to the registry."""

    name = "RegisterModel"
    metadata = "RegisterModel"
    settings = Settings(
        table(
            "ModelPackageGroupName ModelPackageDescription InferenceSpecification ModelMetrics "
            "ModelApprovalStatus MetadataProperties CustomerMetadataProperties "
            "DriftCheckBaselines Domain Task SamplePayloadUrl AdditionalInferenceSpecifications "
            "SkipModelValidation SourceUri ModelCard ModelLifeCycle ModelPackageRegistrationType",
            "ClientToken Tags SecurityConfig",
        ),
        ignored_below=("KmsKeyId", "VolumeKmsKeyId"),
    )
    request = "CreateModelPackageInput"
    response = "DescribeModelPackageOutput"

    def refusals(self, step: Step) -> Iterator[str]:
        if "ModelPackageGroupName" not in step.arguments:
            yield "it has no ModelPackageGroupName; a local registry keeps versioned packages only"

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        request = with_source(context.state.store, arguments)
        package = context.state.registry.register(request)
        return StepResult(package, {self.metadata: {"Arn": package["ModelPackageArn"]}})

    def result(self, value: Any, state: StepState) -> StepResult | None:
        try:
            package = state.registry.package(value["Arn"])
        except NoSuchPackage:
            return None
        return StepResult(package, {self.metadata: value})


STEP = RegisterModelStep()
