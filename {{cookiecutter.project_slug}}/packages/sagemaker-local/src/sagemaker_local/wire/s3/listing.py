"""The keys of a bucket in S3's order, page by page, keys below a delimiter as one prefix."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

MOST = 1000


@dataclass(frozen=True)
class Wanted:
    """What a list request asks for.

    Attributes:
        prefix: with which keys begin.
        delimiter: keys that have it after the prefix are given as one prefix; empty: all are.
        after: only keys and prefixes behind this one.
        most: how many keys and prefixes.
    """

    prefix: str = ""
    delimiter: str = ""
    after: str = ""
    most: int = MOST


@dataclass
class Page:
    """What it gets.

    Attributes:
        keys: of objects.
        prefixes: common ones.
        last: the last of both, from which the next page goes on; empty: there is no next page.
    """

    keys: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""


def page(bucket: Path, wanted: Wanted) -> Page:
    """A page of a bucket's keys.

    Args:
        bucket: its folder.
        wanted: what the request asks for.
    """
    found, last = Page(), ""
    if not wanted.most:
        return found
    for name, is_prefix in _entries(bucket, wanted):
        if len(found.keys) + len(found.prefixes) == wanted.most:
            found.last = last
            return found
        (found.prefixes if is_prefix else found.keys).append(name)
        last = name
    return found


def is_empty(bucket: Path) -> bool:
    return next(_keys(bucket, Wanted()), None) is None


def _entries(bucket: Path, wanted: Wanted) -> Iterator[tuple[str, bool]]:
    """Keys and common prefixes, and which they are."""
    folders = wanted.delimiter == "/"
    common = ""
    for key in _keys(bucket, wanted, folders):
        rest = key[len(wanted.prefix) :]
        head, found, _ = rest.partition(wanted.delimiter) if wanted.delimiter else (rest, "", "")
        name = f"{wanted.prefix}{head}{found}"
        if not found:
            yield key, False
        elif name not in (common, wanted.after):
            if folders and next(_keys(bucket, replace(wanted, prefix=name)), None) is None:
                continue
            common = name
            yield name, True


def _keys(bucket: Path, wanted: Wanted, folders: bool = False) -> Iterator[str]:
    """Wanted keys, in the order of their characters.

    Args:
        bucket: its folder.
        wanted: where the prefix, or the key to go on from, ends in a folder, others are not read.
        folders: give a folder behind the prefix itself, with a slash, not the keys below it.
    """
    parent, _, _ = wanted.prefix.rpartition("/")
    if "\0" in parent or (parent and {"", ".", ".."} & set(parent.split("/"))):
        return
    start = bucket / parent
    if start.resolve() != bucket.resolve() / parent:  # a link, which may lead out
        return
    walk = _Walk(bucket, wanted, folders)
    yield from walk.below(start, f"{parent}/" if parent else "")


@dataclass(frozen=True)
class _Walk:
    bucket: Path
    wanted: Wanted
    folders: bool

    def below(self, folder: Path, base: str) -> Iterator[str]:
        for name, is_folder in _children(self.bucket, folder):
            key = f"{base}{name}"
            if not (self._may_hold(key) if is_folder else self._is_wanted(key)):
                continue
            if is_folder and not (self.folders and len(key) > len(self.wanted.prefix)):
                yield from self.below(folder / name, key)
            else:
                yield key

    def _is_wanted(self, key: str) -> bool:
        return key.startswith(self.wanted.prefix) and key > self.wanted.after

    def _may_hold(self, folder: str) -> bool:
        """May a wanted key lie below a folder?"""
        prefix, after = self.wanted.prefix, self.wanted.after
        is_on_the_way = folder.startswith(prefix) or prefix.startswith(folder)
        return is_on_the_way and (folder > after or after.startswith(folder))


def _children(bucket: Path, folder: Path) -> list[tuple[str, bool]]:
    """Names in a folder, folders with a slash, in the order in which S3 has their keys."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
    named = [
        (f"{entry.name}/" if is_folder else entry.name, is_folder)
        for entry, is_folder in found
        if is_folder or _is_object(bucket, entry)
    ]
    return sorted(item for item in named if _is_text(item[0]))


def _is_object(bucket: Path, entry: os.DirEntry[str]) -> bool:
    """A link counts if it leads to a file below the buckets' folder."""
    if not entry.is_symlink():
        return entry.is_file()
    target = Path(entry.path).resolve()
    return target.is_file() and target.is_relative_to(bucket.parent.resolve())


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)
