"""The bookmark: over any course of late files, windows and crashes, each request is taken once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import bookmark
from monitoring.bookmark import Bookmark
from tabular.values import DataError

START = datetime(2026, 11, 25, tzinfo=UTC)


def key(moment: datetime, name: int) -> str:
    return f"capture/cars/AllTraffic/{moment:%Y/%m/%d/%H}/00-00-000-{name}.jsonl"


@given(
    requests=st.lists(
        st.tuples(st.integers(0, 6 * 60), st.integers(0, 90)), min_size=1, max_size=40
    ),
    ends=st.lists(st.integers(0, 8 * 60), max_size=8),
    crashes=st.sets(st.integers(0, 8)),
)
def test_each_request_is_taken_once(
    requests: list[tuple[int, int]], ends: list[int], crashes: set[int]
) -> None:
    """Requests come at a minute, and are written so many minutes later."""
    files = [
        (key(START + timedelta(minutes=minute), number), minute, minute + late)
        for number, (minute, late) in enumerate(requests)
    ]
    mark, taken = Bookmark(), Counter[str]()
    for run, minute in enumerate([*sorted(ends), 100 * 60]):
        end = START + timedelta(minutes=minute)
        there = {name for name, _, written in files if written <= minute}
        found = [
            name
            for name in mark.unread(there)
            for at in [next(at for each, at, _ in files if each == name)]
            if mark.start(name) <= START + timedelta(minutes=at) < end
        ]
        if run in crashes and minute < 100 * 60:
            continue
        taken.update(found)
        mark = bookmark.read(mark.moved(mark.unread(there), end).document())
    assert taken == Counter(name for name, _, _ in files)


def test_a_bookmark_does_not_grow_for_ever() -> None:
    mark = Bookmark()
    for hour in range(24 * 30):
        moment = START + timedelta(hours=hour)
        mark = mark.moved([key(moment, hour)], moment + timedelta(hours=1))
    assert len(mark.taken) <= 100
    assert mark.unread([key(START, 0)]) == []


@pytest.mark.parametrize("found", [{}, {"until": "soon"}, {"until": "2026-11-25", "taken": 3}])
def test_what_is_no_bookmark_is_refused(found: dict[str, object]) -> None:
    with pytest.raises(DataError, match="begin anew"):
        bookmark.read(found)


def test_a_file_elsewhere_is_refused() -> None:
    with pytest.raises(DataError, match="notes"):
        bookmark.hour("capture/notes.txt")
