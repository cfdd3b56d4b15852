"""The local bucket: a folder in which ``s3://<bucket>/<key>`` is ``<root>/<bucket>/<key>``.

A person can look at every object with a file manager. Writes appear whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sagemaker_local.errors import LocalError
from sagemaker_local.processes import owner
from sagemaker_local.storage import addresses, disk
from sagemaker_local.storage.content import files_below
from sagemaker_local.storage.copies import duplicate, keep

_WRITING = ".writing-"
_SET_ASIDE = ".set-aside"
_ATTEMPTS = 5
# An owner's text in a folder's name: Windows has no colons there, and no host's name has this.
_COLON = "~"


@dataclass(frozen=True)
class Bucket:
    """All buckets of a session; ``name`` is the default one.

    Attributes:
        root: the folder that holds a folder for each bucket.
        name: the default bucket's name.
    """

    root: Path
    name: str

    def uri(self, key: str) -> str:
        return f"s3://{self.name}/{key.strip('/')}"

    def make(self) -> None:
        """Make the default bucket, which a client by AWS's protocol expects to be there."""
        (self.root / self.name).mkdir(parents=True, exist_ok=True)

    def path(self, uri: str) -> Path:
        """Where the object or prefix behind an S3 URI is, or would be.

        Raises:
            LocalError: not an S3 URI, or one that leads out of the bucket's folder.
        """
        bucket, key = addresses.told_apart(uri)
        if not bucket:
            if told := addresses.elsewhere(uri):
                raise LocalError(f"{told}.")
            raise LocalError(f"{uri!r} is not an S3 URI; it should look like {self.uri('key')}.")
        path = self.root / bucket / key.strip("/")
        if ".." in key.split("/") or not path.resolve().is_relative_to(self.root.resolve()):
            raise LocalError(f"{uri!r} leads out of its bucket.")
        return path

    def existing(self, uri: str) -> Path:
        """``path``, which must be there and must not be an empty folder.

        Raises:
            LocalError: nothing is there; says where it was looked for.
        """
        path = self.path(uri)
        if path.is_file() or next(files_below(path), None) is not None:
            return path
        raise LocalError(
            f"There is nothing at {uri}: a local session looks for it at {path}. "
            "Upload it with session.upload_data(...), or put the file there."
        )

    def keys(self, uri: str) -> list[str]:
        """Keys below a prefix, sorted; one key for an object."""
        start = self.root / addresses.told_apart(uri)[0]
        return [file.relative_to(start).as_posix() for file, _ in files_below(self.path(uri))]

    def beginning(self, uri: str) -> list[str]:
        """Keys that begin as a URI does, whether a folder ends there or not, in S3's order."""
        bucket, key = addresses.told_apart(uri)
        folder, _, start = key.rpartition("/")
        parent = self.path(f"s3://{bucket}/{folder}")
        entries = parent.iterdir() if parent.is_dir() else ()
        files = [file for e in entries if e.name.startswith(start) for file, _ in files_below(e)]
        keys = [file.relative_to(self.root / bucket).as_posix() for file in files]
        return sorted(keys, key=str.encode)

    def write(self, uri: str, body: bytes) -> None:
        """Create or replace one object."""
        with self.replacing(uri) as temporary:
            temporary.write_bytes(body)

    def upload(self, source: Path, uri: str) -> None:
        """Copy a file to an object, or a folder's files below a prefix.

        Other objects below the prefix stay, as in S3.

        Raises:
            DiskFull: there is no room for it; nothing of it is there.
        """
        self._put(source, uri, duplicate)

    def collect(self, source: Path, uri: str) -> None:
        """Like ``upload``, of what an ended job wrote: a large file is not stored twice.

        Where it cannot be cloned, its place in the job's folder and the object are two names of one
        file, which is read-only from then on.
        """
        self._put(source, uri, keep)

    def _put(self, source: Path, uri: str, copy: Callable[[Path, Path], object]) -> None:
        with self.replacing(uri) as temporary:
            if source.is_file():
                copy(source, temporary)
            else:
                temporary.mkdir()
                copy_files(source, temporary, copy)

    def download(self, uri: str, target: Path) -> list[Path]:
        """Copy an object, or all objects below a prefix, into the folder ``target``."""
        return copy_files(self.existing(uri), target)

    def set_aside(self, uri: str, reason: str) -> Path:
        """Take a damaged object out of its bucket, where nobody takes it for a good one.

        Args:
            uri: of the object.
            reason: the name of what damaged it, for its new place.

        Returns:
            Where it is now.
        """
        path = self.path(uri)
        aside = self.root / _SET_ASIDE / reason / path.relative_to(self.root)
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.replace(aside)
        return aside

    def sweep(self) -> None:
        """Remove what processes of this machine had begun to write when they were killed."""
        for folder in self.root.glob(f"{_WRITING}*{_COLON}*{_COLON}*"):
            writer = folder.name.removeprefix(_WRITING).rpartition("-")[0].replace(_COLON, ":")
            if owner.alive(writer) is False:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def replacing(self, uri: str) -> Iterator[Path]:
        """A path to write a file or folder to, which moves to ``uri`` when the block succeeds.

        It lies outside every bucket: no listing shows what is still being written.

        Raises:
            DiskFull: there is no room for it.
            LocalError: an object would take the place of a prefix, or a prefix that of an object.
        """
        target = self.path(uri)
        _sweep_once(self, os.getpid())
        writing = f"{_WRITING}{owner.this_process().replace(':', _COLON)}-"
        self.root.mkdir(parents=True, exist_ok=True)
        with (
            disk.explained(target),
            tempfile.TemporaryDirectory(prefix=writing, dir=self.root) as folder,
        ):
            temporary = Path(folder) / "new"
            yield temporary
            try:
                _move(temporary, target)
            except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
                raise LocalError(
                    f"{uri} cannot be written: a local bucket is a folder, in which an object and "
                    "a prefix cannot have the same name; choose another key."
                ) from error


@cache
def _sweep_once(bucket: Bucket, process: int) -> None:
    """In each process, a fork's too, before its first write."""
    bucket.sweep()


def copy_files(
    source: Path, target: Path, copy: Callable[[Path, Path], object] = duplicate
) -> list[Path]:
    """Copy a file, or a folder's files, into the folder ``target``; gives the copies' paths."""
    copies = []
    for file, name in files_below(source):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        copy(file, place)
        copies.append(place)
    return copies


def _move(source: Path, target: Path) -> None:
    """Move a file, or a folder's files, to ``target``; at once where nothing is there yet."""
    if source.is_file() and target.is_dir():
        raise IsADirectoryError(target)
    try:
        _replace(source, target)
    except OSError:
        if not (source.is_dir() and target.is_dir()):
            raise
        for file, name in list(files_below(source)):
            _move(file, target / name)


def _replace(source: Path, target: Path) -> None:
    """Move to a folder that is made for it; whoever deletes an object deletes an empty folder."""
    for attempt in range(_ATTEMPTS):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
            return
        except (FileNotFoundError, FileExistsError):  # mkdir, too, looks twice
            if attempt == _ATTEMPTS - 1:
                raise
