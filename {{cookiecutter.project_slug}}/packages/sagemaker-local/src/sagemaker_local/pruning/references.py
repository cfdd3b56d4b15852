"""What documents of the state refer to: objects by URI, executions and jobs by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.store import Document, dump

# Below these stand places for outputs of any number of jobs, or parts of places.
_PLACES = ("OutputDataConfig", "DataCaptureConfig", "Std:Join")
_URI = re.compile(r"(?:s3|https)://[^\s\"'\\]+")
_WORD = re.compile(r"[A-Za-z0-9-]+")
_DEFINITION = "PipelineDefinition"
_LARGEST_TEXT = 1 << 20


@dataclass
class References:
    """Collects what documents refer to.

    Attributes:
        bucket: has the objects.
        words: of the documents, and parts of words between hyphens: names of jobs and of models,
            and identifiers of executions, are among them.
        places: paths of objects, and of prefixes whose objects are meant.
    """

    bucket: Bucket
    words: set[str] = field(default_factory=set)
    places: set[Path] = field(default_factory=set)

    def add(self, document: Document, follow: bool = False) -> None:
        """Add a document; with ``follow`` also the JSON objects that it names, such as lineage."""
        text = dump(document)
        for word in set(_WORD.findall(text)):
            self.words.update((word, *word.split("-")))
        for uri in _uris(document):
            self._add_uri(uri, follow)

    def refer_to(self, path: Path) -> bool:
        """Does any document refer to an object, or to a prefix that it is below?"""
        return path in self.places or not self.places.isdisjoint(path.parents)

    def _add_uri(self, uri: str, follow: bool) -> None:
        try:
            path = self.bucket.path(uri)
        except LocalError:
            return
        is_object = path.is_file()
        # A bucket, or what a project has in it, says nothing of any object.
        if is_object or len(path.relative_to(self.bucket.root).parts) > 2:
            self.places.add(path)
        if follow and is_object and path.suffix == ".json":
            found = _read(path)
            if found is not None:
                self.add({"object": found})


def _uris(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _URI.findall(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == _DEFINITION and isinstance(item, str):
                yield from _uris(json.loads(item))
            elif key not in _PLACES:
                yield from _uris(item)
    elif isinstance(value, list):
        for item in value:
            yield from _uris(item)


def _read(path: Path) -> Any:
    if path.stat().st_size > _LARGEST_TEXT:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def size_of(files: Iterable[Path]) -> int:
    """Bytes that become free when files go: of several names of one file only where all do."""
    found: dict[tuple[int, int], list[int]] = {}
    for file in files:
        state = file.lstat()
        found.setdefault((state.st_dev, state.st_ino), [state.st_size, state.st_nlink]).append(0)
    return sum(size for size, links, *names in found.values() if len(names) >= links)
