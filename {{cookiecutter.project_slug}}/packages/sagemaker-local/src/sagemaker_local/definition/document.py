"""A pipeline definition: its JSON, parsed into parameters and steps, every flaw in one error.

Shape (``Version`` 2020-12-01): ``Pipeline.definition()`` of the SDK prints it, the service runs it.
What a step's arguments mean is not decided here; see ``checks`` and the modules of the step types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sagemaker_local.definition.cache_config import CacheConfig, parse_cache_config
from sagemaker_local.definition.parameters import Parameter, parse_parameter
from sagemaker_local.errors import DefinitionError, Problem
from sagemaker_local.executions.retries import RetryPolicy, parse_retry_policy
from sagemaker_local.names import STEP_NAME
from sagemaker_local.steps.functions import OUTPUT_TYPES, Output

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
_CHECK_KEYS = {
    "CheckType",
    "FailOnViolation",
    "ModelPackageGroupName",
    "RegisterNewBaseline",
    "SkipCheck",
    "SuppliedBaselineConstraints",
    "SuppliedBaselineStatistics",
}
# What steps of some types have beside the members of every step.
_KEYS_OF_TYPE = {
    "Callback": {"OutputParameters", "SqsQueueUrl"},
    "ClarifyCheck": _CHECK_KEYS | {"ModelName"},
    "Lambda": {"FunctionArn", "OutputParameters"},
    "QualityCheck": _CHECK_KEYS,
}


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
        function: of a Lambda step, the function's ARN or name.
        function_outputs: of a Lambda step, its output parameters.
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
    function: str | None = None
    function_outputs: tuple[Output, ...] = ()

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
        DefinitionError: with every flaw that was found.
    """
    definition, problems = read(text)
    if problems:
        raise DefinitionError(problems)
    return definition


def read(text: str) -> tuple[Definition, list[Problem]]:
    """What can be read of a definition, and every flaw of its structure."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Definition({}, {}), [Problem("", f"it is not JSON ({error})")]
    if not isinstance(document, dict):
        return Definition({}, {}), [Problem("", "it is not a JSON object")]
    parser = _Parser()
    return parser.run(document), parser.problems


class _Parser:
    """Collects problems on the way, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.steps: dict[str, Step] = {}

    def run(self, document: dict[str, Any]) -> Definition:
        for key in sorted(set(document) - _TOP_LEVEL):
            self._problem("", f"Cannot parse object, unknown property {key!r}")
        if document.get("Version") != "2020-12-01":
            self._problem("", f"Version is {document.get('Version')!r}, not '2020-12-01'")
        parameters = self._parameters(self._list("", document, "Parameters"))
        steps = document.get("Steps")
        if not isinstance(steps, list) or not steps:
            self._problem("", "Steps is missing or empty; a pipeline has at least one step")
        else:
            self._steps(steps, None)
        return Definition(
            parameters,
            self.steps,
            document.get("PipelineExperimentConfig"),
            document.get("MlflowConfig"),
        )

    def _problem(self, where: str, what: str) -> None:
        self.problems.append(Problem(where, what))

    def _list(self, where: str, item: dict[str, Any], key: str) -> list[Any]:
        """The list at ``key``; empty if it is absent, or no list, which is a problem."""
        value = item.get(key) or []
        if isinstance(value, list):
            return value
        self._problem(where, f"{key} is not a list")
        return []

    def _parameters(self, items: list[Any]) -> dict[str, Parameter]:
        parameters: dict[str, Parameter] = {}
        for item in items:
            if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
                self._problem("", f"a parameter without a name: {str(item)[:80]}")
                continue
            try:
                parameter = parse_parameter(item)
            except ValueError as error:
                self._problem(f"parameter {item['Name']!r}", str(error))
                # A name all the same: that it is used is not a second problem.
                parameter = Parameter(item["Name"], "String", "")
            if parameter.name in parameters:
                self._problem(f"parameter {parameter.name!r}", "is defined twice")
            parameters[parameter.name] = parameter
        return parameters

    def _steps(self, items: list[Any], branch: Branch | None) -> None:
        for item in items:
            if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
                self._problem("", f"a step without a name: {str(item)[:80]}")
                continue
            self._step(item, branch)

    def _step(self, item: dict[str, Any], branch: Branch | None) -> None:
        name, kind = item["Name"], item.get("Type")
        where = f"step {name!r}"
        if not STEP_NAME.fullmatch(name):
            self._problem(where, "the name must be 1 to 64 letters, digits, - or _")
        if name in self.steps:
            self._problem(where, "is defined twice")
        if not isinstance(kind, str):
            self._problem(where, "has no Type")
            return
        for key in sorted(set(item) - _STEP_KEYS - _KEYS_OF_TYPE.get(kind, set())):
            self._problem(where, f"Cannot parse object, unknown property {key!r}")
        arguments = item.get("Arguments") or {}
        if not isinstance(arguments, dict):
            self._problem(where, "Arguments is not an object")
            arguments = {}
        nested = ("IfSteps", "ElseSteps") if kind == "Condition" else ()
        self.steps[name] = Step(
            name=name,
            type=kind,
            arguments={key: value for key, value in arguments.items() if key not in nested},
            display_name=item.get("DisplayName"),
            description=item.get("Description"),
            depends_on=tuple(self._depends_on(where, self._list(where, item, "DependsOn"))),
            property_files=tuple(
                self._property_files(where, self._list(where, item, "PropertyFiles"))
            ),
            branch=branch,
            cache=self._cache(where, item.get("CacheConfig")),
            retries=tuple(self._retries(where, self._list(where, item, "RetryPolicies"))),
            function=item.get("FunctionArn") if kind == "Lambda" else None,
            function_outputs=tuple(self._outputs(where, item)) if kind == "Lambda" else (),
        )
        for key in nested:
            self._steps(self._list(where, arguments, key), Branch(name, key == "IfSteps"))

    def _depends_on(self, where: str, items: list[Any]) -> Iterator[str]:
        for item in items:
            if isinstance(item, str):
                yield item
            else:
                self._problem(where, f"DependsOn {item!r}: failure triggers are not run locally")

    def _cache(self, where: str, item: Any) -> CacheConfig | None:
        try:
            return parse_cache_config(item)
        except ValueError as error:
            self._problem(where, str(error))
            return None

    def _retries(self, where: str, items: list[Any]) -> Iterator[RetryPolicy]:
        for item in items:
            try:
                yield parse_retry_policy(item)
            except ValueError as error:
                self._problem(where, str(error))

    def _outputs(self, where: str, item: dict[str, Any]) -> Iterator[Output]:
        if not isinstance(item.get("FunctionArn"), str):
            self._problem(where, "has no FunctionArn")
        for output in self._list(where, item, "OutputParameters"):
            named = isinstance(output, dict) and isinstance(output.get("OutputName"), str)
            if not named or output.get("OutputType", "String") not in OUTPUT_TYPES:
                self._problem(where, f"OutputParameters has an entry that is none: {output!r}")
            else:
                yield Output(output["OutputName"], output.get("OutputType", "String"))

    def _property_files(self, where: str, items: list[Any]) -> Iterator[PropertyFile]:
        for item in items:
            try:
                yield PropertyFile(item["PropertyFileName"], item["OutputName"], item["FilePath"])
            except (KeyError, TypeError):
                self._problem(where, f"PropertyFiles has an entry without its members: {item!r}")
