"""A pipeline definition: its JSON, parsed into parameters and steps, every refusal in one error.

Shape (``Version`` 2020-12-01): ``Pipeline.definition()`` of the SDK prints it, the service runs it.
What a step's arguments mean, and its members beside them, is not decided here; see ``steps``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.definition.cache_config import CacheConfig, parse_cache_config
from sagemaker_local.definition.parameters import Parameter, parse_parameter
from sagemaker_local.definition.retry_policy import RetryPolicy, parse_retry_policy
from sagemaker_local.definition.values import told
from sagemaker_local.errors import DefinitionError, Refusal, unknown_properties
from sagemaker_local.names import STEP_NAME

_TOP_LEVEL = {
    "Version",
    "Metadata",
    "Parameters",
    "PipelineExperimentConfig",
    "MlflowConfig",
    "Steps",
}
_STEP_KEYS = {
    "Name",
    "Type",
    "Arguments",
    "DependsOn",
    "DisplayName",
    "Description",
    "PropertyFiles",
    "CacheConfig",
    "RetryPolicies",
}
_MOST_CHARACTERS = 1_048_576
# Texts that the list of steps shows, and the most characters of its members.
_SHOWN = {"DisplayName": 256, "Description": 3072}
# The type of step whose arguments hold other steps, by the outcome with which they run.
_NESTED = {"Condition": {"IfSteps": True, "ElseSteps": False}}


@dataclass(frozen=True)
class Branch:
    """The side of a Condition step that a step stands in."""

    condition: str
    outcome: bool


@dataclass(frozen=True)
class PropertyFile:
    """A JSON file in a processing output, whose values later steps may read."""

    name: str
    output_name: str
    path: str


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        branch: the innermost condition that decides whether it runs.
        cache: when its earlier results may be reused; None: never.
        retries: which of its failures are tried again.
        members: what else stands beside the arguments; the step's type says what it means.
    """

    name: str
    type: str
    arguments: dict[str, Any]
    display_name: str | None = None
    description: str | None = None
    depends_on: tuple[str, ...] = ()
    property_files: tuple[PropertyFile, ...] = ()
    branch: Branch | None = None
    cache: CacheConfig | None = None
    retries: tuple[RetryPolicy, ...] = ()
    members: dict[str, Any] = field(default_factory=dict)

    def property_file(self, name: str) -> PropertyFile | None:
        return next((file for file in self.property_files if file.name == name), None)


@dataclass(frozen=True)
class Definition:
    """A parsed definition; ``steps`` holds nested steps too, each after its condition."""

    parameters: dict[str, Parameter]
    steps: dict[str, Step]
    experiment: dict[str, Any] | None = None
    mlflow: dict[str, Any] | None = None


def parse(text: str) -> Definition:
    """Parse and check a definition's structure.

    Raises:
        DefinitionError: with every reason that was found.
    """
    definition, refusals = read(text)
    if refusals:
        raise DefinitionError(refusals)
    return definition


def read(text: str) -> tuple[Definition, list[Refusal]]:
    """What can be read of a definition, and why its structure cannot be run."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Definition({}, {}), [Refusal("", f"it is not JSON ({error})")]
    if not isinstance(document, dict):
        return Definition({}, {}), [Refusal("", "it is not a JSON object")]
    parser = _Parser()
    definition = parser.run(document)
    if len(text) > _MOST_CHARACTERS:
        what = f"it has {len(text)} characters, and the service takes at most {_MOST_CHARACTERS}"
        parser.refusals.append(Refusal("", what))
    return definition, parser.refusals


class _Parser:
    """Collects refusals on the way, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
        self.steps: dict[str, Step] = {}

    def run(self, document: dict[str, Any]) -> Definition:
        for unknown in unknown_properties(document, _TOP_LEVEL):
            self._refuse("", unknown)
        if document.get("Version") != "2020-12-01":
            self._refuse("", f"Version is {document.get('Version')!r}, not '2020-12-01'")
        parameters = self._parameters(self._list("", document, "Parameters"))
        steps = document.get("Steps")
        if not isinstance(steps, list) or not steps:
            self._refuse("", "Steps is missing or empty; a pipeline has at least one step")
        else:
            self._steps(steps, None)
        return Definition(
            parameters,
            self.steps,
            self._object(document, "PipelineExperimentConfig"),
            self._object(document, "MlflowConfig"),
        )

    def _refuse(self, where: str, what: str) -> None:
        self.refusals.append(Refusal(where, what))

    def _list(self, where: str, item: dict[str, Any], key: str) -> list[Any]:
        """The list at ``key``; empty if it is absent, or no list, which is a refusal."""
        value = item.get(key) or []
        if isinstance(value, list):
            return value
        self._refuse(where, f"{key} is not a list")
        return []

    def _object(self, item: dict[str, Any], key: str) -> dict[str, Any] | None:
        """The object at ``key``; None if it is absent, or no object, which is a refusal."""
        value = item.get(key)
        if value is None or isinstance(value, dict):
            return value
        self._refuse("", f"{key} should be an object, and is {told(value)}")
        return None

    def _text(self, where: str, item: dict[str, Any], key: str) -> str | None:
        """The text at ``key``; None if it is absent, or none that is shown, which is a refusal."""
        value, most = item.get(key), _SHOWN[key]
        if value is not None and not isinstance(value, str):
            self._refuse(where, f"{key} should be a string, and is {told(value)}")
            return None
        if value is not None and len(value) > most:
            what = f"{key} has {len(value)} characters, and the service takes at most {most}"
            self._refuse(where, what)
        return value

    def _parameters(self, items: list[Any]) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {}
        for item in items:
            if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
                self._refuse("", f"a parameter without a name: {str(item)[:80]}")
                continue
            try:
                parameter = parse_parameter(item)
            except ValueError as error:
                for told in error.args:
                    self._refuse(f"parameter {item['Name']!r}", told)
                # A name all the same: that it is used is not a second refusal.
                parameter = Parameter(item["Name"], "String", "")
            if parameter.name in parameters:
                self._refuse(f"parameter {parameter.name!r}", "is defined twice")
            parameters[parameter.name] = parameter
        return parameters

    def _steps(self, items: list[Any], branch: Branch | None) -> None:
        for item in items:
            if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
                self._refuse("", f"a step without a name: {str(item)[:80]}")
                continue
            self._step(item, branch)

    def _step(self, item: dict[str, Any], branch: Branch | None) -> None:
        name, kind = item["Name"], item.get("Type")
        where = f"step {name!r}"
        if not STEP_NAME.fullmatch(name):
            self._refuse(where, "the name must be 1 to 64 letters, digits, - or _")
        if name in self.steps:
            self._refuse(where, "is defined twice")
        if not isinstance(kind, str):
            self._refuse(where, "has no Type" if kind is None else f"its Type is {told(kind)}")
            return
        arguments = item.get("Arguments") or {}
        if not isinstance(arguments, dict):
            self._refuse(where, "Arguments is not an object")
            arguments = {}
        nested = _NESTED.get(kind, {})
        self.steps[name] = Step(
            name=name,
            type=kind,
            arguments={key: value for key, value in arguments.items() if key not in nested},
            display_name=self._text(where, item, "DisplayName"),
            description=self._text(where, item, "Description"),
            depends_on=tuple(self._depends_on(where, self._list(where, item, "DependsOn"))),
            property_files=tuple(
                self._property_files(where, self._list(where, item, "PropertyFiles"))
            ),
            branch=branch,
            cache=self._cache(where, item.get("CacheConfig")),
            retries=tuple(self._retries(where, self._list(where, item, "RetryPolicies"))),
            members={key: value for key, value in item.items() if key not in _STEP_KEYS},
        )
        for key, outcome in nested.items():
            self._steps(self._list(where, arguments, key), Branch(name, outcome))

    def _depends_on(self, where: str, items: list[Any]) -> Iterator[str]:
        for item in items:
            if isinstance(item, str):
                yield item
            elif isinstance(item, dict) and "Step" in item:
                self._refuse(where, f"DependsOn {item!r}: failure triggers are not run locally")
            else:
                self._refuse(where, f"DependsOn has {told(item)}, and needs names of steps")

    def _cache(self, where: str, item: Any) -> CacheConfig | None:
        try:
            return parse_cache_config(item)
        except ValueError as error:
            self._refuse(where, str(error))
            return None

    def _retries(self, where: str, items: list[Any]) -> Iterator[RetryPolicy]:
        for item in items:
            try:
                yield parse_retry_policy(item)
            except ValueError as error:
                for told in error.args:
                    self._refuse(where, told)

    def _property_files(self, where: str, items: list[Any]) -> Iterator[PropertyFile]:
        members = ("PropertyFileName", "OutputName", "FilePath")
        for item in items:
            values: list[Any] = []
            if isinstance(item, dict):
                values = [item.get(name) for name in members]
            if values and all(isinstance(value, str) for value in values):
                yield PropertyFile(*values)
            else:
                self._refuse(where, f"PropertyFiles has an entry without its members: {item!r}")
