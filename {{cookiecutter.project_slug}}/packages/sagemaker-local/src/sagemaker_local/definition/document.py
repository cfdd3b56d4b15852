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
from sagemaker_local.definition.parameters import Parameter, parse_parameter, unread
from sagemaker_local.definition.reading import Reading
from sagemaker_local.definition.retry_policy import RetryPolicy, parse_retry_policy
from sagemaker_local.definition.values import shown, told
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
# Those that a step may have beside its type's own.
MEMBERS = {
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
_FILE_KEYS = ("PropertyFileName", "OutputName", "FilePath")
_VERSION = "2020-12-01"
_MOST_CHARACTERS = 1_048_576
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
        type: empty if the definition gives it none, which is refused.
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
        parser.refuse("", what)
    return definition, parser.refusals


class _Parser(Reading):
    """Reads parameters and steps."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: dict[str, Step] = {}

    def run(self, document: dict[str, Any]) -> Definition:
        if "PipelineDefinition" in document:
            self.refuse("", "it holds a PipelineDefinition, and is none itself; give that text")
            return Definition({}, {})
        for unknown in unknown_properties(document, _TOP_LEVEL):
            self.refuse("", unknown)
        if "Version" not in document:
            self.refuse("", f"Version is missing, and should be {_VERSION!r}")
        elif document["Version"] != _VERSION:
            self.refuse("", f"Version is {shown(document['Version'])}, not {_VERSION!r}")
        self.object_of("", document, "Metadata")
        parameters = self._parameters(self.list_of("", document, "Parameters"))
        steps = document.get("Steps")
        if not isinstance(steps, list) or not steps:
            self.refuse("", "Steps is missing or empty; a pipeline has at least one step")
        else:
            self._steps(steps, None)
        return Definition(
            parameters,
            self.steps,
            self.object_of("", document, "PipelineExperimentConfig"),
            self.object_of("", document, "MlflowConfig"),
        )

    def _parameters(self, items: list[Any]) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {}
        for item in self.named("parameter", items):
            try:
                parameter = parse_parameter(item)
            except ValueError as error:
                for sentence in error.args:
                    self.refuse(f"parameter {item['Name']!r}", sentence)
                parameter = unread(item["Name"])
            if parameter.name in parameters:
                self.refuse(f"parameter {parameter.name!r}", "is defined twice")
            parameters[parameter.name] = parameter
        return parameters

    def _steps(self, items: list[Any], branch: Branch | None) -> None:
        for item in self.named("step", items):
            self._step(item, branch)

    def _step(self, item: dict[str, Any], branch: Branch | None) -> None:
        name, where = item["Name"], f"step {item['Name']!r}"
        if not STEP_NAME.fullmatch(name):
            self.refuse(where, "the name must be 1 to 64 letters, digits, - or _")
        if name in self.steps:
            self.refuse(where, "is defined twice")
        kind = self._type(where, item)
        arguments = self.object_of(where, item, "Arguments") or {}
        nested = _NESTED.get(kind, {})
        self.steps[name] = Step(
            name=name,
            type=kind,
            arguments={key: value for key, value in arguments.items() if key not in nested},
            display_name=self.text_of(where, item, "DisplayName"),
            description=self.text_of(where, item, "Description"),
            depends_on=tuple(self._depends_on(where, self.list_of(where, item, "DependsOn"))),
            property_files=tuple(
                self._property_files(where, self.list_of(where, item, "PropertyFiles"))
            ),
            branch=branch,
            cache=self._cache(where, item.get("CacheConfig")),
            retries=tuple(self._retries(where, self.list_of(where, item, "RetryPolicies"))),
            members={key: value for key, value in item.items() if key not in MEMBERS},
        )
        for key, outcome in nested.items():
            self._steps(self.list_of(where, arguments, key), Branch(name, outcome))

    def _type(self, where: str, item: dict[str, Any]) -> str:
        """A step's type; empty if it has none, which is a refusal."""
        kind = item.get("Type")
        if isinstance(kind, str) and kind:
            return kind
        self.refuse(where, f"its Type is {told(kind)}" if "Type" in item else "has no Type")
        return ""

    def _depends_on(self, where: str, items: list[Any]) -> Iterator[str]:
        for item in items:
            if isinstance(item, str):
                yield item
            elif isinstance(item, dict) and "Step" in item:
                self.refuse(where, f"DependsOn {shown(item)}: failure triggers are not run locally")
            else:
                self.refuse(where, f"DependsOn has {told(item)}, and needs names of steps")

    def _cache(self, where: str, item: Any) -> CacheConfig | None:
        try:
            return parse_cache_config(item)
        except ValueError as error:
            self.refuse(where, str(error))
            return None

    def _retries(self, where: str, items: list[Any]) -> Iterator[RetryPolicy]:
        for item in items:
            try:
                yield parse_retry_policy(item)
            except ValueError as error:
                for sentence in error.args:
                    self.refuse(where, sentence)

    def _property_files(self, where: str, items: list[Any]) -> Iterator[PropertyFile]:
        for item in items:
            given = item if isinstance(item, dict) else {}
            values = [given.get(name) for name in _FILE_KEYS]
            for unknown in unknown_properties(given, _FILE_KEYS):
                self.refuse(where, f"PropertyFiles: {unknown}")
            if all(isinstance(value, str) for value in values):
                yield PropertyFile(*map(str, values))
            else:
                what = f"PropertyFiles has an entry without its members: {shown(item)}"
                self.refuse(where, what)
