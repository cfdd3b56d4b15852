"""A disk that is full: recognised, and told as a sentence."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sagemaker_local.errors import DiskFull

_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
# Of what may wait: little by itself, and little of the whole disk.
_NEARLY_FULL_BYTES, _NEARLY_FULL_SHARE = 1 << 30, 0.05
# A program that ran out of space leaves some: less than it wanted to write.
_LITTLE_BYTES = 1 << 20


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Tell what the block could not write, and what to do.

    Args:
        path: the file or folder that it writes to.

    Raises:
        DiskFull: in place of the operating system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise full(path) from error


def full(path: Path) -> DiskFull:
    """The error that names what could not be written."""
    return DiskFull(
        f"The disk is full: {path} could not be written. Make room (folders of old jobs may be "
        "deleted), and retry."
    )


def is_nearly_full(path: Path) -> bool:
    """Is there so little left where the folder ``path`` is that others may need it more?"""
    path.mkdir(parents=True, exist_ok=True)
    usage = shutil.disk_usage(path)
    return usage.free < min(_NEARLY_FULL_BYTES, _NEARLY_FULL_SHARE * usage.total)


def has_no_room(path: Path) -> bool:
    """Is there next to nothing left where the folder ``path`` is?"""
    return shutil.disk_usage(path).free < _LITTLE_BYTES
