"""What a window leaves to the next one: all of it or nothing, whatever of it was uploaded."""

import json
import shutil
from itertools import combinations
from pathlib import Path

import pytest

from monitoring import state
from tabular.values import DataError

WAITING = f"{state.WAITING}of-a-model.parquet"


def left(folder: Path, number: int, before: Path | None = None) -> Path:
    """The state after the window of that number; past windows leave the history alone."""
    folder.mkdir()
    for name in (state.BOOKMARK, state.HISTORY):
        (folder / name).write_text(json.dumps({"window": number}))
    (folder / WAITING).write_text(str(number))
    state.write(folder, before)
    return folder


def known(folder: Path | None) -> list[object]:
    """What the next window finds."""
    found: list[object] = [state.document(folder, each) for each in (state.BOOKMARK, state.HISTORY)]
    with state.opened(folder, WAITING) as file:
        return [*found, file and file.read()]


@pytest.mark.parametrize("uploaded", [1, 2])
def test_whoever_uploads_it_may_be_killed_at_any_file(tmp_path: Path, uploaded: int) -> None:
    first, second = left(tmp_path / "first", 1), left(tmp_path / "second", 2)
    names = sorted(each.name for each in second.iterdir())
    for some in combinations(names, uploaded):
        there = Path(shutil.copytree(first, tmp_path / "-".join(some)))
        for name in some:
            shutil.copyfile(second / name, there / name)
        number = 2 if state.FILE in some else 1
        assert known(there) == [{"window": number}, {"window": number}, str(number).encode()]


def test_what_a_past_window_leaves_alone_stays(tmp_path: Path) -> None:
    first = left(tmp_path / "first", 1)
    (tmp_path / "past").mkdir()
    (tmp_path / "past" / state.HISTORY).write_text('{"window": 2}')
    state.write(tmp_path / "past", first)
    assert known(tmp_path / "past") == [{"window": 1}, {"window": 2}, b"1"]


def test_before_the_first_window_there_are_plain_files_or_none(tmp_path: Path) -> None:
    assert known(None) == known(tmp_path) == [None, None, None]
    (tmp_path / state.BOOKMARK).write_text("{}")
    assert known(tmp_path) == [{}, None, None]


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / state.FILE).write_bytes(b"half of one")
    with pytest.raises(DataError, match=r"state.tar is no archive .*begin anew"):
        state.document(tmp_path, state.BOOKMARK)
