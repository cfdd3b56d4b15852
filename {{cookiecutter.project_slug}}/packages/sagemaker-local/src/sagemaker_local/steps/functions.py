"""Lambda steps: the function's name or ARN stands for a Python function of this session."""

from __future__ import annotations

import importlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_local.definition.document import Step
from sagemaker_local.definition.expressions import Reference, function_of
from sagemaker_local.definition.parameters import Parameter
from sagemaker_local.definition.support import table
from sagemaker_local.definition.values import as_text, shown, told
from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.steps.step_type import (
    Functions,
    Handler,
    StepContext,
    StepResult,
    StepState,
    StepType,
)

_OUTPUT_TYPES = ("String", "Integer", "Float", "Boolean")
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True)
class Output:
    """An output parameter that a Lambda step declares; ``type`` is one of ``_OUTPUT_TYPES``."""

    name: str
    type: str = "String"


# What an entry of OutputParameters has.
_OUTPUT = "one has OutputName, and OutputType String, Integer, Float or Boolean"


class LambdaStep(StepType):
    """Calls a Python function; the arguments are its event."""

    name = "Lambda"
    metadata = "Lambda"
    members = table("RetryPolicies FunctionArn OutputParameters", "CacheConfig")
    instant = False

    def member_refusals(self, step: Step, functions: Collection[str] | None) -> Iterator[str]:
        yield from _function_refusals(step.members.get("FunctionArn"), functions)
        yield from self.output_refusals(step)

    def output_refusals(self, step: Step) -> Iterator[str]:
        """Why the output parameters that a step declares are none."""
        declared = step.members.get("OutputParameters", [])
        if not isinstance(declared, list):
            yield "OutputParameters is not a list"
            return
        for item in declared:
            if not _is_output(item):
                yield f"OutputParameters has an entry that is none: {shown(item)}; {_OUTPUT}"

    def property_refusals(self, step: Step, reference: Reference) -> Iterator[str]:
        if reference.path[:1] != ("OutputParameters",) or len(reference.path) != 2:
            yield f"{reference.text}: a {self.name} step has OutputParameters['<name>'] only"
        elif reference.path[1] not in [output.name for output in outputs_of(step)]:
            yield f"{reference.text}: step {step.name!r} declares no output {reference.path[1]!r}"

    def property_type(self, step: Step, reference: Reference) -> str | None:
        types = {output.name: output.type for output in outputs_of(step)}
        return types.get(str(reference.path[-1])) if reference.path else None

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        function = step.members["FunctionArn"]
        handler = handler_for(context.functions, function)
        outputs = call(handler, arguments, outputs_of(step), function)
        listed = [{"Name": name, "Value": as_text(value)} for name, value in outputs.items()]
        arn = context.state.jobs.arns.function(function)
        metadata = {self.metadata: {"Arn": arn, "OutputParameters": listed}}
        return StepResult({"OutputParameters": outputs}, metadata)

    def result(self, value: Any, state: StepState) -> StepResult | None:
        listed = value.get("OutputParameters", [])
        answered = {item["Name"]: item["Value"] for item in listed}
        return StepResult({"OutputParameters": answered}, {self.metadata: value})

    def taken_over(self, step: Step, result: StepResult) -> StepResult | None:
        """Its answers as the types that the step declares now; the state keeps them as texts."""
        try:
            outputs = typed(outputs_of(step), result.described["OutputParameters"])
        except (KeyError, ValueError):
            return None
        return replace(result, described={"OutputParameters": outputs})


def _function_refusals(function: Any, functions: Collection[str] | None) -> Iterator[str]:
    """Why a step's function cannot be called; one that a parameter names is asked at the start."""
    yield from known_refusals("FunctionArn", function)
    known = isinstance(function, str) and functions is not None
    if known and function_name(function) not in map(function_name, functions or ()):
        yield _unknown(function_name(function))


def known_refusals(member: str, value: Any) -> Iterator[str]:
    """Why a member beside the arguments has no value, or none before the first step."""
    if function_of(value):
        if not str(value.get("Get", "")).startswith("Parameters."):
            yield f"{member} is not known before it runs; give its value, or a parameter"
    elif value is None:
        yield f"has no {member}"
    elif not isinstance(value, str):
        yield f"{member} should be a string, and is {told(value)}"


def outputs_of(step: Step) -> tuple[Output, ...]:
    """The output parameters that a Lambda step declares, those that are wrong left out."""
    declared = step.members.get("OutputParameters")
    return tuple(
        Output(item["OutputName"], item.get("OutputType", "String"))
        for item in (declared if isinstance(declared, list) else [])
        if _is_output(item)
    )


def _is_output(item: Any) -> bool:
    named = isinstance(item, dict) and isinstance(item.get("OutputName"), str)
    return named and item.get("OutputType", "String") in _OUTPUT_TYPES


def function_name(name_or_arn: str) -> str:
    """``arn:aws:lambda:<region>:<account>:function:<name>[:<version>]`` gives the name."""
    parts = name_or_arn.split(":")
    return parts[6] if len(parts) > 6 and parts[2] == "lambda" else name_or_arn


def handler_for(functions: Functions, name_or_arn: str) -> Handler:
    """The Python function for a Lambda function.

    Args:
        functions: a callable, or ``module:handler``, by the function's ARN or name.
        name_or_arn: the function that a step calls.

    Raises:
        LocalError: there is none, or it cannot be imported.
    """
    by_name = {function_name(name): handler for name, handler in functions.items()}
    handler = functions.get(name_or_arn) or by_name.get(function_name(name_or_arn))
    if handler is None:
        raise LocalError(_unknown(function_name(name_or_arn)))
    return _imported(handler) if isinstance(handler, str) else handler


def _unknown(name: str) -> str:
    return (
        f"the Lambda function {name!r} is not known to this local session; give it a Python "
        f"function: LocalSession(..., functions={{{name!r}: my_handler}})"
    )


def _imported(path: str) -> Handler:
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever a person's module does when it is imported
        raise LocalError(
            f"the function {path!r} cannot be imported ({error}); write it as module:handler"
        ) from error
    if not callable(found):
        raise LocalError(f"{path!r} is not a function; write it as module:handler")
    handler: Handler = found
    return handler


def call(handler: Handler, event: Any, outputs: Iterable[Output], name: str) -> dict[str, Any]:
    """Call a function as Lambda does; gives the values of its declared output parameters.

    Args:
        handler: takes the event and a context, which is None here.
        event: the step's arguments; the function gets a copy, through JSON as in Lambda.
        outputs: the declared output parameters.
        name: the function's, for errors.

    Raises:
        StepFailure: it raised an error, or an output is missing or not of its type.
    """
    copied = json.loads(json.dumps(event, default=as_text))
    try:
        answer = handler(copied, None)
    except Exception as error:
        raise StepFailure(
            f"the function {name!r} failed: {type(error).__name__}: {error}"
        ) from error
    given = answer if isinstance(answer, dict) else {}
    missing = [output.name for output in outputs if output.name not in given]
    if missing:
        raise StepFailure(
            f"the function {name!r} returned no {', '.join(missing)}; it must return a dict with "
            "the step's output parameters"
        )
    try:
        return typed(outputs, given)
    except ValueError as error:
        raise StepFailure(f"the function {name!r} returned {error}") from error


def typed(outputs: Iterable[Output], given: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs' values as their declared types; the state keeps them as texts.

    Raises:
        ValueError: a value is not of its type.
    """
    return {output.name: _typed(output, given[output.name]) for output in outputs}


def _typed(output: Output, value: Any) -> Any:
    if not isinstance(value, _PLAIN):
        raise ValueError(
            f"a {type(value).__name__} as {output.name}; an output parameter is a string, a number "
            "or a boolean"
        )
    if output.type == "String":
        return as_text(value)
    try:
        return Parameter(output.name, output.type).value(value)
    except ValueError as error:
        raise ValueError(f"a wrong {output.name}: {error}") from error


STEP = LambdaStep()
