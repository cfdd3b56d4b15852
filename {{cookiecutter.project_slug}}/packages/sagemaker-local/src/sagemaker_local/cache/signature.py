"""What makes a step's result: its settings, the content of its inputs, and the versions it runs on.

Which members count is the service's own choice (Developer Guide, "Caching Pipeline Steps"), and
each kind of job says it; where the service compares the URI of an input, this compares the content,
so that new data behind an old name is noticed, and old data behind a new name is not. Names of
outputs count too: a result that lacks one is of no use to a step that reads it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sagemaker_local.cache import environment
from sagemaker_local.processes.libraries import version
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import BROKEN_ARCHIVE, Digests, Memory, files_below, is_archive
from sagemaker_local.storage.manifest import MANIFEST, objects
from sagemaker_local.storage.store import Document, Store

ORDER = "order of arguments"
_LONGEST_LIST = 500
_LONGEST_TEXT = 60

Parts = dict[str, str]


@dataclass(frozen=True)
class Signature:
    """Names and texts or digests of all that a step's result is made of."""

    parts: Parts

    @property
    def digest(self) -> str:
        text = json.dumps(self.parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def changes_since(self, earlier: Parts) -> list[str]:
        """One phrase for each part that differs from an earlier run's."""
        names = set(earlier) | set(self.parts)
        differing = {name for name in names if earlier.get(name) != self.parts.get(name)}
        if differing != {ORDER}:  # where an argument came or went, that says it all
            differing.discard(ORDER)
        return [
            _change(name, earlier.get(name), self.parts.get(name)) for name in sorted(differing)
        ]


def _change(name: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{name} is new"
    if after is None:
        return f"{name} is gone"
    if _is_readable(before) and _is_readable(after):
        return f"{name} was {before}, is {after}"
    return f"{name} changed"


def _is_readable(text: str) -> bool:
    return len(text) <= _LONGEST_TEXT and not text.startswith("sha256:")


@dataclass
class Signer:
    """Makes signatures of steps whose arguments are resolved.

    Attributes:
        bucket: where inputs are looked for.
        store: knows models, and remembers digests of files that have not changed.
    """

    bucket: Bucket
    store: Store
    digests: Digests = field(init=False)

    def __post_init__(self) -> None:
        self.digests = Digests(self.store)

    def signature(self, sign: Callable[[Signing, Document], None], request: Document) -> Signature:
        """The signature of a step.

        Args:
            sign: adds the parts of a request; the kind of a job has it.
            request: the step's arguments.

        Raises:
            LocalError: an input is not there.
        """
        signing = Signing(self.bucket, self.store, self.digests)
        sign(signing, request)
        return signing.signature()


class Signing:
    """Collects the parts of one signature.

    Attributes:
        bucket: where inputs are looked for.
        store: knows models.
    """

    def __init__(self, bucket: Bucket, store: Store, digests: Digests) -> None:
        self.bucket = bucket
        self.store = store
        self._memory: Memory = store
        self._digests = digests
        self._parts: Parts = {}
        self._sources: list[tuple[str, str]] = []
        self._known = True

    def signature(self) -> Signature:
        """All that was collected, and what the code among it depends on."""
        texts = tuple(text for _, text in self._sources)
        code = environment.Code(texts, _local({name for name, _ in self._sources}), self._known)
        for name, value in environment.parts_of(code, self._memory).items():
            self._add(name, value)
        return Signature(self._parts)

    def _add(self, name: str, value: str) -> None:
        """A part of its own; one that has another one's name must not take its place."""
        while name in self._parts:
            name = f"{name} (another)"
        self._parts[name] = value

    def setting(self, name: str, value: Any) -> None:
        """A setting, or a structure of them, each with a name of its own."""
        if isinstance(value, dict):
            for key, item in value.items():
                self.setting(f"{name} {key}", item)
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            for index, item in enumerate(value):
                self.setting(f"{name} {_label(item, index)}", item)
        elif value not in ({}, []):
            self._add(name, value if isinstance(value, str) else json.dumps(value))

    def settings(self, request: Document, *members: str) -> None:
        """Those of a request's members that it has."""
        for member in members:
            self.setting(member, request.get(member, {}))

    def hosts(self, count: int) -> None:
        """How many hosts a job has; one is not said, as it never was."""
        if count != 1:
            self._add("hosts", str(count))

    def library(self, name: str) -> None:
        """One that the engine itself uses for a step, in the version that this process loaded."""
        loaded = getattr(sys.modules.get(name), "__version__", None)
        self._add(name, str(loaded or version(name)))

    def program(self, is_python: bool) -> None:
        """Is what runs a Python script, whose imports can be read? Else any library may count."""
        self._known = is_python

    def content(
        self, name: str, uri: str, code: bool = True, without: str = "", data_type: Any = None
    ) -> None:
        """Every file below a URI by its digest; of very many, one digest for all.

        Args:
            name: of the input, for people.
            uri: of an object, of a prefix, or of a manifest.
            code: read the Python files among them: what they import counts too; False for the
                SDK's own scripts, which are not what runs here.
            without: a file that is left out.
            data_type: of the input; it says whether the URI is a manifest's.
        """
        if data_type == MANIFEST:
            files = objects(self.bucket, uri, data_type)[1]
            found = {relative: self._digests.of_file(file) for file, relative in files}
        else:
            path = self.bucket.existing(uri)
            files, found = list(files_below(path)), self._digests.parts(path)
        found.pop(without, None)
        if len(found) > _LONGEST_LIST:
            self._add(f"{name} (all files)", f"sha256:{_digest_of_list(found)}")
        else:
            for relative, digest in found.items():
                self._add(f"{name}: {relative}", f"sha256:{digest}")
        if code:
            for file, relative in files:
                self._read_sources(file, relative, found.get(relative, ""))

    def _read_sources(self, file: Path, name: str, digest: str) -> None:
        if name.endswith(".py"):
            self._sources.append((name, file.read_text(encoding="utf-8", errors="replace")))
        elif is_archive(name):
            self._sources += self._archived_sources(file, digest)

    def _archived_sources(self, file: Path, digest: str) -> list[tuple[str, str]]:
        """Scripts in an archive; unpacked once for as long as it stays the same."""
        known = self._memory.remembered(f"sources {digest}", digest)
        if known is None:
            known = json.dumps(list(_python_members(file)))
            self._memory.remember(f"sources {digest}", digest, known)
        return [(name, text) for name, text in json.loads(known)]


def _digest_of_list(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _label(item: Any, index: int) -> str:
    """The name by which people know an entry of a list."""
    named = item if isinstance(item, dict) else {}
    return str(next((named[key] for key in ("Name", "MetricName") if key in named), index))


def _local(files: set[str]) -> frozenset[str]:
    """What scripts import from one another: the outermost packages and modules of their folders."""
    found = set()
    for name in files:
        path = PurePosixPath(name)
        found.add(path.parts[0].removesuffix(".py"))
        while (path.parent / "__init__.py").as_posix() in files and path.parent.name:
            path = path.parent
        found.add(path.name.removesuffix(".py"))
    return frozenset(found)


def _python_members(archive: Path) -> Iterator[tuple[str, str]]:
    with suppress(*BROKEN_ARCHIVE), tarfile.open(archive) as tar:
        for member in tar:
            is_script = member.isfile() and member.name.endswith(".py")
            body = tar.extractfile(member) if is_script else None
            if body is not None:
                yield member.name.removeprefix("./"), body.read().decode("utf-8", "replace")
