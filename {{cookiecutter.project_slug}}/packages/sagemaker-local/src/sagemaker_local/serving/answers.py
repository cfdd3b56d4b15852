"""What becomes of a model's answer: joined with its records, filtered, given ids, ended."""

from __future__ import annotations

from typing import Any

from .options import Options
from .payloads import Payload
from .records import identified, join, parse, renderer, split


def written(payload: Payload, answer: bytes, options: Options) -> bytes:
    """The bytes to write for an answer to a payload.

    Raises:
        RecordError: an answer does not fit its records, or the output filter.
    """
    if options.join or options.inference_time or not options.output_filter.selects_all:
        return _by_record(payload, answer, options)
    return answer + b"\n" if options.end_lines and not answer.endswith(b"\n") else answer


def _by_record(payload: Payload, answer: bytes, options: Options) -> bytes:
    predictions = split(answer, options.output_kind, len(payload.records))
    aligned = len(predictions) == len(payload.records)
    if options.join and not aligned:
        raise payload.error(
            f"the model gave {len(predictions)} predictions for {len(payload.records)} records, "
            "and JoinSource needs one for each; a header line counts as a record"
        )
    lines, render = [], renderer(options.output_kind)
    for at, prediction in enumerate(predictions):
        try:
            lines.append(render(_value(payload, at, prediction, options)))
        except ValueError as error:
            which = (at, at + 1) if aligned else (0, None)
            raise payload.error(str(error), *which) from error
    text = b"".join(lines)
    return text if options.end_lines else text.removesuffix(b"\n")


def _value(payload: Payload, at: int, prediction: bytes, options: Options) -> Any:
    kind = options.output_kind
    value = _prediction(prediction, kind)
    if options.join:
        value = join(_record(payload, at, kind), value, kind)
    try:
        kept = options.output_filter.select(value)
    except ValueError as error:
        path = options.output_filter.text
        raise ValueError(f"the OutputFilter {path} does not fit it: {error}") from error
    return identified(kept, kind, options.inference_time) if options.inference_time else kept


def _record(payload: Payload, at: int, kind: str) -> Any:
    try:
        return payload.value(at, kind)
    except ValueError as error:
        text = payload.records[at]
        raise ValueError(f"the record {text[:80]!r} is not {kind}: {error}") from error


def _prediction(text: bytes, kind: str) -> Any:
    try:
        return parse(text, kind)
    except ValueError as error:
        raise ValueError(f"its prediction {text[:80]!r} is not {kind}: {error}") from error
