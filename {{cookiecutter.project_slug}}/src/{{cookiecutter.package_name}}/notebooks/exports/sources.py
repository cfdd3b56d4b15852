"""Change the source of one cell in the text of a notebook, and not a byte beside it."""

import difflib
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Encoder = Callable[[str], str]

DECODER = json.JSONDecoder()
BLANK = re.compile(r"[ \t\r\n]*")


def with_source(text: str, cell: int, source: str) -> str:
    """The text of a notebook in which the source of a cell, counted from 1, is another one.

    Lines that stay keep their bytes. New ones follow the others' indentation, escapes and line
    ends, and the source stays a list of lines, or one string.
    """
    start, end = source_span(text, cell)
    raw = text[start:end]
    old = json.loads(raw)
    if "\r\n" in "".join(old):
        source = source.replace("\n", "\r\n")
    new = encoded_lines(raw, source) if isinstance(old, list) else encoder_of([raw])(source)
    return text[:start] + new + text[end:]


def source_span(text: str, cell: int) -> tuple[int, int]:
    """Where the source of a cell, counted from 1, starts and ends."""
    cells, _ = value_of(text, blank(text, 0), "cells")
    start, _ = value_of(text, cells, cell - 1)
    return value_of(text, start, "source")


def value_of(text: str, at: int, key: str | int) -> tuple[int, int]:
    """Where a value of the object or list that starts at `at` starts and ends."""
    return next((start, end) for found, start, end in values(text, at) if found == key)


def values(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """Each value of the object or list that starts at `at`: key or index, start, end."""
    is_object = text[at] == "{"
    key: Any = -1
    at = blank(text, at + 1)
    while text[at] not in "]}":
        if is_object:
            key, at = DECODER.raw_decode(text, at)
            at = blank(text, blank(text, at) + 1)
        else:
            key += 1
        _, end = DECODER.raw_decode(text, at)
        yield key, at, end
        at = blank(text, end)
        if text[at] == ",":
            at = blank(text, at + 1)


def blank(text: str, at: int) -> int:
    """The first place from `at` on that is not white space."""
    match = BLANK.match(text, at)
    return match.end() if match else at


def encoded_lines(raw: str, source: str) -> str:
    """A JSON list of lines, written as `raw` is; lines that are in both keep their bytes."""
    spans = [(start, end) for _, start, end in values(raw, 0)]
    items = [raw[start:end] for start, end in spans]
    opening, closing = raw[: spans[0][0]], raw[spans[-1][1] :]
    between = raw[spans[0][1] : spans[1][0]] if len(spans) > 1 else f",{opening[1:] or ' '}"
    encode = encoder_of(items)
    old, new = [json.loads(item) for item in items], source.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    lines: list[str] = []
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        added = [encode(line) for line in new[new_start:new_end]]
        lines += items[start:end] if kind == "equal" else added
    return opening + between.join(lines) + closing


def encoder_of(items: list[str]) -> Encoder:
    """The way of writing JSON strings that gives most of these back as they are."""
    plain: Encoder = partial(json.dumps, ensure_ascii=False)
    encoders = [plain, json.dumps, with_slashes(plain), with_slashes(json.dumps)]
    decoded = [(item, json.loads(item)) for item in items]

    def hits(encode: Encoder) -> int:
        return sum(encode(line) == item for item, line in decoded)

    return max(encoders, key=hits)


def with_slashes(encode: Encoder) -> Encoder:
    """The same way of writing, with each slash escaped as PHP and others do."""
    return lambda line: encode(line).replace("/", "\\/")
