"""The content of files and folders as one short digest, and which files count.

The SDK puts time stamps into upload keys, so that two builds of one pipeline differ and a managed
step cache never hits. Keys made of content do neither; see ``uploads``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 1 << 20
_SKIPPED_FOLDERS = {"__pycache__", ".ipynb_checkpoints", ".git"}


def files_below(path: Path) -> Iterator[tuple[Path, str]]:
    """``(file, its path relative to path)``, sorted; caches of Python and Jupyter are left out.

    A file itself gives one pair, with its name. Byte code carries time stamps: with it, the digest
    of unchanged code would change.
    """
    if path.is_file():
        yield path, path.name
        return
    for file in sorted(path.rglob("*")):
        relative = file.relative_to(path)
        if file.is_file() and not _SKIPPED_FOLDERS.intersection(relative.parts):
            yield file, relative.as_posix()


def digest(path: Path) -> str:
    """16 hexadecimal digits of the SHA-256 over relative names and bytes of all files below."""
    total = hashlib.sha256()
    for file, name in files_below(path):
        total.update(f"{name}\0".encode())
        total.update(_file_digest(file))
    return total.hexdigest()[:16]


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file's bytes, whatever its name; of a folder, ``digest``."""
    return f"sha256:{_file_digest(path).hex()}" if path.is_file() else f"files:{digest(path)}"


def _file_digest(file: Path) -> bytes:
    total = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            total.update(chunk)
    return total.digest()
