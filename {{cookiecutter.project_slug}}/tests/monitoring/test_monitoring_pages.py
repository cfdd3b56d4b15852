"""Pages of monitoring: they open offline and stay small, whatever names and values the data has."""

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from monitoring import history, history_page, lines, pictures, report
from monitoring.baseline import PREDICTION, Data
from monitoring.dependence import Bins, ProfileCounter
from monitoring.distributions import Categories, Distribution, Numbers
from monitoring.history import Entry, Event, Traffic
from monitoring.pictures import Side
from monitoring.report import Window
from tabular.predictions import Predictions
from tabular.values import DataError

LIMIT = 2_000_000
EVIL = '<script>alert("&")</script>'


class Page(HTMLParser):
    """A page as a browser takes it: its tags in pairs, and what it refers to."""

    ALONE = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(value) for name, value in attributes if name in ("src", "href")]
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def opens_offline(text: str) -> Page:
    assert len(text.encode()) < LIMIT
    page = Page(text)
    assert "script" not in page.tags and "nan" not in re.findall(r' d="[^"]*nan', text)
    assert not re.search(r"url\(|@import|<img|nan,|NaN", text)
    assert all("//" not in link and not link.startswith("/") for link in page.links)
    return page


def data(seed: int, columns: int, categories: int) -> Data:
    draw = np.random.default_rng(seed)
    found: dict[str, Distribution] = {PREDICTION: Numbers.of(draw.normal(size=300))}
    for place in range(columns):
        name = f"{EVIL} {'a long name ' * 20} {place}"
        if place % 2:
            found[name] = Numbers.of(draw.normal(seed, 1 + place, 300), missing=place)
        else:
            counts = draw.integers(1, 50, categories).tolist()
            names = (f"{EVIL} {'category ' * 10} {each}" for each in range(categories))
            found[name] = Categories(dict(zip(names, counts, strict=True)))
    counter = ProfileCounter({name: Bins.of(each) for name, each in found.items()})
    numbers = {n: draw.normal(size=300) for n, each in found.items() if isinstance(each, Numbers)}
    counter.add(numbers, Predictions(draw.normal(size=300)))
    return Data(found, counter.profiles())


def comparison(name: str, place: int) -> dict[str, Any]:
    return {
        **{"column": name, "kind": "numeric", "effect": place / 1_000, "p_value": 0.5},
        **{"drifted": place > 150, "stability_index": 0.1},
    }


def window(comparisons: list[dict[str, Any]], **more: Any) -> Window:
    end = "2026-11-25T12:00:00+00:00"
    violations = [{"feature_name": EVIL, "description": EVIL * 200} for _ in range(500)]
    return Window(
        "cars",
        "arn:aws:sagemaker:::model-package/cars/3",
        "r1",
        {"rows": 300, "requests": 300, "first": end, "last": end, "end": end, "notes": [EVIL]},
        {"comparisons": comparisons, "notes": ["many " * 5_000] * 100},
        {"labelled": 0, "metrics": {}, "estimated_accuracy": None, "notes": [], **more},
        violations,
    )


def test_a_report_of_many_columns_and_categories_is_small() -> None:
    then, now = data(1, 200, 1_000), data(2, 200, 1_000)
    compared = [comparison(name, place) for place, name in enumerate(then.columns)] * 8
    text = report.of_window(window(compared), then, now)
    page = opens_offline(text)
    assert page.links == ["index.html"]
    assert "440 more, in constraint_violations.json" in text
    assert "more, in drift.json" in text
    assert text.count("<figure>") == 1 + report.WORST


def test_a_report_without_rows_or_with_labels_is_a_page_too() -> None:
    empty: dict[str, Distribution] = {"a": Numbers.of(np.empty(0)), "b": Categories({})}
    nothing = Data(empty, {})
    compared = [comparison("a", 0), comparison("b", 0)]
    opens_offline(report.of_window(window(compared), nothing, nothing))
    metric = {"comparison_operator": "GreaterThanThreshold", "baseline": 1.0, "kept": False}
    metrics = {"rmse": {"value": 2.0, "threshold": 1.5, **metric}}
    text = report.of_window(window([], labelled=9, metrics=metrics), nothing, nothing)
    assert "at most 1.5" in text and "not kept" in text


@pytest.mark.parametrize(
    "values",
    [
        *([0.0], [1e308, -1e308], [1e-300, 2e-300], [2015.0, 2016.0], [0.5, 1e15], [np.nan]),
        *([-1e18, 1e18], [3.0] * 50),
    ],
)
def test_any_numbers_can_be_drawn(values: list[float]) -> None:
    column = Numbers.of(np.array(values))
    counter = ProfileCounter({"a": Bins.of(column)})
    rows = np.repeat(values, 20)
    counter.add({"a": rows}, Predictions(np.nan_to_num(rows)))
    side = Side(column, counter.profiles().get("a"))
    with np.errstate(all="ignore"):
        text = pictures.of_column(side, Side(Numbers.of(np.array([1.0])), side.profile), "")
    assert "nan" not in text and "inf" not in text


def entries(windows: int, columns: int) -> list[Entry]:
    names = [f"{EVIL} column {place}" for place in range(columns)]
    draw = np.random.default_rng(3)
    traffic = Traffic("", "", 1_000, 3, 1, 2.5, None)
    return [
        Entry(
            f"2026-{1 + place // 28:02}-{1 + place % 28:02}T10:00:00+00:00",
            "arn:aws:sagemaker:::model-package/cars/3",
            1_000,
            dict(zip(names, draw.random(columns).tolist(), strict=True)),
            dict.fromkeys(names[: place % 7 * 20], "Numerical distribution distance: 0.2"),
            {f"metric {each}": 0.9 for each in range(20)} if place % 3 else {},
            {f"metric {each}": 0.8 for each in range(20)},
            0.9 if place % 2 else None,
            traffic if place % 5 else None,
            "r1",
        )
        for place in range(windows)
    ]


def test_a_history_of_many_windows_and_columns_is_small() -> None:
    many = entries(330, 300)
    events = [Event(each.end, EVIL, EVIL) for each in many]
    opens_offline(history_page.of_history("cars", many, events))


@pytest.mark.parametrize("windows", [0, 1, 3])
def test_a_history_shows_columns_metrics_traffic_and_events(windows: int) -> None:
    kinds = ("deployed", "retrained", "rejected", "deployed")
    times = ("2025-01-01", "2026-01-01T12:00:00+00:00", "2026-01-02T12:00:00", "2027-01-01")
    events = [Event(*each, "what") for each in zip(times, kinds, strict=True)]
    text = history_page.of_history("cars/a b", entries(windows, 2), events)
    page = opens_offline(text)
    assert text.count("what</td>") == len(events)
    assert page.links == ["../../../../r1/Report/output/report/report.html"] * windows
    files = [f"cars/a b-202601{place:02}-100000.html" for place in range(windows, 0, -1)]
    assert re.findall('title="(cars/.*?)"', text) == files
    assert ("latency in ms" in text) == ("estimated accuracy" in text) == (windows > 1)
    assert text.count('stroke="var(--retrained)"') == text.count("<svg") * (windows > 0)


def test_events_stand_between_the_windows_before_and_after() -> None:
    times = ("2026-01-01T04:00:00+00:00", "2026-01-01T22:00:00+00:00", "2026-02-01", "2025-01-01")
    events = [Event(time, "deployed", "") for time in times]
    course = lines.Course(entries(3, 1), events)
    assert [place for place, _ in course.marks] == pytest.approx([0, 1 / 3, 1])
    assert course.window(0) == pytest.approx(1 / 6)


def test_a_history_is_read_as_it_was_written_and_a_window_looked_at_again_replaced() -> None:
    known = entries(3, 2)
    assert history.read(history.document(known)) == known
    again = Entry(known[1].end, "p", 5)
    found = history.added(known, again)
    assert [each.rows for each in found] == [1_000, 5, 1_000]
    assert found[1].traffic == known[1].traffic


@pytest.mark.parametrize(
    "damaged",
    [
        *({}, {"windows": 3}, {"windows": [3]}, {"windows": [{"end": "x"}]}, []),
        {"windows": [{"end": "soon", "package": "", "rows": 1}]},
        {"windows": [{"end": "2026-01-01", "package": "", "rows": "many"}]},
        {"windows": [{"end": "2026-01-01", "package": "", "rows": 1, "drift": [1]}]},
        {"windows": [{"end": "2026-01-01", "package": "", "rows": 1, "traffic": {"a": 1}}]},
    ],
)
def test_a_damaged_history_is_refused(damaged: Any) -> None:
    with pytest.raises(DataError, match=r"history.json is no history .*begin anew"):
        history.read(damaged)


@pytest.mark.parametrize(
    "damaged",
    [{}, {"events": [{"time": "soon", "kind": "", "text": ""}]}, {"events": [], "traffic": {}}, []],
)
def test_damaged_events_are_refused(damaged: Any) -> None:
    if damaged == {"events": [], "traffic": {}}:
        assert history.read_events(damaged) == ([], None)
        return
    with pytest.raises(DataError, match=r"events.json is no list"):
        history.read_events(damaged)
