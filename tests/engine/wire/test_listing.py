"""Lists of keys: whatever keys, prefix, delimiter and pages there are, as S3 would give them."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.wire.s3 import listing
from sagemaker_local.wire.s3.listing import Wanted, page

NAMES = ("a", "a-", "a.b", "b", "ab", "é", "z", "0")


def plain(keys: list[str], wanted: Wanted) -> list[tuple[str, bool]]:
    """What S3's reference says, without a thought for speed: keys and prefixes, and which."""
    found: dict[str, bool] = {}
    for key in sorted(keys):
        if not key.startswith(wanted.prefix):
            continue
        head, delimiter, _ = key[len(wanted.prefix) :].partition(wanted.delimiter or "\0")
        name = f"{wanted.prefix}{head}{delimiter}"
        if key > wanted.after and not (delimiter and name == wanted.after):
            found[name] = bool(delimiter)
    return list(found.items())


def listed(bucket: Path, wanted: Wanted) -> list[tuple[str, bool]]:
    """All pages, one after the other."""
    found, after = [], wanted.after
    while True:
        got = page(bucket, Wanted(wanted.prefix, wanted.delimiter, after, wanted.most))
        assert len(got.keys) + len(got.prefixes) <= wanted.most
        found += [(key, False) for key in got.keys] + [(name, True) for name in got.prefixes]
        if not got.last:
            return sorted(found)
        after = got.last


def some_keys(chance: random.Random) -> list[str]:
    """Keys of which none is a folder of another one."""
    keys: set[str] = set()
    for _ in range(chance.randint(0, 12)):
        key = "/".join(chance.choices(NAMES, k=chance.randint(1, 4)))
        if not any(key.startswith(f"{k}/") or k.startswith(f"{key}/") for k in keys):
            keys.add(key)
    return sorted(keys)


@pytest.mark.parametrize("seed", range(8))
def test_pages_are_those_of_a_plain_search(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    keys = some_keys(chance)
    for key in keys:
        (tmp_path / "bucket" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bucket" / key).touch()
    (tmp_path / "bucket" / "empty" / "folder").mkdir(parents=True)
    prefixes = ["", "a", "a/", "b/a", "none/", "a//", "../"] + [k[:-1] for k in keys]
    for _ in range(20):
        wanted = Wanted(
            chance.choice(prefixes),
            chance.choice(("", "/", "b", "a/")),
            chance.choice(["", "", *keys, *(f"{k.split('/')[0]}/" for k in keys)]),
            chance.choice((1, 2, 3, 1000)),
        )
        assert listed(tmp_path / "bucket", wanted) == sorted(plain(keys, wanted)), wanted


def test_a_page_of_nothing_is_empty_and_the_last(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    got = page(tmp_path, Wanted(most=0))
    assert (got.keys, got.last) == ([], "")


def test_other_folders_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a bucket with many objects reads what it needs."""
    for folder in range(50):
        (tmp_path / f"{folder:02d}").mkdir()
        (tmp_path / f"{folder:02d}" / "key").touch()
    read: list[str] = []
    scan = os.scandir

    def noted(path: Path) -> Any:
        read.append(str(path))
        return scan(path)

    monkeypatch.setattr(listing.os, "scandir", noted)
    got = page(tmp_path, Wanted(after="39/key", most=3))
    assert got.keys == ["40/key", "41/key", "42/key"] and len(read) <= 6
    read.clear()
    assert page(tmp_path, Wanted(prefix="07/")).keys == ["07/key"]
    assert read == [str(tmp_path / "07")]
