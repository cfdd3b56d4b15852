"""Everything that a definition asks for and this engine cannot do, found before the first step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local import graph, service_model
from sagemaker_local.conditions import OPERATORS
from sagemaker_local.definition import Definition, Step
from sagemaker_local.errors import Problem
from sagemaker_local.expressions import (
    EXECUTION_VARIABLES,
    Reference,
    function_of,
    parse_path,
    references,
)
from sagemaker_local.support import ARGUMENTS, DESCRIBE_SHAPES, INTERPRETERS, NOT_RUN

_CONTAINER_ROOT = "/opt/ml/"


def check(definition: Definition) -> list[Problem]:
    """Every reason why ``definition`` cannot run here; empty when it can."""
    problems: list[Problem] = []
    for step in definition.steps.values():
        where = f"step {step.name!r}"
        problems += [Problem(where, what) for what in _check_step(definition, step)]
    if not problems:
        problems += graph.cycles(definition)
    return problems


def _check_step(definition: Definition, step: Step) -> Iterator[str]:
    if step.type not in ARGUMENTS:
        reason = NOT_RUN.get(step.type, "this step type is not known")
        yield f"type {step.type}: {reason}"
        return
    for key in sorted(set(step.arguments) - set(ARGUMENTS[step.type])):
        yield f"the argument {key} is not run locally"
    if "RetryPolicies" in step.settings:
        yield "RetryPolicies are not run locally yet"
    yield from _check_order(definition, step)
    yield from _check_references(definition, step)
    yield from _STEP_CHECKS[step.type](step.arguments)


def _check_order(definition: Definition, step: Step) -> Iterator[str]:
    for name in step.depends_on:
        if name not in definition.steps:
            yield f"DependsOn names {name!r}, which is not a step of this pipeline"
        elif definition.steps[name].type == "Fail":
            yield f"DependsOn names the Fail step {name!r}; nothing can depend on a Fail step"


def _check_references(definition: Definition, step: Step) -> Iterator[str]:
    try:
        found = list(references(step.arguments))
    except ValueError as error:
        yield f"a reference cannot be read: {error}"
        return
    for reference in found:
        yield from _check_reference(definition, reference)
    for function, arguments in _functions(step.arguments):
        if function == "Std:JsonGet":
            yield from _check_json_path(arguments)


def _check_reference(definition: Definition, reference: Reference) -> Iterator[str]:
    if reference.root == "Parameters":
        if reference.name not in definition.parameters:
            yield f"{reference.text} is not a parameter of this pipeline"
    elif reference.root == "Execution":
        if reference.name not in EXECUTION_VARIABLES:
            yield f"{reference.text} is not an execution variable"
    elif reference.name not in definition.steps:
        yield f"{reference.text} refers to a step that this pipeline does not have"
    else:
        yield from _check_property(definition.steps[reference.name], reference)


def _check_property(step: Step, reference: Reference) -> Iterator[str]:
    if reference.path[:1] == ("PropertyFiles",):
        file = str(reference.path[-1])
        if step.property_file(file) is None:
            yield f"{reference.text}: step {step.name!r} declares no property file {file!r}"
    elif step.type == "Condition":
        if reference.path != ("Outcome",):
            yield f"{reference.text}: a Condition step has the property Outcome only"
    elif step.type == "Fail":
        yield f"{reference.text}: a Fail step has no properties"
    elif step.type in DESCRIBE_SHAPES:
        shape = DESCRIBE_SHAPES[step.type]
        missing = service_model.missing_member(shape, reference.path)
        if missing is not None:
            yield f"{reference.text}: a {step.type} step has no property {missing!r} there"


def _check_json_path(arguments: dict[str, Any]) -> Iterator[str]:
    try:
        parse_path(str(arguments.get("Path", "")))
    except ValueError as error:
        yield f"Std:JsonGet: {error}"


def _functions(value: Any) -> Iterator[tuple[str, Any]]:
    function = function_of(value)
    if function:
        yield function, value[function]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from _functions(item)


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
    if isinstance(path, str) and (not path.startswith(_CONTAINER_ROOT) or ".." in path.split("/")):
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
    names = {channel.get("ChannelName") for channel in channels}
    if not {"code", "sm_drivers"} <= names:
        yield (
            "it has no script: a built-in algorithm runs in its container image only; "
            "give ModelTrainer a SourceCode with source_dir and entry_script"
        )


def _check_conditions(arguments: dict[str, Any]) -> Iterator[str]:
    pending = list(arguments.get("Conditions") or [])
    if not pending:
        yield "it has no Conditions"
    while pending:
        condition = pending.pop()
        kind = condition.get("Type")
        if kind not in OPERATORS:
            yield f"{kind!r} is not a condition type"
        pending += condition.get("Conditions") or []
        pending += [condition["Condition"]] if "Condition" in condition else []


def _check_nothing(arguments: dict[str, Any]) -> Iterator[str]:
    yield from ()


_STEP_CHECKS = {
    "Processing": _check_processing,
    "Training": _check_training,
    "Model": _check_nothing,
    "RegisterModel": _check_nothing,
    "Condition": _check_conditions,
    "Fail": _check_nothing,
}
