"""A file a second time: as a clone that shares its blocks, as a second name, or as a copy."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "linux":
    import fcntl

# <linux/fs.h>; Btrfs, XFS, bcachefs and others know it, ext4 does not.
_FICLONE = 0x40049409
LARGE_BYTES = 64 << 20
# To ask for a clone takes longer than to copy less than this.
_SMALL_BYTES = 1 << 20
_READABLE, _WRITABLE = 0o400, 0o222


def duplicate(source: Path, target: Path) -> None:
    """Clone a file where the file system can, else copy it."""
    if not clone(source, target):
        shutil.copyfile(source, target)


def keep(source: Path, target: Path) -> None:
    """Clone a file that nobody writes any more, or link it if it is large, else copy it.

    One that has two names already gets no third: it may be a linked input of the job that left it,
    and what damages one of two objects that are one file would damage the other.
    """
    if clone(source, target):
        return
    if source.stat().st_nlink > 1 or not link(source, target):
        shutil.copyfile(source, target)


def clone(source: Path, target: Path) -> bool:
    """Make a file that shares its blocks with ``source`` until one of the two changes.

    Returns:
        Whether the file system does that. It is not asked to for a small file.
    """
    if sys.platform == "linux" and source.stat().st_size >= _SMALL_BYTES:
        with source.open("rb") as original, target.open("wb") as copy, suppress(OSError):
            fcntl.ioctl(copy, _FICLONE, original.fileno())
            return True
        target.unlink()
    return False


def link(source: Path, target: Path) -> bool:
    """Give a large file a second name; under both it is read-only.

    Whoever ignores that, as the super-user may, changes both.

    Returns:
        Whether it was done. Not for a small file, of which a copy is cheap, nor for a symbolic
        link, whose file belongs to somebody else, nor between file systems.
    """
    if not is_linked(source):
        return False
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    protect(source)
    return True


def is_linked(file: Path) -> bool:
    """Whether ``link`` would try: not for a small file, nor for somebody else's."""
    return not file.is_symlink() and file.stat().st_size >= LARGE_BYTES


def protect(file: Path) -> None:
    """Make a file read-only; on Windows, a folder with such a file could not be deleted."""
    mode = file.stat().st_mode
    wanted = (mode | _READABLE) & ~_WRITABLE
    if mode != wanted and os.name != "nt":
        file.chmod(wanted)
