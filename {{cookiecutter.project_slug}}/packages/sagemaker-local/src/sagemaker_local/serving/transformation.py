"""One batch transform: every file through the model, in order, a bounded part of it in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .answers import written
from .containers import ContainerError, Containers
from .in_order import in_order
from .model_script import ModelScript, ScriptError
from .options import Options
from .payloads import Block, Payload, RecordError, Source, blocks, payloads

_TOLD_EVERY = 100_000


@dataclass(frozen=True)
class Written:
    """Bytes for a file's output, and of how many records; not the records, which would stay."""

    source: Source
    records: int
    text: bytes


@dataclass(frozen=True)
class Transformation:
    """A model, and how files are put before it."""

    model: ModelScript | Containers
    options: Options

    def run(self, sources: Sequence[Source]) -> None:
        """Write the output of every file; lines on standard output tell how far it is.

        Raises:
            RecordError: a record, or a file, cannot be transformed; names it.
            ScriptError: the model's script answers with what cannot be written.
        """
        stream = blocks_of(sources, self.options)
        write_all(in_order(self.transformed, stream, self.options.concurrent), sources)

    def transformed(self, block: Block) -> Written:
        """What is written for a block.

        Raises:
            RecordError: it cannot be transformed; names the first record that is to blame.
            ScriptError: the model's script answers with what cannot be written.
        """
        records, text = 0, b""
        for payload in payloads(block, self.options):
            text += written(payload, self._answer(payload), self.options)
            records += len(payload.numbers)
        return Written(block.source, records, text)

    def _answer(self, payload: Payload) -> bytes:
        try:
            return self.model.answer(payload.body())
        except ScriptError:
            raise
        except Exception as error:
            raise self._blame(payload, error) from error

    def _blame(self, payload: Payload, error: Exception) -> RecordError:
        """Name the first record with which the payload fails.

        It ends the shortest beginning that fails. Single records would not do: a line of column
        names, which some models take before records, fails alone.
        """
        count = len(payload.numbers)
        if count == 1:
            return payload.error(_said(error))
        good, bad = 1, count
        while bad - good > 1:
            middle = (good + bad) // 2
            fails = self._failure(payload, 0, middle) is not None
            good, bad = (good, middle) if fails else (middle, bad)
        again = self._failure(payload, 0, bad)
        if again is None:
            return payload.error(f"{_said(error)} (but not when they were sent again)")
        if bad > 2:
            return payload.error(_said(again), bad - 1, bad)
        return self._blame_first_or_second(payload, again)

    def _blame_first_or_second(self, payload: Payload, both: Exception) -> RecordError:
        first, second = self._failure(payload, 0, 1), self._failure(payload, 1, 2)
        if first is not None and (second is None or _said(first) == _said(both)):
            return payload.error(_said(first), 0, 1)
        return payload.error(_said(both), 1, 2)

    def _failure(self, payload: Payload, first: int, last: int) -> Exception | None:
        try:
            self.model.answer(payload.body(first, last))
        except Exception as error:
            return error
        return None


def blocks_of(sources: Sequence[Source], options: Options) -> Iterator[Block]:
    """The blocks of files, one file after another."""
    return itertools.chain.from_iterable(blocks(source, options) for source in sources)


def write_all(results: Iterable[Written], sources: Sequence[Source]) -> None:
    """Write the output of every file, of what comes in their order; an empty file's is empty."""
    begun = set()
    for source, group in itertools.groupby(results, key=lambda result: result.source):
        _write(source, group)
        begun.add(source)
    for source in sources:
        if source not in begun:
            _write(source, ())


def _said(error: Exception) -> str:
    if isinstance(error, ContainerError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _write(source: Source, results: Iterable[Written]) -> None:
    """Write a file's output, which has its name only when it is whole: a script may end us."""
    records = 0
    source.output.parent.mkdir(parents=True, exist_ok=True)
    partial = source.output.with_name(f"{source.output.name}.partial")
    with partial.open("wb") as output:
        for result in results:
            output.write(result.text)
            before, records = records, records + result.records
            if before // _TOLD_EVERY != records // _TOLD_EVERY:
                print(f"{source.name}: {records} records so far")
    partial.replace(source.output)
    print(f"{source.name}: {records} records")
