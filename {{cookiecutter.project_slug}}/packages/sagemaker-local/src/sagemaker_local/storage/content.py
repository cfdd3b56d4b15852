"""The content of files and folders as short digests, and which files count.

The SDK puts time stamps into upload keys, so that two builds of one pipeline differ and a managed
step cache never hits. Keys made of content do neither; see ``uploads``. The local step cache
compares contents too; see ``signature``.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Protocol

_CHUNK = 1 << 20
_SKIPPED_FOLDERS = {"__pycache__", ".ipynb_checkpoints", ".git"}
_ARCHIVES = (".tar.gz", ".tgz")
# What a broken archive raises while it is read.
BROKEN_ARCHIVE = (tarfile.TarError, EOFError, OSError, zlib.error)
# A file that was written this short a time ago may change once more without a newer time stamp.
# FAT counts in steps of two seconds, the clock of Linux in steps of at most ten milliseconds.
_UNSETTLED_SECONDS = 2.0
_UNSETTLED_FRACTION_SECONDS = 0.1
_TICK_SECONDS = 0.02
_KINDS = ("content", "bytes", "md5")
# What takes longer to read than to wait for its time stamp to settle.
_SLOW_BYTES = 256 << 20


class Memory(Protocol):
    """Keeps what is slow to find out, for as long as a stamp stays the same."""

    def remembered(self, name: str, stamp: str) -> str | None: ...

    def remember(self, name: str, stamp: str, value: str) -> None: ...


def files_below(path: Path) -> Iterator[tuple[Path, str]]:
    """``(file, its path relative to path)``, sorted; caches of Python and Jupyter are left out.

    A file itself gives one pair, with its name. Byte code carries time stamps: with it, the digest
    of unchanged code would change.
    """
    if path.is_file():
        yield path, path.name
        return
    found = []
    for folder, folders, names in os.walk(path, onerror=_raise_unless_gone):
        folders[:] = set(folders) - _SKIPPED_FOLDERS
        found += [Path(folder, name) for name in set(names) - _SKIPPED_FOLDERS]
    for file in sorted(found):
        if file.is_file():
            yield file, file.relative_to(path).as_posix()


def _raise_unless_gone(error: OSError) -> None:
    """A folder that cannot be read is not empty."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


class Digests:
    """Digests of files and folders; with a memory, an unchanged file is read once only.

    A file counts as unchanged while its size, inode and times are the same, as make and git do.
    """

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory = memory

    def of(self, path: Path) -> str:
        """16 hexadecimal digits of the SHA-256 over names and contents of all files below."""
        total = hashlib.sha256()
        for name, file_digest in self.parts(path).items():
            total.update(f"{name}\0".encode())
            total.update(bytes.fromhex(file_digest))
        return total.hexdigest()[:16]

    def parts(self, path: Path) -> dict[str, str]:
        """The digest of each file below ``path``, by its relative name."""
        return {name: self.of_file(file) for file, name in files_below(path)}

    def of_file(self, file: Path) -> str:
        """The SHA-256 of a file's bytes; of an archive, of its members.

        Two archives of the same files differ in bytes: gzip and tar write down times.
        """
        if not is_archive(file.name):
            return self.of_bytes(file)
        return self._known(file, "content", _digest_of_archive)

    def of_bytes(self, file: Path) -> str:
        """The SHA-256 of a file's bytes, whatever is in it."""
        return self._known(file, "bytes", _digest_of_bytes)

    def md5(self, file: Path) -> str:
        """The MD5 of a file's bytes, which S3 calls its ETag."""
        return self._known(file, "md5", _md5)

    def same(self, file: Path, copy: Path) -> None:
        """Note that ``copy`` has just been made of ``file``: it need not be read to know that.

        Only if the digest of ``file`` is remembered: then it has not changed since it was taken,
        which is before the copy was made.
        """
        kind = "content" if is_archive(file.name) else "bytes"
        if self._memory is None or is_archive(copy.name) != is_archive(file.name):
            return
        known = self._memory.remembered(f"{kind} {file}", stamp(file))
        if known is not None:
            self._memory.remember(f"{kind} {copy}", stamp(copy), known)

    @contextmanager
    def keeping(self, file: Path) -> Iterator[None]:
        """Keep what is known of a file while its names or its mode change, and its bytes do not."""
        if self._memory is None:
            yield
            return
        before, size_and_time = stamp(file), _modified(file)
        known = {kind: self._memory.remembered(f"{kind} {file}", before) for kind in _KINDS}
        yield
        after = stamp(file)
        for kind, digest in known.items():
            if digest is not None and before != after and _modified(file) == size_and_time:
                self._memory.remember(f"{kind} {file}", after, digest)

    def _known(self, file: Path, kind: str, find: Callable[[Path], str]) -> str:
        if self._memory is None:
            return find(file)
        name, before = f"{kind} {file}", stamp(file)
        known = self._memory.remembered(name, before)
        if known is not None:
            return known
        unsettled = _seconds_until_settled(file)
        if file.stat().st_size > _SLOW_BYTES and 0 < unsettled <= _UNSETTLED_SECONDS:
            time.sleep(unsettled)
            before, unsettled = stamp(file), _seconds_until_settled(file)
        found = find(file)
        if unsettled <= 0 and stamp(file) == before:
            self._memory.remember(name, before, found)
        return found


def digest(path: Path) -> str:
    """``Digests.of`` without a memory."""
    return Digests().of(path)


def fingerprint(path: Path, digests: Digests | None = None) -> str:
    """The SHA-256 of a file's bytes, whatever its name; of a folder, ``Digests.of``."""
    digests = digests or Digests()
    return f"sha256:{digests.of_bytes(path)}" if path.is_file() else f"files:{digests.of(path)}"


def is_archive(name: str) -> bool:
    return name.endswith(_ARCHIVES)


def stamp(file: Path) -> str:
    """What is another text when a file's bytes, names or mode have changed."""
    return f"{_modified(file)} {file.stat().st_ctime_ns}"


def _modified(file: Path) -> str:
    """What is another text when a file's bytes have changed, unless somebody set its time back."""
    state = file.stat()
    return f"{state.st_size} {state.st_ino} {state.st_mtime_ns}"


def _seconds_until_settled(file: Path) -> float:
    """How long a file can still change without a newer time stamp; negative: it cannot.

    A person can set the time of a change back (``cp -p``), but not that of the entry, which a link
    and a new mode change too: within one tick of the clock, it tells nothing.
    """
    state, now = file.stat(), time.time()
    counts_fractions = state.st_mtime_ns % 10**9
    unsettled = _UNSETTLED_FRACTION_SECONDS if counts_fractions else _UNSETTLED_SECONDS
    entry = state.st_ctime + _TICK_SECONDS - now
    return max(state.st_mtime + unsettled - now, entry if entry <= _TICK_SECONDS else 0.0)


def _digest_of_archive(file: Path) -> str:
    # What only looks like an archive is a file like any other.
    with suppress(*BROKEN_ARCHIVE):
        return _digest_of_members(file)
    return _digest_of_bytes(file)


def _digest_of_members(file: Path) -> str:
    members = {}
    with tarfile.open(file) as tar:
        for member in tar:
            body = tar.extractfile(member) if member.isfile() else None
            kind = f"{member.type!r} {member.linkname} {member.mode & 0o111}"
            members[member.name] = f"{kind} {_digest_of_stream(body) if body else ''}"
    listed = "\n".join(f"{name}\0{members[name]}" for name in sorted(members))
    return hashlib.sha256(listed.encode()).hexdigest()


def _digest_of_bytes(file: Path) -> str:
    with file.open("rb") as stream:
        return _digest_of_stream(stream)


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def _digest_of_stream(stream: IO[bytes]) -> str:
    total = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        total.update(chunk)
    return total.hexdigest()


def remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those around it that are empty, from the inside out; ``top`` stays."""
    with suppress(OSError):
        while folder != top:
            folder.rmdir()
            folder = folder.parent
