"""What in a transform job's request cannot be run, found before it runs.

Which values go together: "Associate Prediction Results with Input Records" in the SageMaker
Developer Guide, and CreateTransformJob in its API reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import references
from sagemaker_local.definition.shapes import misfits
from sagemaker_local.serving.jsonpath import JsonPathError, parse
from sagemaker_local.serving.records import CSV, JSON_LINES, MEDIA_TYPES, media_type

PROGRAM = "SAGEMAKER_PROGRAM"
NO_SCRIPT = (
    "the model has no script, and a built-in algorithm's container runs in Docker only; give its "
    f"Environment {PROGRAM}, the script, and SAGEMAKER_SUBMIT_DIRECTORY, such as /opt/ml/model/code"
)
_MOST_MEGABYTES = 100
# Stands for the value of an expression, which only a run gives; nothing can be said of it before.
_OPEN: Any = object()

_Part = dict[str, Any]


def check_transform(request: _Part) -> Iterator[str]:
    """Sentences, each a reason why a request cannot run; its shape is right already.

    Values that are expressions are left out: a job asks again when they are resolved.
    """
    if not request.get("ModelName"):
        yield "it has no ModelName; give it one, such as Steps.<name>.ModelName of a Model step"
    source = request["TransformInput"]
    data_type = _value(source["DataSource"]["S3DataSource"], "S3DataType", "S3Prefix")
    if data_type not in ("S3Prefix", _OPEN):
        yield f"data type {data_type} is not read locally; use S3Prefix"
    split = _value(source, "SplitType", "None")
    if split not in ("None", "Line", _OPEN):
        yield f"SplitType {split} is not read locally; use Line or None"
    yield from _check_sizes(request)
    yield from _check_processing(request)


def check_served(definition: Definition, step: Step) -> Iterator[str]:
    """The reason why a Transform step cannot run with the model that a step before it makes."""
    for reference in references(step.arguments["ModelName"]):
        maker = definition.steps.get(reference.name) if reference.root == "Steps" else None
        if maker is None or maker.type != "Model" or any(misfits("Model", maker.arguments)):
            continue
        container = maker.arguments.get("PrimaryContainer", {})
        variables = {**container.get("Environment", {}), **step.arguments.get("Environment", {})}
        if "ModelDataUrl" in container and PROGRAM not in variables:
            yield f"{NO_SCRIPT} (step {maker.name!r})"


def _value(part: _Part, name: str, default: Any) -> Any:
    value = part.get(name, default)
    return _OPEN if isinstance(value, dict) else value


def _check_sizes(request: _Part) -> Iterator[str]:
    megabytes = _value(request, "MaxPayloadInMB", 0)
    at_once = _value(request, "MaxConcurrentTransforms", 0)
    if megabytes is not _OPEN and megabytes > _MOST_MEGABYTES:
        yield f"MaxPayloadInMB is {megabytes}, and may be at most {_MOST_MEGABYTES}"
    elif _OPEN not in (megabytes, at_once) and megabytes * at_once > _MOST_MEGABYTES:
        yield (
            f"MaxConcurrentTransforms times MaxPayloadInMB is {megabytes * at_once}, and may be "
            f"at most {_MOST_MEGABYTES}"
        )


def _check_processing(request: _Part) -> Iterator[str]:
    processing = request.get("DataProcessing", {})
    source, target = request["TransformInput"], request["TransformOutput"]
    content_type, accept = _type(source, "ContentType"), _type(target, "Accept")
    split = _value(source, "SplitType", "None")
    assembled = _value(target, "AssembleWith", "None")
    yield from _check_filter(processing, "InputFilter", content_type)
    yield from _check_filter(processing, "OutputFilter", accept)
    joined = _value(processing, "JoinSource", "None") == "Input"
    if joined or _selects(processing, "InputFilter"):
        yield from _check_records("ContentType", content_type, "SplitType", split)
    if joined or _selects(processing, "OutputFilter"):
        yield from _check_records("Accept", accept, "AssembleWith", assembled)
    if joined:
        yield from _check_same("Accept", accept, "ContentType", content_type)
    if joined or _selects(processing, "OutputFilter"):
        yield from _check_same("AssembleWith", assembled, "SplitType", split)


def _type(part: _Part, name: str) -> Any:
    value = _value(part, name, "")
    return value if value is _OPEN else media_type(value)


def _selects(processing: _Part, name: str) -> bool:
    return _value(processing, name, "$") not in ("$", _OPEN)


def _check_filter(processing: _Part, name: str, kind: Any) -> Iterator[str]:
    text = _value(processing, name, "$")
    if text is _OPEN:
        return
    try:
        path = parse(text)
    except JsonPathError as error:
        yield f"{name}: {error}"
        return
    if kind == CSV and not path.by_index:
        yield f"{name} {text!r}: a row of CSV has positions and no names; use one such as $[1:]"


def _check_records(name: str, kind: Any, line: str, value: Any) -> Iterator[str]:
    if kind is _OPEN:
        return
    if kind not in MEDIA_TYPES:
        yield (
            f"{name} is {kind or 'missing'}; filters and JoinSource need one of "
            f"{', '.join(MEDIA_TYPES)}"
        )
    elif kind in (CSV, JSON_LINES) and value not in ("Line", _OPEN):
        yield f"{line} is {value}; filters and JoinSource need Line for {kind}"


def _check_same(name: str, value: Any, other: str, expected: Any) -> Iterator[str]:
    if _OPEN not in (value, expected) and value != expected:
        yield f"{name} {value or 'missing'} and {other} {expected or 'missing'} should be the same"
