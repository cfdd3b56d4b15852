"""What becomes of a model's answer: joined with its records, filtered, given ids, ended."""

from __future__ import annotations

from typing import Any

from .options import Options
from .payloads import Payload
from .records import identified, join, lines, parse_each, split

_TOGETHER = 500  # records whose lines are made in one go


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
    text = b"".join(
        _together(payload, predictions, slice(start, start + _TOGETHER), options)
        for start in range(0, len(predictions), _TOGETHER)
    )
    return text if options.end_lines else text.removesuffix(b"\n")


def _together(payload: Payload, predictions: list[bytes], rows: slice, options: Options) -> bytes:
    """The lines of some records; RecordError names the first that has none."""
    try:
        return b"".join(_lines(payload, predictions, rows, options))
    except ValueError:
        aligned = len(predictions) == len(payload.records)
        for at in range(rows.start, min(rows.stop, len(predictions))):
            try:
                _lines(payload, predictions, slice(at, at + 1), options)
            except ValueError as error:
                which = (at, at + 1) if aligned else (0, None)
                raise payload.error(str(error), *which) from error
        raise


def _lines(
    payload: Payload, predictions: list[bytes], rows: slice, options: Options
) -> list[bytes]:
    kind, path = options.output_kind, options.output_filter
    values = _predictions(predictions[rows], kind)
    if options.join:
        records = _records(payload, rows, kind)
        values = [join(*each, kind) for each in zip(records, values, strict=True)]
    try:
        kept = path.select_each(values)
    except ValueError as error:
        raise ValueError(f"the OutputFilter {path.text} does not fit it: {error}") from error
    if options.inference_time:
        kept = [identified(value, kind, options.inference_time) for value in kept]
    return lines(kept, kind)


def _records(payload: Payload, rows: slice, kind: str) -> list[Any]:
    try:
        return payload.read(rows, kind)
    except ValueError as error:
        text = payload.records[rows][0]
        raise ValueError(f"the record {text[:80]!r} is not {kind}: {error}") from error


def _predictions(texts: list[bytes], kind: str) -> list[Any]:
    try:
        return parse_each(texts, kind)
    except ValueError as error:
        raise ValueError(f"its prediction {texts[0][:80]!r} is not {kind}: {error}") from error
