"""Files as payloads: split into records lazily, filtered, and put together up to a size."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .options import MEGABYTE, Options
from .records import parse, renderer

_WHOLE_FILE = 0
# Of so many bytes of records the values that a filter read, ten times as much, stay for a join.
_KEPT = MEGABYTE


class RecordError(Exception):
    """A record, or a file, that cannot be transformed: which, and why."""


@dataclass(frozen=True)
class Source:
    """A file of the input.

    Attributes:
        name: relative to the input, for sentences.
        path: where it is.
        output: where its predictions go.
    """

    name: str
    path: Path
    output: Path


@dataclass
class Payload:
    """Records that go to the model together.

    Attributes:
        source: the file that they are from.
        numbers: the line of each, counted from 1; 0 for a file that is one record.
        records: as they are in the file.
        sent: as the model gets them.
        size: bytes of the records, each as it is or as it is sent, whichever is more.
        values: of the first of the records, as far as they are kept for a join.
    """

    source: Source
    numbers: list[int] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    size: int = 0
    values: list[Any] = field(default_factory=list)

    def add(self, number: int, record: bytes, sent: bytes, size: int) -> None:
        self.numbers.append(number)
        self.records.append(record)
        self.sent.append(sent)
        self.size += size

    def value(self, at: int, kind: str) -> Any:
        """What a record says, which is of a type.

        Raises:
            ValueError: it is not what its type says.
        """
        return self.values[at] if at < len(self.values) else parse(self.records[at], kind)

    def body(self, first: int = 0, last: int | None = None) -> bytes:
        """What the model gets; of the records from ``first`` to before ``last`` only, if given."""
        return b"".join(self.sent[first:last])

    def error(self, reason: str, first: int = 0, last: int | None = None) -> RecordError:
        """An error that names the file, and the records from ``first`` to before ``last``."""
        return _error(self.source, self.numbers[first:last], reason)


def payloads(source: Source, options: Options) -> Iterator[Payload]:
    """The payloads of a file, in order; an empty file has none.

    Raises:
        RecordError: a record is too large, or does not have what the input filter selects.
    """
    payload, keeps = Payload(source), options.keeps_values
    for number, record, sent, value in _filtered(source, options):
        size = max(len(record), len(sent))
        full = options.payload is not None and payload.size + size > options.payload
        if payload.sent and (full or options.single):
            yield payload
            payload = Payload(source)
        payload.add(number, record, sent, size)
        if keeps and payload.size <= _KEPT:
            payload.values.append(value)
    if payload.sent:
        yield payload


def _filtered(source: Source, options: Options) -> Iterator[tuple[int, bytes, bytes, Any]]:
    """A file's records with their numbers: as they are, as the model gets them, and parsed."""
    path, kind, render = options.input_filter, options.input_kind, renderer(options.input_kind)
    for number, record in _records(source, options):
        if path.selects_all:
            yield number, record, record, None
            continue
        try:
            value = parse(record, kind)
            kept = path.select(value)
        except ValueError as error:
            reason = f"the InputFilter {path.text} does not fit it: {error}"
            raise _error(source, [number], reason) from error
        yield number, record, render(kept), value


def _records(source: Source, options: Options) -> Iterator[tuple[int, bytes]]:
    """A file's records with their numbers; a blank line is none.

    Of a record that is too large no more is read than it takes to know that.
    """
    limit = options.limit
    most = -1 if limit is None else limit + 1
    try:
        with _opened(source, options) as stream:
            read = stream.readline if options.by_line else stream.read
            number = 1 if options.by_line else _WHOLE_FILE
            while record := read(most):
                if limit is not None and len(record) > limit:
                    raise _error(source, [number], _too_large(limit, options))
                if not (options.by_line and record.isspace()):
                    yield number, record
                number += 1
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise RecordError(f"{source.name}: it cannot be uncompressed: {error}") from error


def _opened(source: Source, options: Options) -> IO[bytes]:
    return gzip.open(source.path) if options.gzipped else source.path.open("rb")  # type: ignore[return-value]


def _too_large(limit: int, options: Options) -> str:
    hint = "" if options.by_line else ", or split the file with SplitType Line"
    return f"it has more than {limit // MEGABYTE} MB; raise MaxPayloadInMB{hint}"


def _error(source: Source, numbers: list[int], reason: str) -> RecordError:
    if numbers == [_WHOLE_FILE]:
        return RecordError(f"{source.name}: {reason}")
    if len(numbers) == 1:
        return RecordError(f"{source.name}, record {numbers[0]}: {reason}")
    return RecordError(f"{source.name}, records {numbers[0]} to {numbers[-1]}: {reason}")
