"""References and functions inside a definition: ``Get``, ``Std:Join``, ``Std:JsonGet``.

``references`` finds what an expression needs, before anything runs; ``resolve`` gives its value.
Semantics: the Developer Guide's pipeline definition schema, the SDK's ``sagemaker.core.workflow``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sagemaker_local.definition.values import is_finite, joined, shown, told
from sagemaker_local.errors import StepFailure

EXECUTION_VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
)
FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")

# Lists that a reference addresses by name, ``Outputs['train']``, and the member that holds it.
_NAME_MEMBERS = ("OutputName", "InputName", "ChannelName", "MetricName", "Name", "FileName")
_TOKEN = re.compile(r"""\.?([A-Za-z_][\w\-]*)|\[(\d+)\]|\[(["'])(.*?)\3\]""")
# JsonPath counts from a list's end too, and a name may begin with a digit.
_JSON_TOKEN = re.compile(r"""\.?([\w\-]+)|\[(-?\d+)\]|\[(["'])(.*?)\3\]""")


class Context(Protocol):
    """Where ``resolve`` finds values; the scheduler gives one for each execution."""

    def parameter(self, name: str) -> Any: ...

    def execution_variable(self, name: str) -> Any: ...

    def step(self, name: str) -> Mapping[str, Any]:
        """The Describe response of a finished step."""
        ...

    def property_file(self, step: str, name: str) -> Any:
        """The parsed JSON of a finished step's property file."""
        ...

    def json_object(self, uri: str) -> Any:
        """The parsed JSON behind an S3 URI."""
        ...


@dataclass(frozen=True)
class Reference:
    """``{"Get": "<root>.<name><path>"}``, taken apart; ``path`` is empty except for steps."""

    root: str
    name: str
    path: tuple[str | int, ...] = ()

    @property
    def text(self) -> str:
        tail = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path)
        return f"{self.root}.{self.name}{tail}"


def parse_path(text: str) -> tuple[str | int, ...]:
    """``a.b['c'][0]`` gives ``("a", "b", "c", 0)``.

    Raises:
        ValueError: the text is not such a path.
    """
    return _parsed(text, text, _TOKEN)


def parse_json_path(text: str) -> tuple[str | int, ...]:
    """The path of ``Std:JsonGet``: JsonPath to a single value, with or without ``$`` before it.

    Raises:
        ValueError: the text is not such a path; one that may find several values is none.
    """
    if not text:
        raise ValueError("Path is empty; $ is the whole file")
    inside = text.removeprefix("$")
    if inside != text and inside and inside[0] not in ".[":
        raise ValueError(f"{text!r} is not a path to one value such as $.a.b['c'][0]")
    return _parsed(inside, text, _JSON_TOKEN)


def _parsed(inside: str, text: str, token: re.Pattern[str]) -> tuple[str | int, ...]:
    parts: list[str | int] = []
    position = 0
    while position < len(inside):
        match = token.match(inside, position)
        if match is None:
            raise ValueError(f"{text!r} is not a path to one value such as a.b['c'][0]")
        name, index, _, quoted = match.groups()
        parts.append(int(index) if index is not None else name if name is not None else quoted)
        position = match.end()
    return tuple(parts)


def parse_reference(text: Any) -> Reference:
    """Take ``Parameters.N``, ``Execution.X`` or ``Steps.S.<path>`` apart.

    Raises:
        ValueError: the text is none of these.
    """
    root, _, rest = text.partition(".") if isinstance(text, str) else ("", "", "")
    if root not in {"Parameters", "Execution", "Steps"} or not rest:
        raise ValueError(
            f"{shown(text)} is not Parameters.<name>, Execution.<name> or Steps.<name>.<path>"
        )
    if root != "Steps":
        return Reference(root, rest)
    name, _, path = rest.partition(".")
    return Reference(root, name, parse_path(path))


def function_of(value: Any) -> str | None:
    """The function that a JSON value calls, or None for plain data."""
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        return key if key in FUNCTIONS else None
    return None


def references(value: Any) -> Iterator[Reference]:
    """Every reference inside ``value``, at any depth; a ``Get`` that is none is passed over."""
    if isinstance(value, dict):
        if function_of(value) == "Get":
            with suppress(ValueError):
                yield parse_reference(value["Get"])
            return
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolve(value: Any, context: Context) -> Any:
    """``value`` with every reference and function replaced by what it stands for.

    Raises:
        StepFailure: a path that the referenced step, or JSON file, does not have.
    """
    function = function_of(value)
    if function == "Get":
        return _resolve_get(parse_reference(value["Get"]), context)
    if function == "Std:Join":
        join = value["Std:Join"]
        return join["On"].join(joined(resolve(part, context)) for part in join["Values"])
    if function == "Std:JsonGet":
        return _resolve_json_get(value["Std:JsonGet"], context)
    if isinstance(value, dict):
        return {key: resolve(item, context) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, context) for item in value]
    return value


def follow(document: Any, path: tuple[str | int, ...], text: str) -> Any:
    """The value at ``path`` in a description; lists are addressed by index or by name.

    Raises:
        StepFailure: there is no such value.
    """
    return _followed(document, path, text, _member_or_named)


def names_of(item: Any) -> list[Any]:
    """The names by which a reference may address an entry of a list."""
    members = item if isinstance(item, dict) else {}
    return [members[member] for member in _NAME_MEMBERS if member in members]


def _followed(
    document: Any,
    path: tuple[str | int, ...],
    text: str,
    member: Callable[[Any, str | int], Any],
) -> Any:
    current = document
    for part in path:
        try:
            current = member(current, part)
        except (KeyError, IndexError):
            raise StepFailure(f"{text} has no value: there is no {part!r} in it.") from None
    return current


def _member_or_named(current: Any, part: str | int) -> Any:
    if isinstance(current, list) and isinstance(part, str):
        for item in current:
            if part in names_of(item):
                return item
        raise KeyError(part)
    return _member(current, part)


def _member(current: Any, part: str | int) -> Any:
    if isinstance(current, dict):
        return current[str(part)]
    if isinstance(current, list) and isinstance(part, int):
        return current[part]
    raise KeyError(part)


def _resolve_get(reference: Reference, context: Context) -> Any:
    if reference.root == "Parameters":
        return context.parameter(reference.name)
    if reference.root == "Execution":
        return context.execution_variable(reference.name)
    return follow(context.step(reference.name), reference.path, reference.text)


def _resolve_json_get(arguments: Mapping[str, Any], context: Context) -> Any:
    path = str(arguments["Path"])
    if "S3Uri" in arguments:
        uri = resolve(arguments["S3Uri"], context)
        if not isinstance(uri, str):
            raise StepFailure(f"S3Uri of Std:JsonGet should be a string, and is {told(uri)}.")
        return _in_json(context.json_object(uri), path, f"{path} of {uri}")
    file = parse_reference(arguments["PropertyFile"]["Get"])
    name = str(file.path[-1])
    document = context.property_file(file.name, name)
    return _in_json(document, path, f"{path} of {name}, property file of {file.name}")


def _in_json(document: Any, path: str, text: str) -> Any:
    value = _followed(document, parse_json_path(path), text, _member)
    if not is_finite(value):
        raise StepFailure(f"{text} is {value}, which is no number in JSON.")
    return value
