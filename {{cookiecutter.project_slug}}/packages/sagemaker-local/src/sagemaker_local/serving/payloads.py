"""Files as payloads: read by blocks of whole records, filtered, and put together up to a size."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from .options import MEGABYTE, Options
from .records import lines, parse, parse_each

_WHOLE_FILE = 0
# Of so many bytes of records the values that a filter read, ten times as much, stay for a join.
_KEPT = MEGABYTE
_TOGETHER = 500  # records that are filtered in one go


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


@dataclass(frozen=True)
class Block:
    """Some whole records of a file, one after another.

    Attributes:
        source: the file that they are from.
        first: the line of the first, counted from 1; 0 for a file that is one record.
        content: their bytes, and those of blank lines between them.
    """

    source: Source
    first: int
    content: bytes

    def records(self) -> tuple[list[int], list[bytes]]:
        """The line of each record, and the record; a blank line is none."""
        if self.first == _WHOLE_FILE:
            return [_WHOLE_FILE], [self.content]
        found = BytesIO(self.content).readlines()
        numbers = list(range(self.first, self.first + len(found)))
        if not any(map(bytes.isspace, found)):
            return numbers, found
        kept = [place for place, line in enumerate(found) if not line.isspace()]
        return [numbers[place] for place in kept], [found[place] for place in kept]


@dataclass
class Payload:
    """Records that go to the model together.

    Attributes:
        source: the file that they are from.
        numbers: the line of each, counted from 1; 0 for a file that is one record.
        records: as they are in the file.
        sent: as the model gets them.
        values: of the first of the records, as far as they are kept for a join.
    """

    source: Source
    numbers: list[int]
    records: list[bytes]
    sent: list[bytes]
    values: list[Any] = field(default_factory=list)

    def some(self, rows: slice) -> Payload:
        """Some of the records."""
        records, sent, values = self.records[rows], self.sent[rows], self.values[rows]
        return Payload(self.source, self.numbers[rows], records, sent, values)

    def read(self, rows: slice, kind: str) -> list[Any]:
        """What some records say, which are of a type.

        Raises:
            ValueError: one is not what its type says.
        """
        records, kept = self.records[rows], self.values[rows]
        return kept if len(kept) == len(records) else parse_each(records, kind)

    def body(self, first: int = 0, last: int | None = None) -> bytes:
        """What the model gets; of the records from ``first`` to before ``last`` only, if given."""
        return b"".join(self.sent[first:last])

    def error(self, reason: str, first: int = 0, last: int | None = None) -> RecordError:
        """An error that names the file, and the records from ``first`` to before ``last``."""
        return _error(self.source, self.numbers[first:last], reason)


def blocks(source: Source, options: Options) -> Iterator[Block]:
    """The blocks of a file, in order, each as large as a payload may be; an empty file has none.

    Of a record that is too large no more is read than it takes to know that.

    Raises:
        RecordError: a record is too large, or the file cannot be uncompressed.
    """
    number = 1 if options.by_line else _WHOLE_FILE
    try:
        with _opened(source, options) as stream:
            for content in _contents(stream, options):
                if options.limit is not None and len(content) > options.limit:
                    raise _error(source, [number], _too_large(options.limit, options))
                yield Block(source, number, content)
                number += content.count(b"\n")
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise RecordError(f"{source.name}: it cannot be uncompressed: {error}") from error


def _contents(stream: IO[bytes], options: Options) -> Iterator[bytes]:
    """A file's bytes in parts of whole records; what is beyond the limit is too large, and cut."""
    most = -1 if options.limit is None else options.limit + 1
    if options.by_line and options.payload is not None and not options.single:
        return _filled(stream, options.payload, most)
    read = stream.readline if options.by_line and options.single else stream.read
    return iter(lambda: read(most), b"")


def _filled(stream: IO[bytes], size: int, most: int) -> Iterator[bytes]:
    """Whole lines up to a size; one that has more stands alone, and is cut at the most."""
    begun = b""
    while part := stream.read(size - len(begun)):
        begun += part
        if len(begun) < size:  # the file ends here
            break
        end = begun.rfind(b"\n") + 1
        if not end:
            begun += stream.readline(most - size)
            end = len(begun)
        yield begun[:end]
        begun = begun[end:]
    if begun:
        yield begun


def payloads(block: Block, options: Options) -> Iterator[Payload]:
    """The records of a block as the model gets them: one payload, if the filter adds nothing.

    Raises:
        RecordError: a record does not have what the input filter selects.
    """
    numbers, records = block.records()
    if not records:
        return
    if options.input_filter.selects_all:
        yield Payload(block.source, numbers, records, records)
        return
    whole = _filtered(Payload(block.source, numbers, records, []), options)
    for rows in _groups(whole, options.payload):
        yield whole.some(rows)


def _filtered(payload: Payload, options: Options) -> Payload:
    """The payload with what is sent, and with the values that are kept."""
    size = 0
    for start in range(0, len(payload.records), _TOGETHER):
        some = payload.some(slice(start, start + _TOGETHER))
        sent, values = _sent(some, options)
        payload.sent += sent
        size += sum(map(len, some.records))
        if options.keeps_values and size <= _KEPT:
            payload.values += values
    return payload


def _sent(some: Payload, options: Options) -> tuple[list[bytes], list[Any]]:
    """What the filter leaves of records, and all that they say."""
    path, kind = options.input_filter, options.input_kind
    try:
        values = parse_each(some.records, kind)
        return lines(path.select_each(values), kind), values
    except ValueError:
        for at, record in enumerate(some.records):
            try:
                lines([path.select(parse(record, kind))], kind)
            except ValueError as error:
                reason = f"the InputFilter {path.text} does not fit it: {error}"
                raise some.error(reason, at, at + 1) from error
        raise


def _groups(payload: Payload, most: int | None) -> Iterator[slice]:
    """The records that go together: of so many bytes, each as it is or is sent, or a single one."""
    start = size = 0
    for at, (record, sent) in enumerate(zip(payload.records, payload.sent, strict=True)):
        more = max(len(record), len(sent))
        if most is not None and size + more > most and at > start:
            yield slice(start, at)
            start, size = at, 0
        size += more
    yield slice(start, len(payload.records))


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
