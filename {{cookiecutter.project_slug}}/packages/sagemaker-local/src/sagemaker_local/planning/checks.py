"""Everything that a definition asks for and this engine cannot do, found before the first step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local import service_model
from sagemaker_local.definition import graph
from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import (
    EXECUTION_VARIABLES,
    Reference,
    function_of,
    parse_path,
    parse_reference,
    references,
)
from sagemaker_local.definition.shapes import misfits, missing_key
from sagemaker_local.errors import Problem
from sagemaker_local.jobs.transform_checks import check_served
from sagemaker_local.planning.support import (
    ANYTHING,
    ARGUMENTS,
    DESCRIBE_SHAPES,
    LIST_SHAPES,
    MEMBERS,
    NOT_RUN,
)
from sagemaker_local.steps.functions import function_name
from sagemaker_local.steps.step_checks import check_arguments


def check(definition: Definition, functions: tuple[str, ...] | None = None) -> list[Problem]:
    """Every reason why ``definition`` cannot run here; empty when it can.

    Args:
        definition: the pipeline's.
        functions: names or ARNs of the Lambda functions that a session knows; None: any may be.
    """
    problems: list[Problem] = []
    for step in definition.steps.values():
        where = f"step {step.name!r}"
        problems += [Problem(where, what) for what in _check_step(definition, step)]
        if step.function is not None and functions is not None:
            problems += [Problem(where, what) for what in _check_function_is_known(step, functions)]
    if not problems:
        problems += graph.cycles(definition)
    return problems


def _check_step(definition: Definition, step: Step) -> Iterator[str]:
    if step.type not in ARGUMENTS:
        reason = NOT_RUN.get(step.type, "this step type is not known")
        yield f"type {step.type}: {reason}"
        return
    known = ARGUMENTS[step.type]
    for key in sorted(set(step.arguments) - set(known)) if known is not ANYTHING else ():
        yield f"the argument {key} is not run locally"
    yield from _check_members(step)
    yield from _check_order(definition, step)
    flaws = list(_check_functions(step.arguments))
    flaws += misfits(step.type, step.arguments)
    if flaws:
        yield from flaws
        return
    yield from _check_references(definition, step)
    yield from _check_property_files(step)
    reasons = list(check_arguments(step.type, step.arguments))
    yield from reasons
    if step.type == "Transform" and not reasons:
        yield from check_served(definition, step)


def _check_function_is_known(step: Step, known: tuple[str, ...]) -> Iterator[str]:
    name = function_name(str(step.function))
    if name not in map(function_name, known):
        yield (
            f"the Lambda function {name!r} is not known to this local session; give it a Python "
            f"function: LocalSession(..., functions={{{name!r}: my_handler}})"
        )


def _check_members(step: Step) -> Iterator[str]:
    """Members beside the arguments that mean nothing for a step of this type."""
    given = {
        "CacheConfig": step.cache,
        "PropertyFiles": step.property_files,
        "RetryPolicies": step.retries,
    }
    for member, value in given.items():
        if value and not any(step.type in types for types in MEMBERS[member]):
            yield f"a {step.type} step has no {member}"


def _check_order(definition: Definition, step: Step) -> Iterator[str]:
    for name in step.depends_on:
        if name not in definition.steps:
            yield f"DependsOn names {name!r}, which is not a step of this pipeline"
        elif definition.steps[name].type == "Fail":
            yield f"DependsOn names the Fail step {name!r}; nothing can depend on a Fail step"


def _check_functions(value: Any) -> Iterator[str]:
    """Functions whose own arguments cannot be read, at any depth."""
    function = function_of(value)
    if function:
        yield from _check_function(function, value[function])
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from _check_functions(item)


def _check_function(function: str, arguments: Any) -> Iterator[str]:
    try:
        if function == "Get":
            parse_reference(arguments)
        elif not isinstance(arguments, dict):
            yield f"{function} has no arguments"
        elif function == "Std:JsonGet":
            yield from _check_json_get(arguments)
        elif not isinstance(arguments.get("On"), str) or not isinstance(
            arguments.get("Values"), list
        ):
            yield "Std:Join needs On, a string, and Values, a list"
    except ValueError as error:
        yield f"{function}: {error}"


def _check_json_get(arguments: dict[str, Any]) -> Iterator[str]:
    if not isinstance(arguments.get("Path"), str):
        yield "Std:JsonGet needs Path, a string"
    else:
        parse_path(arguments["Path"])
    if "S3Uri" in arguments:
        return
    file = arguments.get("PropertyFile")
    path = parse_reference(file["Get"]).path if file and function_of(file) == "Get" else ()
    if path[:1] != ("PropertyFiles",) or len(path) != 2:
        yield "Std:JsonGet needs S3Uri, or a PropertyFile such as Steps.<name>.PropertyFiles.<file>"


def _check_references(definition: Definition, step: Step) -> Iterator[str]:
    for reference in references(step.arguments):
        yield from _check_reference(definition, reference)


def _check_reference(definition: Definition, reference: Reference) -> Iterator[str]:
    if reference.root == "Parameters":
        if reference.name not in definition.parameters:
            yield f"{reference.text} is not a parameter of this pipeline"
    elif reference.root == "Execution":
        if reference.name not in EXECUTION_VARIABLES:
            yield f"{reference.text} is not an execution variable that has a value here"
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
    elif step.type == "Lambda":
        if reference.path[:1] != ("OutputParameters",) or len(reference.path) != 2:
            yield f"{reference.text}: a Lambda step has OutputParameters['<name>'] only"
        elif reference.path[1] not in [output.name for output in step.function_outputs]:
            yield f"{reference.text}: step {step.name!r} declares no output {reference.path[1]!r}"
    elif step.type == "Fail":
        yield f"{reference.text}: a Fail step has no properties"
    elif step.type in DESCRIBE_SHAPES:
        shape = LIST_SHAPES.get((step.type, *reference.path[:1]), DESCRIBE_SHAPES[step.type])
        missing = service_model.missing_member(shape, reference.path)
        if missing is not None:
            yield f"{reference.text}: a {step.type} step has no property {missing!r} there"
            return
        key = missing_key(step.type, step.arguments, reference.path)
        if key is not None:
            yield f"{reference.text}: step {step.name!r} has no {key!r} there"


def _check_property_files(step: Step) -> Iterator[str]:
    outputs = step.arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    names = [output["OutputName"] for output in outputs]
    for file in step.property_files:
        if file.output_name not in names:
            yield f"the property file {file.name!r} is in {file.output_name!r}, which is no output"
