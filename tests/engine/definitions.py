"""Short ways to write pipeline definitions; what the SDK's objects would print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

ROLE = "arn:aws:iam::000000000000:role/sagemaker-local"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
# One that the service takes for no algorithm of its own, so that metrics may be defined for it.
OWN_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1.0"
CODE = "/opt/ml/processing/input/code"
OUTPUT = "/opt/ml/processing/output"
_CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}


def definition(*steps: Json, parameters: Sequence[Json] = (), **members: Any) -> str:
    """A definition's text."""
    document = {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": list(parameters),
        "PipelineExperimentConfig": {"ExperimentName": get("Execution.PipelineName")},
        "Steps": list(steps),
        **members,
    }
    return json.dumps(document)


def parameter(name: str, kind: str, default: Any = None, choices: Sequence[Any] = ()) -> Json:
    item: Json = {"Name": name, "Type": kind}
    if default is not None:
        item["DefaultValue"] = default
    return item | ({"EnumValues": list(choices)} if choices else {})


def get(text: str) -> Json:
    return {"Get": text}


def join(on: str, *values: Any) -> Json:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def json_get(step: str, file: str, path: str) -> Json:
    reference = get(f"Steps.{step}.PropertyFiles.{file}")
    return {"Std:JsonGet": {"PropertyFile": reference, "Path": path}}


def output_of(step: str, name: str) -> Json:
    """The URI of a processing step's output."""
    return get(f"Steps.{step}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")


def artifacts_of(step: str) -> Json:
    return get(f"Steps.{step}.ModelArtifacts.S3ModelArtifacts")


def step(name: str, kind: str, arguments: Json, **members: Any) -> Json:
    """Any step; ``members`` stand beside its Name, Type and Arguments."""
    return {"Name": name, "Type": kind, "Arguments": arguments, **members}


def processing(
    name: str,
    code: Any,
    *,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | Iterable[str] = (),
    arguments: Sequence[Any] = (),
    environment: Mapping[str, Any] | None = None,
    files: Mapping[str, tuple[str, str]] | None = None,
    **members: Any,
) -> Json:
    """A Processing step that runs ``script.py`` of the code prefix.

    Args:
        name: the step's name.
        code: the S3 URI of the folder with ``script.py``.
        inputs: URI by name; each is at ``/opt/ml/processing/input/<name>``.
        outputs: URI by name, or just names for a URI made of execution, step and name.
        arguments: the script's.
        environment: variables.
        files: property files, ``{name: (output, path)}``.
        members: of the step, such as DependsOn.
    """
    targets = outputs if isinstance(outputs, Mapping) else {o: _target(name, o) for o in outputs}
    sources = {"code": code, **(inputs or {})}
    application: Json = {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["python3", f"{CODE}/script.py"],
    }
    if arguments:
        application["ContainerArguments"] = list(arguments)
    request: Json = {
        "ProcessingResources": {"ClusterConfig": dict(_CLUSTER)},
        "AppSpecification": application,
        "RoleArn": ROLE,
        "ProcessingInputs": [_input(*item) for item in sources.items()],
    }
    if targets:
        request["ProcessingOutputConfig"] = {"Outputs": [_output(*i) for i in targets.items()]}
    if environment:
        request["Environment"] = dict(environment)
    if files:
        members["PropertyFiles"] = [
            {"PropertyFileName": file, "OutputName": output, "FilePath": path}
            for file, (output, path) in files.items()
        ]
    return step(name, "Processing", request, **members)


def _target(step_name: str, output: str) -> Json:
    execution = get("Execution.PipelineExecutionId")
    return join("/", "s3:/", "sagemaker-local", "runs", execution, step_name, output)


def _input(name: str, uri: Any) -> Json:
    source = {
        "S3Uri": uri,
        "LocalPath": f"/opt/ml/processing/input/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    return {"InputName": name, "S3Input": source}


def _output(name: str, uri: Any) -> Json:
    target = {"S3Uri": uri, "LocalPath": f"{OUTPUT}/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": target}


def training(
    name: str,
    channels: Mapping[str, Any],
    *,
    hyperparameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, str] | None = None,
    environment: Mapping[str, Any] | None = None,
    **members: Any,
) -> Json:
    """A Training step; ``channels`` gives the URI by name and holds ``code`` and ``sm_drivers``."""
    algorithm: Json = {"TrainingInputMode": "File", "TrainingImage": IMAGE}
    if metrics:
        algorithm["TrainingImage"] = OWN_IMAGE
        algorithm["MetricDefinitions"] = [
            {"Name": metric, "Regex": regex} for metric, regex in metrics.items()
        ]
    request: Json = {
        "AlgorithmSpecification": algorithm,
        "InputDataConfig": [_channel(*item) for item in channels.items()],
        "OutputDataConfig": {"S3OutputPath": "s3://sagemaker-local/models"},
        "ResourceConfig": dict(_CLUSTER),
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
    if hyperparameters:
        request["HyperParameters"] = dict(hyperparameters)
    if environment:
        request["Environment"] = dict(environment)
    return step(name, "Training", request, **members)


def integer(name: str, low: Any, high: Any, scale: Any = None) -> Json:
    return _bounded("Integer", name, low, high, scale)


def continuous(name: str, low: Any, high: Any, scale: Any = None) -> Json:
    return _bounded("Continuous", name, low, high, scale)


def categorical(name: Any, *values: Any) -> Json:
    return {"CategoricalParameterRanges": [{"Name": name, "Values": list(values)}]}


def _bounded(kind: str, name: str, low: Any, high: Any, scale: Any) -> Json:
    """A range; plain ends become text, as they are on the wire."""
    ends = [end if isinstance(end, dict) else str(end) for end in (low, high)]
    item = {"Name": name, "MinValue": ends[0], "MaxValue": ends[1]}
    return {f"{kind}ParameterRanges": [item | ({"ScalingType": scale} if scale else {})]}


def tuning_config(
    *ranges: Json,
    strategy: Any = "Random",
    objective: str = "Minimize",
    jobs: Any = 3,
    parallel: Any = 1,
    **members: Any,
) -> Json:
    """A HyperParameterTuningJobConfig for the metric ``loss``; ``jobs`` None leaves it out."""
    found: dict[str, list[Json]] = {}
    for item in ranges:
        for kind, values in item.items():
            found.setdefault(kind, []).extend(values)
    limits = {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel}
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": objective, "MetricName": "loss"},
        "ResourceLimits": {key: value for key, value in limits.items() if value is not None},
        "ParameterRanges": found,
        **members,
    }


def tuning(
    name: str,
    config: Json,
    static: Mapping[str, Any],
    *,
    channels: Mapping[str, Any] | None = None,
    regex: str = r"loss=(\S+)",
    arguments: Json | None = None,
    **members: Any,
) -> Json:
    """A Tuning step.

    Args:
        name: the step's name.
        config: what ``tuning_config`` gives.
        static: the hyperparameters of every try; ``Local.submitted`` names a script.
        channels: URI by name.
        regex: of the metric ``loss``.
        arguments: replaces members of the TrainingJobDefinition.
        members: of the step.
    """
    definition: Json = {
        "AlgorithmSpecification": {
            "TrainingInputMode": "File",
            "TrainingImage": OWN_IMAGE,
            "MetricDefinitions": [{"Name": "loss", "Regex": regex}],
        },
        "StaticHyperParameters": dict(static),
        "OutputDataConfig": {"S3OutputPath": "s3://sagemaker-local/models"},
        "ResourceConfig": dict(_CLUSTER),
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **({"InputDataConfig": [_channel(*item) for item in channels.items()]} if channels else {}),
        **(arguments or {}),
    }
    request = {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition}
    return step(name, "Tuning", request, **members)


def best_model_of(step_name: str, index: int = 0) -> Json:
    """What the SDK's ``TuningStep.get_top_model_s3_uri`` makes."""
    job = get(f"Steps.{step_name}.TrainingJobSummaries[{index}].TrainingJobName")
    return join("/", "s3:/", "sagemaker-local", "models", job, "output/model.tar.gz")


def _channel(name: str, uri: Any) -> Json:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}


def compare(kind: str, left: Any, right: Any) -> Json:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def condition(
    name: str,
    conditions: Sequence[Json],
    if_steps: Sequence[Json] = (),
    else_steps: Sequence[Json] = (),
    **members: Any,
) -> Json:
    arguments = {
        "Conditions": list(conditions),
        "IfSteps": list(if_steps),
        "ElseSteps": list(else_steps),
    }
    return step(name, "Condition", arguments, **members)


def true(name: str, *if_steps: Json, else_steps: Sequence[Json] = (), **members: Any) -> Json:
    """A condition that holds."""
    return condition(name, [compare("Equals", 1, 1)], if_steps, else_steps, **members)


def false(name: str, *else_steps: Json, if_steps: Sequence[Json] = (), **members: Any) -> Json:
    """A condition that does not hold."""
    return condition(name, [compare("Equals", 1, 2)], if_steps, else_steps, **members)


def fail(name: str, message: Any = "enough", **members: Any) -> Json:
    return step(name, "Fail", {"ErrorMessage": message}, **members)


def model(name: str, data: Any, **members: Any) -> Json:
    container = {"Image": IMAGE, "ModelDataUrl": data, "Environment": {"A": "b"}}
    request = {"ExecutionRoleArn": ROLE, "PrimaryContainer": container}
    return step(name, "Model", request, **members)


def register(name: str, group: Any, data: Any, *, status: Any = None, **members: Any) -> Json:
    return step(name, "RegisterModel", package_request(group, data, status), **members)


def function(
    name: str,
    arn: Any,
    outputs: Mapping[str, str] | None = None,
    event: Json | None = None,
    **members: Any,
) -> Json:
    """A Lambda step; ``outputs`` gives the type by name."""
    declared = [{"OutputName": o, "OutputType": kind} for o, kind in (outputs or {}).items()]
    return step(name, "Lambda", event or {}, FunctionArn=arn, OutputParameters=declared, **members)


def callback(
    name: str, queue: Any, outputs: Mapping[str, str] | None = None, data: Json | None = None
) -> Json:
    """A Callback step; ``outputs`` gives the type by name."""
    declared = [{"OutputName": o, "OutputType": kind} for o, kind in (outputs or {}).items()]
    return step(name, "Callback", data or {}, SqsQueueUrl=queue, OutputParameters=declared)


def answer_of(step_name: str, output: str) -> Json:
    """An output parameter of a Lambda step."""
    return get(f"Steps.{step_name}.OutputParameters['{output}']")


def package_request(group: Any, data: Any, status: Any = None, **members: Any) -> Json:
    """A CreateModelPackage request."""
    request: Json = {
        "ModelPackageGroupName": group,
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl": data}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        **members,
    }
    return request | ({"ModelApprovalStatus": status} if status else {})


def transform(
    name: str,
    model_name: Any,
    data: Any,
    output: Any,
    *,
    source: Mapping[str, Any] | None = None,
    target: Mapping[str, Any] | None = None,
    processing: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **members: Any,
) -> Json:
    """A Transform step.

    Args:
        name: the step's.
        model_name: the model's.
        data: the S3 URI of the input.
        output: the S3 URI of the outputs.
        source: further members of TransformInput.
        target: further members of TransformOutput.
        processing: DataProcessing.
        options: further members of the request.
        members: of the step, such as DependsOn.
    """
    request: Json = {
        "ModelName": model_name,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}},
            **(source or {}),
        },
        "TransformOutput": {"S3OutputPath": output, **(target or {})},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **(options or {}),
    }
    if processing:
        request["DataProcessing"] = dict(processing)
    return step(name, "Transform", request, **members)
