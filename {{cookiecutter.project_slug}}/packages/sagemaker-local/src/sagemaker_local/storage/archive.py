"""``model.tar.gz`` and other archives: the same bytes for the same files, and safe to unpack."""

from __future__ import annotations

import gzip
import posixpath
import tarfile
from itertools import dropwhile
from pathlib import Path, PurePosixPath
from typing import Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage import disk
from sagemaker_local.storage.content import BROKEN_ARCHIVE, files_below

# Python before 3.11.4 has no filters; what they refuse is refused by hand as well.
_FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}

# How tarfile begins to tell of each way that it tried.
_EVERY_WAY = "file could not be opened successfully"


def pack(folder: Path, archive: Path) -> None:
    """Write a gzipped tar of the files below ``folder``, without owners and time stamps."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for file, name in files_below(folder):
            member = tarfile.TarInfo(name)
            member.size = file.stat().st_size
            member.mode = 0o644
            with file.open("rb") as stream:
                tar.addfile(member, stream)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack into ``folder``; members that would land elsewhere are refused.

    Raises:
        LocalError: not an archive, or one with unsafe members (PEP 706's data filter).
        DiskFull: there is no room for it.
    """
    try:
        with disk.explained(folder), tarfile.open(archive) as tar:
            members = tar.getmembers()
            plain = {PurePosixPath(each.name) for each in members if each.isfile() or each.isdir()}
            links = {PurePosixPath(each.name) for each in members if each.issym()}
            for member in members:
                _refuse_unsafe(member, plain, links)
            tar.extractall(folder, **_FILTER)
    except IsADirectoryError as error:
        what = "it is a folder of objects, and should be one archive, a .tar.gz"
        raise LocalError(f"{archive.name} cannot be unpacked: {what}") from error
    except BROKEN_ARCHIVE as error:
        reason = " ".join(str(error).split())
        if reason.startswith(_EVERY_WAY):
            reason = "it is no tar archive, packed by gzip or otherwise"
        raise LocalError(f"{archive.name} cannot be unpacked: {reason}") from error


def _refuse_unsafe(
    member: tarfile.TarInfo, plain: set[PurePosixPath], links: set[PurePosixPath]
) -> None:
    """Refuse a member that is not for its folder.

    Args:
        member: of an archive.
        plain: the paths of the archive's files and folders; a link leads to one of them.
        links: the paths of its symbolic links; behind one, ``..`` is elsewhere than it is written.
    """
    path = PurePosixPath(member.name)
    leads_out = path.is_absolute() or ".." in path.parts or not links.isdisjoint(path.parents)
    if leads_out or not _is_plain(member, plain):
        raise tarfile.TarError(f"{member.name!r} is no plain file below its folder")


def _is_plain(member: tarfile.TarInfo, plain: set[PurePosixPath]) -> bool:
    if member.islnk():
        return PurePosixPath(member.linkname) in plain
    if member.issym():
        parts = PurePosixPath(member.linkname).parts
        if ".." in dropwhile(lambda part: part == "..", parts):
            return False
        beside = posixpath.dirname(member.name)
        target = PurePosixPath(posixpath.normpath(posixpath.join(beside, member.linkname)))
        return any(target in (each, *each.parents) for each in plain) and target.parts != ()
    return member.isfile() or member.isdir()
