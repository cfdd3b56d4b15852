"""What of each step type runs here, what is accepted without effect; all else is refused.

``ARGUMENTS`` names the members of a step's ``Arguments`` (the service's Create request), and
``MEMBERS`` those beside it. RUN changes what happens, IGNORED has no meaning on one machine
(instance types, roles, networks, encryption).
"""

from __future__ import annotations

from enum import Enum


class Support(Enum):
    RUN = "run"
    IGNORED = "ignored"
    REFUSED = "refused"


def _table(run: str, ignored: str = "") -> dict[str, Support]:
    table = dict.fromkeys(run.split(), Support.RUN)
    return table | dict.fromkeys(ignored.split(), Support.IGNORED)


# A Lambda step's arguments are the event that its function gets.
ANYTHING: dict[str, Support] = {}
ARGUMENTS: dict[str, dict[str, Support]] = {
    "Processing": _table(
        "AppSpecification ProcessingInputs ProcessingOutputConfig Environment StoppingCondition",
        "ProcessingJobName ProcessingResources RoleArn NetworkConfig ExperimentConfig Tags",
    ),
    "Training": _table(
        "AlgorithmSpecification HyperParameters InputDataConfig OutputDataConfig Environment "
        "StoppingCondition",
        "TrainingJobName ResourceConfig RoleArn VpcConfig Tags "
        "EnableManagedSpotTraining EnableInterContainerTrafficEncryption EnableNetworkIsolation "
        "RemoteDebugConfig TensorBoardOutputConfig RetryStrategy InfraCheckConfig CheckpointConfig "
        "SessionChainingConfig ProfilerConfig ProfilerRuleConfigurations DebugHookConfig "
        "DebugRuleConfigurations ExperimentConfig",
    ),
    "Tuning": _table(
        "HyperParameterTuningJobConfig TrainingJobDefinition",
        "HyperParameterTuningJobName Tags",
    ),
    "Transform": _table(
        "ModelName TransformInput TransformOutput BatchStrategy MaxPayloadInMB "
        "MaxConcurrentTransforms DataProcessing Environment",
        "TransformJobName TransformResources ModelClientConfig DataCaptureConfig ExperimentConfig "
        "Tags",
    ),
    "Model": _table(
        "PrimaryContainer Containers",
        "ModelName ExecutionRoleArn VpcConfig EnableNetworkIsolation InferenceExecutionConfig Tags",
    ),
    "RegisterModel": _table(
        "ModelPackageGroupName ModelPackageDescription InferenceSpecification ModelMetrics "
        "ModelApprovalStatus MetadataProperties CustomerMetadataProperties DriftCheckBaselines "
        "Domain Task SamplePayloadUrl AdditionalInferenceSpecifications SkipModelValidation "
        "SourceUri ModelCard ModelLifeCycle",
        "ModelPackageName ClientToken Tags SecurityConfig",
    ),
    "Condition": _table("Conditions"),
    "Fail": _table("ErrorMessage"),
    "Lambda": ANYTHING,
}

_JOBS = ("Processing", "Training", "Tuning", "Transform")
_RETRIED = (*_JOBS, "Model", "RegisterModel", "Lambda")
_ALL = (*_RETRIED, "Condition", "Fail")
# Members of a step beside its ``Arguments``: the types of step for which they are run, and those
# for which they are accepted without effect.
MEMBERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "DependsOn": (_ALL, ()),
    "DisplayName": (_ALL, ()),
    "Description": (_ALL, ()),
    "PropertyFiles": (("Processing",), ()),
    "CacheConfig": (_JOBS, ("Lambda",)),
    "RetryPolicies": (_RETRIED, ()),
    "OutputParameters": (("Lambda",), ()),
}
# Settings of a definition, or of the start of an execution, as a whole.
SETTINGS = {
    "Parameters": Support.RUN,
    "ParallelismConfiguration": Support.RUN,
    "SelectiveExecutionConfig": Support.RUN,
    "ClientRequestToken": Support.RUN,
    "PipelineExecutionDisplayName": Support.RUN,
    "PipelineExecutionDescription": Support.RUN,
    "PipelineExperimentConfig": Support.IGNORED,
    "MlflowConfig": Support.IGNORED,
    "MlflowExperimentName": Support.IGNORED,
    "RoleArn": Support.IGNORED,
    "PipelineVersionId": Support.REFUSED,
    "PipelineVersionAlias": Support.REFUSED,
}
# Settings deep inside arguments that have no meaning on one machine.
IGNORED_INSIDE = (
    "EnableSageMakerMetricsTimeSeries",
    "InstanceGroupNames",
    "InstancePools",
    "KeepAlivePeriodInSeconds",
    "KmsKeyId",
    "MaxPendingTimeInSeconds",
    "MaxWaitTimeInSeconds",
    "ShuffleConfig",
    "TrainingImageConfig",
    "VolumeKmsKeyId",
)
# And those of which one value has none: outputs go up at the end, to one host all objects.
IGNORED_VALUES = {"S3UploadMode": "Continuous", "S3DataDistributionType": "ShardedByS3Key"}

# The Create request that a step's ``Arguments`` are, by step type.
REQUEST_SHAPES = {
    "Processing": "CreateProcessingJobRequest",
    "Training": "CreateTrainingJobRequest",
    "Tuning": "CreateHyperParameterTuningJobRequest",
    "Transform": "CreateTransformJobRequest",
    "Model": "CreateModelInput",
    "RegisterModel": "CreateModelPackageInput",
}

# The Describe response that ``Steps.<name>.<path>`` walks, by step type.
DESCRIBE_SHAPES = {
    "Processing": "DescribeProcessingJobResponse",
    "Training": "DescribeTrainingJobResponse",
    "Tuning": "DescribeHyperParameterTuningJobResponse",
    "Transform": "DescribeTransformJobResponse",
    "Model": "DescribeModelOutput",
    "RegisterModel": "DescribeModelPackageOutput",
}

# Members of a List response that it may walk too, by step type and member.
LIST_SHAPES: dict[tuple[str | int, ...], str] = {
    ("Tuning", "TrainingJobSummaries"): "ListTrainingJobsForHyperParameterTuningJobResponse"
}

NOT_RUN = {
    "QualityCheck": "check steps need AWS's own analyzer image, which does not run here",
    "ClarifyCheck": "check steps need AWS's own analyzer image, which does not run here",
    "Callback": "callbacks wait for an SQS queue, which a local session does not have",
    "EMR": "EMR clusters do not exist locally",
    "EMRServerless": "EMR applications do not exist locally",
    "AutoML": "AutoML is a service of its own and does not run here",
    "ForEach": "ForEach is not run locally",
}

# Programs that start a job; any other entrypoint lives in a container image only.
INTERPRETERS = ("python", "python3", "bash", "sh", "/bin/bash", "/bin/sh")
