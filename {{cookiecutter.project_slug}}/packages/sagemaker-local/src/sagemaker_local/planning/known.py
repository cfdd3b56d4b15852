"""What is known of a definition's expressions before its first step: types, and some values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.definition.document import Definition
from sagemaker_local.definition.expressions import function_of, parse_reference, resolve
from sagemaker_local.definition.shapes import UNKNOWN
from sagemaker_local.errors import StepFailure
from sagemaker_local.steps.step_types import STEP_TYPES


@dataclass(frozen=True)
class KnownValues:
    """A context for ``resolve`` in which only parameters and some conditions have a value.

    Attributes:
        values: of parameters, by name.
        outcomes: of conditions, by step; None: not decided.
    """

    values: Mapping[str, Any]
    outcomes: Mapping[str, bool | None] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        return self.values[name]

    def execution_variable(self, name: str) -> Any:
        raise LookupError(name)

    def step(self, name: str) -> Any:
        if self.outcomes.get(name) is None:
            raise LookupError(name)
        return {"Outcome": self.outcomes[name]}

    def property_file(self, step: str, name: str) -> Any:
        raise LookupError(name)

    def json_object(self, uri: str) -> Any:
        raise LookupError(uri)


@dataclass(frozen=True)
class Known:
    """See the module.

    Attributes:
        definition: the pipeline's.
        values: of its parameters, as far as they are known.
    """

    definition: Definition
    values: Mapping[str, Any]

    def type_of(self, expression: Any) -> str | None:
        """See ``shapes.Known``."""
        function = function_of(expression)
        if function == "Std:Join":
            return "String"
        return self._type_of_reference(expression["Get"]) if function == "Get" else None

    def _type_of_reference(self, text: Any) -> str | None:
        try:
            reference = parse_reference(text)
        except ValueError:
            return None
        if reference.root == "Execution":
            return "String"
        if reference.root == "Parameters":
            parameter = self.definition.parameters.get(reference.name)
            return parameter.type or None if parameter else None
        step = self.definition.steps.get(reference.name)
        step_type = STEP_TYPES.get(step.type) if step else None
        if step is None or step_type is None or not reference.path:
            return None
        return step_type.property_type(step, reference)

    def value_of(self, expression: Any) -> Any:
        """See ``shapes.Known``."""
        try:
            return resolve(expression, KnownValues(self.values))
        except (LookupError, TypeError, ValueError, AttributeError, StepFailure):
            return UNKNOWN

    def arguments(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A step's arguments with the expressions replaced whose values are known."""
        return {name: self._resolved(item) for name, item in arguments.items()}

    def _resolved(self, value: Any) -> Any:
        if function_of(value):
            found = self.value_of(value)
            return value if found is UNKNOWN else found
        if isinstance(value, dict):
            return {key: self._resolved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        return value
