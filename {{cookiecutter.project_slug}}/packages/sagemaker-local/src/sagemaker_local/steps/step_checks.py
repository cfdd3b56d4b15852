"""What in a step's arguments cannot be run here, by its type; their shape is right already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.conditions import OPERATORS
from sagemaker_local.jobs import training_script as entry
from sagemaker_local.jobs import tuning_search as search
from sagemaker_local.jobs.transform_checks import check_transform
from sagemaker_local.planning.support import INTERPRETERS

_CONTAINER_ROOT = "/opt/ml/"


def check_arguments(step_type: str, arguments: dict[str, Any]) -> Iterator[str]:
    """Sentences, each a reason why a step, or a single job, cannot run."""
    yield from _CHECKS[step_type](arguments)


def _check_processing(arguments: dict[str, Any]) -> Iterator[str]:
    entrypoint = arguments.get("AppSpecification", {}).get("ContainerEntrypoint")
    if not entrypoint:
        yield "it has no ContainerEntrypoint, and a container image's own cannot run without Docker"
    elif isinstance(entrypoint[0], str) and entrypoint[0] not in INTERPRETERS:
        yield f"the entrypoint {entrypoint[0]!r} is a program of its container image"
    for item in arguments.get("ProcessingInputs") or []:
        yield from _check_processing_input(item)
    for item in arguments.get("ProcessingOutputConfig", {}).get("Outputs") or []:
        where = f"output {item.get('OutputName')!r}"
        if "S3Output" not in item:
            yield f"{where}: only S3 outputs are written locally"
        else:
            yield from _check_local_path(where, item["S3Output"])


def _check_processing_input(item: dict[str, Any]) -> Iterator[str]:
    where = f"input {item.get('InputName')!r}"
    source = item.get("S3Input")
    if source is None:
        yield f"{where}: only S3 inputs are read locally"
        return
    yield from _check_local_path(where, source)
    yield from _check_source(where, source.get("S3InputMode"), source.get("S3DataType"))
    if source.get("S3CompressionType", "None") != "None":
        yield f"{where}: compressed inputs are not unpacked locally"


def _check_local_path(where: str, item: dict[str, Any]) -> Iterator[str]:
    path = item.get("LocalPath")
    if not path or "S3Uri" not in item:
        yield f"{where}: it needs a LocalPath and an S3Uri"
    elif isinstance(path, str) and (
        not path.startswith(_CONTAINER_ROOT) or ".." in path.split("/")
    ):
        yield f"{where}: LocalPath {path!r} is not below {_CONTAINER_ROOT}"


def _check_source(where: str, mode: Any, data_type: Any) -> Iterator[str]:
    if mode not in (None, "File", "FastFile") and not isinstance(mode, dict):
        yield f"{where}: input mode {mode} is not run locally; use File"
    if data_type not in (None, "S3Prefix") and not isinstance(data_type, dict):
        yield f"{where}: data type {data_type} is not read locally; use S3Prefix"


def _check_training(arguments: dict[str, Any]) -> Iterator[str]:
    algorithm = arguments.get("AlgorithmSpecification", {})
    channels = arguments.get("InputDataConfig") or []
    yield from _check_source("training", algorithm.get("TrainingInputMode"), None)
    for channel in channels:
        where = f"channel {channel.get('ChannelName')!r}"
        source = channel.get("DataSource", {}).get("S3DataSource")
        if source is None:
            yield f"{where}: only S3 channels are read locally"
            continue
        yield from _check_source(where, channel.get("InputMode"), source.get("S3DataType"))
        if channel.get("CompressionType", "None") != "None":
            yield f"{where}: compressed channels are not unpacked locally"
        if channel.get("RecordWrapperType", "None") != "None":
            yield f"{where}: objects are not wrapped in RecordIO locally"
    for metric in algorithm.get("MetricDefinitions") or []:
        yield from _check_regex(metric)
    if arguments.get("OutputDataConfig", {}).get("CompressionType", "GZIP") != "GZIP":
        yield "OutputDataConfig.CompressionType: a model is always a model.tar.gz locally"
    names = [str(channel["ChannelName"]) for channel in channels]
    yield from entry.flaws(names, arguments.get("HyperParameters") or {})


def _check_tuning(arguments: dict[str, Any]) -> Iterator[str]:
    config = arguments["HyperParameterTuningJobConfig"]
    yield from search.flaws(config)
    definition = arguments.get("TrainingJobDefinition")
    if definition is None:
        yield "it has no TrainingJobDefinition"
        return
    for member in ("TuningObjective", "HyperParameterRanges"):
        if member in definition:
            yield f"{member} of a TrainingJobDefinition is not run locally; give the tuning job's"
    static = definition.get("StaticHyperParameters") or {}
    yield from _check_training({**definition, "HyperParameters": static})
    for name in search.tuned_names(config):
        if isinstance(name, str) and name in static:
            yield f"{name} has a range, and is one of the StaticHyperParameters too"
    metric = config.get("HyperParameterTuningJobObjective", {}).get("MetricName")
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions") or []
    if isinstance(metric, str) and metric not in [item["Name"] for item in metrics]:
        yield f"the objective {metric!r} is not among the MetricDefinitions; no log would tell it"


def _check_regex(metric: dict[str, Any]) -> Iterator[str]:
    try:
        re.compile(metric["Regex"])
    except (re.error, TypeError) as error:
        yield f"metric {metric['Name']!r} has a Regex that is no regular expression: {error}"


def _check_conditions(arguments: dict[str, Any]) -> Iterator[str]:
    conditions = arguments.get("Conditions")
    if not isinstance(conditions, list) or not conditions:
        yield "it has no Conditions"
        return
    for condition in conditions:
        yield from _check_condition(condition)


def _check_condition(condition: Any) -> Iterator[str]:
    kind = condition.get("Type") if isinstance(condition, dict) else condition
    if not isinstance(kind, str) or kind not in OPERATORS:
        yield f"{kind!r} is not a condition type"
        return
    for member in OPERATORS[kind]:
        if member not in condition:
            yield f"the condition {kind} has no {member}"
    if kind == "Or":
        yield from _check_conditions(condition)
    elif kind == "Not":
        yield from _check_condition(condition.get("Condition"))
    elif kind == "In" and not isinstance(condition.get("Values"), list):
        yield "the Values of the condition In are not a list"


def _check_register(arguments: dict[str, Any]) -> Iterator[str]:
    if "ModelPackageGroupName" not in arguments:
        yield "it has no ModelPackageGroupName; a local registry keeps versioned packages only"


def _check_nothing(arguments: dict[str, Any]) -> Iterator[str]:
    yield from ()


_CHECKS = {
    "Processing": _check_processing,
    "Training": _check_training,
    "Tuning": _check_tuning,
    "Transform": check_transform,
    "Model": _check_nothing,
    "RegisterModel": _check_register,
    "Condition": _check_conditions,
    "Fail": _check_nothing,
    "Lambda": _check_nothing,
}
