"""The part of JSONPath with which batch transform filters records.

Operators: "Associate Prediction Results with Input Records" in the SageMaker Developer Guide, which
refers to the library JsonPath for their meaning. A slice ends before its last index, as there; a
sentence of the guide says otherwise, and contradicts the definitions that people run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

_NAME = r"'[^']*'"
_INDEX = r"-?[0-9]+"
_SELECTOR = re.compile(
    rf"""
      \.?\[\s*(?P<names>{_NAME}(?:\s*,\s*{_NAME})*)\s*\]
    | \.?\[\s*(?P<indexes>{_INDEX}(?:\s*,\s*{_INDEX})*)\s*\]
    | \.?\[\s*(?P<start>{_INDEX})?\s*:\s*(?P<end>{_INDEX})?\s*\]
    | (?P<every>\.\*|\.?\[\s*\*\s*\])
    | \.(?P<name>[^\s.,:*'$\[\]()?@]+)
    """,
    re.VERBOSE,
)
_SLICE_AMONG_OTHERS = re.compile(r"\[[^\]']*(?::[^\]']*,|,[^\]']*:)")
# The service's own check knows no other characters: https://github.com/boto/boto3/issues/3136
_ACCEPTED_BY_THE_SERVICE = re.compile(r"[A-Za-z0-9$\[\]*. ,:'-]*")


class JsonPathError(ValueError):
    """A path that is none, or that selects what a record does not have."""


@dataclass(frozen=True)
class _Names:
    names: tuple[str, ...]

    def of(self, value: Any, last: bool) -> Iterator[Any]:
        """The members; several at the end of a path are one object."""
        try:
            found = {name: value[name] for name in self.names}
        except (KeyError, TypeError, IndexError):  # or it is told by which name
            found = {name: self._member(value, name) for name in self.names}
        if last and len(self.names) > 1:
            yield found
        else:
            yield from found.values()

    def definite(self, last: bool) -> bool:
        return last or len(self.names) == 1

    def _member(self, value: Any, name: str) -> Any:
        if not isinstance(value, dict) or name not in value:
            raise JsonPathError(f"it has no {name!r}")
        return value[name]


@dataclass(frozen=True)
class _Indexes:
    indexes: tuple[int, ...]

    def of(self, value: Any, last: bool) -> Iterator[Any]:
        for index in self.indexes:
            try:
                yield _array(value)[index]
            except IndexError:
                raise JsonPathError(f"it has no [{index}], only {len(value)} values") from None

    def definite(self, last: bool) -> bool:
        return len(self.indexes) == 1


@dataclass(frozen=True)
class _Slice:
    start: int | None
    end: int | None

    def of(self, value: Any, last: bool) -> Iterator[Any]:
        found = _array(value)[self.start : self.end]
        if not found:
            raise JsonPathError(f"nothing of its {len(value)} values is in the slice")
        yield from found

    def definite(self, last: bool) -> bool:
        return False


@dataclass(frozen=True)
class _Every:
    def of(self, value: Any, last: bool) -> Iterator[Any]:
        yield from value.values() if isinstance(value, dict) else _array(value)

    def definite(self, last: bool) -> bool:
        return False


_Selector = _Names | _Indexes | _Slice | _Every


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise JsonPathError("it is no array")
    return value


@dataclass(frozen=True)
class JsonPath:
    """A path that was read; ``parse`` makes it."""

    text: str
    selectors: tuple[_Selector, ...]

    @property
    def selects_all(self) -> bool:
        return not self.selectors

    @property
    def by_index(self) -> bool:
        """Does it suit a row of CSV, which has positions and no names?"""
        names = any(isinstance(selector, _Names) for selector in self.selectors)
        return len(self.selectors) <= 1 and not names

    @property
    def refused_by_the_service(self) -> str:
        """Characters that the managed service has refused, in its own check of a path."""
        return "".join(sorted(set(_ACCEPTED_BY_THE_SERVICE.sub("", self.text))))

    def select(self, document: Any) -> Any:
        """What the path selects: one value, or a list where it may select several.

        Raises:
            JsonPathError: the document does not have it.
        """
        found, definite = [document], True
        for position, selector in enumerate(self.selectors, start=1):
            last = position == len(self.selectors)
            definite = definite and selector.definite(last)
            found = [item for value in found for item in selector.of(value, last)]
        return found[0] if definite else found

    def select_each(self, documents: Sequence[Any]) -> list[Any]:
        """``select`` of each document; members are found in all of them in one go.

        Raises:
            JsonPathError: a document does not have it.
        """
        if self._names:
            try:
                return _members(documents, self._names)
            except (KeyError, TypeError, IndexError):  # or it is told of which document
                pass
        return [self.select(document) for document in documents]

    @cached_property
    def _names(self) -> list[tuple[str, ...]]:
        """The names that it consists of, if it does, and has several only in the last place."""
        names = [each.names for each in self.selectors if isinstance(each, _Names)]
        single = all(len(each) == 1 for each in names[:-1])
        return names if single and len(names) == len(self.selectors) else []


def _members(documents: Iterable[Any], names: Sequence[tuple[str, ...]]) -> list[Any]:
    for each in names:
        documents = map(itemgetter(*each), documents)
    last = names[-1]
    if len(last) == 1:
        return list(documents)
    return [dict(zip(last, values, strict=True)) for values in documents]


def parse(text: str) -> JsonPath:
    """Read a path.

    Raises:
        JsonPathError: it is no path, or one that batch transform does not have.
    """
    if not text.startswith("$"):
        raise JsonPathError(f"{text!r} is no JSONPath: it should start with $")
    if _SLICE_AMONG_OTHERS.search(text):
        raise JsonPathError(f"{text!r}: a slice such as [1:5] stands alone in its brackets")
    return JsonPath(text, tuple(_selectors(text)))


def _selectors(text: str) -> Iterable[_Selector]:
    at = 1
    while at < len(text):
        match = _SELECTOR.match(text, at)
        if match is None:
            raise JsonPathError(f"{text!r}: batch transform cannot read {text[at:]!r}")
        yield _selector(match)
        at = match.end()


def _selector(match: re.Match[str]) -> _Selector:
    if match["name"]:
        return _Names((match["name"],))
    if match["names"]:
        return _Names(tuple(name[1:-1] for name in re.findall(_NAME, match["names"])))
    if match["indexes"]:
        return _Indexes(tuple(map(int, match["indexes"].split(","))))
    if match["every"]:
        return _Every()
    start, end = match["start"], match["end"]
    return _Slice(None if start is None else int(start), None if end is None else int(end))
