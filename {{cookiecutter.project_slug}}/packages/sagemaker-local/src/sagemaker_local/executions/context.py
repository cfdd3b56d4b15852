"""Where the expressions of one execution find their values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.definition.document import Definition
from sagemaker_local.errors import StepFailure
from sagemaker_local.names import THIS_JOB
from sagemaker_local.steps.processing import property_file_uri
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.store import Document, now


@dataclass
class ExecutionContext:
    """Values for expressions: parameters, variables, and what finished steps described."""

    bucket: Bucket
    definition: Definition
    parameters: dict[str, Any]
    variables: dict[str, Any]
    described: dict[str, Document] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        return self.parameters[name]

    def execution_variable(self, name: str) -> Any:
        if name == "CurrentDateTime":
            return now().isoformat()
        if name in ("TrainingJobName", "ProcessingJobName"):
            return THIS_JOB
        return self.variables[name]

    def step(self, name: str) -> Document:
        return self.described[name]

    def property_file(self, step: str, name: str) -> Any:
        file = self.definition.steps[step].property_file(name)
        assert file is not None, "checked before the execution started"
        uri = property_file_uri(self.described[step], step, file)
        if not self.bucket.path(uri).is_file():
            raise StepFailure(
                f"The property file {name!r} of step {step!r} is not there: its job wrote no "
                f"{file.path} to its output {file.output_name!r}, {uri}."
            )
        return self.json_object(uri)

    def json_object(self, uri: str) -> Any:
        file = self.bucket.existing(uri)
        if not file.is_file():
            raise StepFailure(f"{uri} is a prefix; name the object with the JSON in it.")
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise StepFailure(f"{uri} is not JSON: {error}") from None
