"""Lambda steps: the function's name or ARN stands for a Python function of this session."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sagemaker_local.errors import LocalError, StepFailure

Handler = Callable[..., Any]
Functions = Mapping[str, "Handler | str"]

_PLAIN = (str, int, float, bool)


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
        name = function_name(name_or_arn)
        raise LocalError(
            f"the Lambda function {name!r} is not known to this local session; give it a Python "
            f"function: LocalSession(..., functions={{{name!r}: my_handler}})"
        )
    return _imported(handler) if isinstance(handler, str) else handler


def _imported(path: str) -> Handler:
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise LocalError(
            f"the function {path!r} cannot be imported ({error}); write it as module:handler"
        ) from error
    if not callable(found):
        raise LocalError(f"{path!r} is not a function; write it as module:handler")
    handler: Handler = found
    return handler


def call(handler: Handler, event: Any, outputs: list[str], name: str) -> dict[str, Any]:
    """Call a function as Lambda does; gives the values of its declared output parameters.

    Args:
        handler: takes the event and a context, which is None here.
        event: the step's arguments, a copy that it may change.
        outputs: names of the declared output parameters.
        name: the function's, for errors.

    Raises:
        StepFailure: it raised an error, or left an output out.
    """
    try:
        answer = handler(json.loads(json.dumps(event)), None)
    except Exception as error:
        raise StepFailure(
            f"the function {name!r} failed: {type(error).__name__}: {error}"
        ) from error
    given = answer if isinstance(answer, dict) else {}
    missing = [output for output in outputs if output not in given]
    if missing:
        raise StepFailure(
            f"the function {name!r} returned no {', '.join(missing)}; it must return a dict with "
            "the step's output parameters"
        )
    return {output: _plain(given[output], output, name) for output in outputs}


def _plain(value: Any, output: str, name: str) -> Any:
    if isinstance(value, _PLAIN):
        return value
    raise StepFailure(
        f"the function {name!r} returned a {type(value).__name__} as {output}; an output parameter "
        "is a string, a number or a boolean"
    )
