"""Which content types, filters and lines of a transform job's request go together.

"Associate Prediction Results with Input Records" in the SageMaker Developer Guide, and
CreateTransformJob in its API reference; for ids, "Capture data from batch transform job", which
says that outputs in CSV, JSON and JSON Lines can have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.serving.jsonpath import JsonPathError, parse
from sagemaker_local.serving.records import CSV, JSON_LINES, MEDIA_TYPES, media_type

# Stands for the value of an expression, which only a run gives; nothing can be said of it before.
_OPEN: Any = object()

_Part = dict[str, Any]


def record_refusals(request: _Part) -> Iterator[str]:
    """Why records cannot be filtered or joined as a request asks; expressions are left out."""
    processing = request.get("DataProcessing", {})
    source, target = request["TransformInput"], request["TransformOutput"]
    content_type, accept = _type(source, "ContentType"), _type(target, "Accept")
    split = _value(source, "SplitType", "None")
    assembled = _value(target, "AssembleWith", "None")
    yield from _filter_refusals(processing, "InputFilter", content_type)
    yield from _filter_refusals(processing, "OutputFilter", accept)
    joined = _value(processing, "JoinSource", "None") == "Input"
    if joined or _selects(processing, "InputFilter"):
        yield from _records_refusals("ContentType", content_type, "SplitType", split)
    if joined or _selects(processing, "OutputFilter"):
        yield from _records_refusals("Accept", accept, "AssembleWith", assembled)
    if joined:
        yield from _same_refusals("Accept", accept, "ContentType", content_type)
    if joined or _selects(processing, "OutputFilter"):
        yield from _same_refusals("AssembleWith", assembled, "SplitType", split)
    elif _value(request.get("DataCaptureConfig", {}), "GenerateInferenceId", False) is True:
        who = "GenerateInferenceId needs"
        yield from _records_refusals("Accept", accept, "AssembleWith", assembled, who)


def _value(part: _Part, name: str, default: Any) -> Any:
    value = part.get(name, default)
    return _OPEN if isinstance(value, dict) else value


def _type(part: _Part, name: str) -> Any:
    value = _value(part, name, "")
    return value if value is _OPEN else media_type(value)


def _selects(processing: _Part, name: str) -> bool:
    return _value(processing, name, "$") not in ("$", _OPEN)


def _filter_refusals(processing: _Part, name: str, kind: Any) -> Iterator[str]:
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


def _records_refusals(
    name: str, kind: Any, line: str, value: Any, who: str = "filters and JoinSource need"
) -> Iterator[str]:
    if kind is _OPEN:
        return
    if kind not in MEDIA_TYPES:
        yield f"{name} is {kind or 'missing'}; {who} one of {', '.join(MEDIA_TYPES)}"
    elif kind in (CSV, JSON_LINES) and value not in ("Line", _OPEN):
        yield f"{line} is {value}; {who} Line for {kind}"


def _same_refusals(name: str, value: Any, other: str, expected: Any) -> Iterator[str]:
    if _OPEN not in (value, expected) and value != expected:
        yield f"{name} {value or 'missing'} and {other} {expected or 'missing'} should be the same"
