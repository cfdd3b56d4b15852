"""A job's input files: its own to change, and no way to change the bucket's objects through them.

Each is a clone that shares the object's blocks, where the file system does that; else a copy, or,
of a large object, a second name (a hard link), which is read-only. The super-user's jobs can write
to it all the same, and others can make it writable, so linked objects are verified when the job's
program has ended. What was linked is written down beside the job's log: should this process be
killed with the job, the next one verifies it.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.processes.runner import Command, Launch
from sagemaker_local.storage import copies
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import Digests
from sagemaker_local.storage.manifest import objects

_RECORD = "links.json"
# Two jobs that link one object: the second one finds the digest that the first one computes.
_linking = threading.Lock()


@dataclass(frozen=True)
class LinkedInput:
    """An object that a job could change.

    Attributes:
        uri: of the object.
        place: its other name, in the job's folder.
        inode: of the file.
        digest: of its content; known from memory while the file's times are the same.
    """

    uri: str
    place: str
    inode: int
    digest: str


def shared(
    files: Iterable[tuple[Path, str]], share: tuple[int, int] | None
) -> list[tuple[Path, str]]:
    """One host's of the files below a prefix, which hosts take in turn, by their keys.

    The service says that each gets about as many, and by key; not, which ones.
    """
    if share is None:
        return list(files)
    number, count = share
    return sorted(files, key=lambda found: found[1].encode())[number::count]


@dataclass(frozen=True)
class Inputs:
    """The input files of one job.

    Attributes:
        folder: the job's.
        bucket: where the objects are.
        digests: remembers those of large objects.
    """

    folder: JobFolder
    bucket: Bucket
    digests: Digests

    def put(
        self,
        uri: str,
        target: Path,
        share: tuple[int, int] | None = None,
        data_type: Any = None,
    ) -> None:
        """Put an object, or all objects below a prefix, into the folder ``target``.

        Args:
            uri: of the object, prefix or manifest.
            target: the folder.
            share: ``(number, count)``: only those of a host whose turn it is, of so many hosts that
                take the objects in turn, by their keys; None: all of them.
            data_type: of the input; it says whether the URI is a manifest's.

        Raises:
            LocalError: nothing is there, or it cannot be read.
        """
        try:
            start, found = objects(self.bucket, uri, data_type)
            files = shared(found, share)
            if share is not None and not files:
                self.folder.note(f"{uri} has fewer objects than the job has hosts; one gets none.")
            linked = list(self._placed(files, start, target))
        except PermissionError as error:
            raise LocalError(
                f"The input {uri} cannot be read: {error.strerror}: {error.filename}. Give this "
                "user the right to read it."
            ) from error
        if linked:
            self._record([*self._recorded(), *linked])

    def guarded(self, launch: Launch) -> Launch:
        """``launch`` that verifies the linked inputs when the program has ended, however it did.

        It raises StepFailure if the program changed one of them.
        """

        def run(command: Command) -> int:
            try:
                return launch(command)
            finally:
                self.verify(command.name)

        return run

    def verify(self, program: str) -> None:
        """Take objects that a program has changed out of the bucket.

        Args:
            program: its name.

        Raises:
            StepFailure: it changed an input; names the input, the object, and where that is now.
        """
        damaged = [item for item in self._recorded() if self._is_changed(item)]
        if damaged:
            raise StepFailure(" ".join(self._set_aside(item, program) for item in damaged))

    def _placed(
        self, files: list[tuple[Path, str]], start: str, target: Path
    ) -> Iterator[LinkedInput]:
        """Place files, whose URIs begin with ``start``; gives those that are linked."""
        for file, name in files:
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if copies.clone(file, place):
                continue
            linked = self._linked(file, f"{start}{name}", place)
            if linked is None:
                shutil.copyfile(file, place)
                continue
            self.folder.note(f"{name} is large, and therefore a read-only link to its object.")
            yield linked

    def _linked(self, file: Path, uri: str, place: Path) -> LinkedInput | None:
        """Link an object; None if it is small, or cannot be linked."""
        if not copies.is_linked(file):
            return None
        with _linking:
            digest = self.digests.of_file(file)
            with self.digests.keeping(file):
                if not copies.link(file, place):
                    return None
            return LinkedInput(uri, str(place), file.stat().st_ino, digest)

    def _is_changed(self, item: LinkedInput) -> bool:
        """Compare the file under a name that it still has.

        The job may have deleted its own, and another job, which finds the same damage, may set the
        object aside at this very moment.
        """
        for path in (self.bucket.path(item.uri), Path(item.place)):
            with suppress(FileNotFoundError):
                if path.stat().st_ino == item.inode:
                    copies.protect(path)  # a job may have made it writable, or unreadable
                    return self.digests.of_file(path) != item.digest
        return False

    def _set_aside(self, item: LinkedInput, program: str) -> str:
        """Give a sentence about it."""
        told = (
            f"The input {Path(item.place).name} was changed while {program} ran. It is the object "
            f"{item.uri} itself, not a copy, because it is large; a script must not change it."
        )
        try:
            if self.bucket.path(item.uri).stat().st_ino != item.inode:
                return told
            aside = self.bucket.set_aside(item.uri, self.folder.path.name)
        except FileNotFoundError:
            return told
        return (
            f"{told} The damaged object is now at {aside}: upload it again, or run again the step "
            "that made it."
        )

    def _record(self, linked: list[LinkedInput]) -> None:
        text = json.dumps([asdict(item) for item in linked], indent=1)
        (self.folder.path / _RECORD).write_text(text, encoding="utf-8")

    def _recorded(self) -> list[LinkedInput]:
        file = self.folder.path / _RECORD
        if not file.is_file():
            return []
        return [LinkedInput(**item) for item in json.loads(file.read_text(encoding="utf-8"))]
