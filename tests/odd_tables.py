"""Tables as people have them: each makes columns, and says what is asked of it.

`TABLES` are taken by notebooks 01 and 03; `REFUSED` are refused by both, in the same words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Columns = dict[str, Any]


@dataclass(frozen=True)
class OddTable:
    """Columns by name, and the parameters that both notebooks are given."""

    columns: Callable[[np.random.Generator], Columns]
    given: dict[str, str] = field(default_factory=dict)

    def frame(self) -> pd.DataFrame:
        """The table, always the same."""
        return pd.DataFrame(self.columns(np.random.default_rng(7)))

    def write(self, folder: Path, name: str) -> Path:
        """The table as a CSV file."""
        path = folder / f"{name}.csv"
        self.frame().to_csv(path, index=False)
        return path


def flats(random: np.random.Generator, rows: int = 600) -> Columns:
    """Flats whose rent follows from their area, year and town."""
    area, year = random.uniform(20, 150, rows).round(1), random.integers(1900, 2020, rows)
    town = random.choice(["Aachen", "Bonn", "Celle"], rows)
    rent = 8 * area + (year - 1900) + 100 * (town == "Bonn") + random.normal(0, 20, rows)
    return {"area": area, "year": year, "town": town, "rent": rent.round(2)}


def with_(**changes: Callable[[np.random.Generator, pd.DataFrame], Any]) -> Callable[..., Columns]:
    """Flats with other columns, each made of all columns; the target stays the last one."""

    def made(random: np.random.Generator) -> Columns:
        table = pd.DataFrame(flats(random))
        for name, change in changes.items():
            table[name] = change(random, table)
        rent = table.pop("rent")
        return {**table, "rent": rent}

    return made


def some(random: np.random.Generator, values: Any, word: Any, share: float) -> Any:
    """Values of which a share is a word."""
    texts = pd.Series(values).astype(object)
    return texts.mask(random.random(len(texts)) < share, word)


def comma(values: Any) -> list[str]:
    """Numbers as they are written in Berlin."""
    return [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in values]


def labels(random: np.random.Generator, rows: int, share: float) -> Columns:
    """A yes that is rare, and follows from a number."""
    size = random.normal(size=rows).round(4)
    return {
        "size": size,
        "kind": random.choice(list("abc"), rows),
        "fraud": np.where(size > np.quantile(size, 1 - share), "yes", "no"),
    }


def sorted_make(random: np.random.Generator, rows: int = 9_000) -> Columns:
    """A column that begins late: sorted by make, of which only the last ones have a score."""
    make = np.sort(random.integers(0, 12, rows))
    score = random.normal(size=rows).round(3)
    price = 5 * score * (make > 6) + 0.5 * make + random.normal(0, 0.3, rows)
    known = np.where(make > 6, score, np.nan)
    return {"make": [f"m{n:02}" for n in make], "score": known, "price": price.round(3)}


BINARY = {"problem_type": "binary_classification"}
CLASSES = {"problem_type": "multiclass_classification"}
MANY = [f"street {number}" for number in range(250)]

TABLES: dict[str, OddTable] = {
    "250 categories": OddTable(with_(town=lambda r, t: r.choice(MANY, len(t)))),
    "heavy tails": OddTable(
        with_(area=lambda r, t: t["area"] * np.where(r.random(len(t)) < 0.005, 1e9, 1))
    ),
    "numbers of all sizes": OddTable(
        with_(area=lambda r, t: t["area"] * 10 ** r.uniform(-8, 12, len(t)))
    ),
    "noise": OddTable(with_(rent=lambda r, t: r.normal(size=len(t)).round(4))),
    "1% of frauds": OddTable(lambda r: labels(r, 1_500, 0.01), BINARY),
    "padded cells": OddTable(with_(town=lambda r, t: "  " + t["town"] + " ")),
    "one column": OddTable(lambda r: pd.DataFrame(flats(r))[["area", "rent"]].to_dict("list")),
    "constant columns": OddTable(with_(country=lambda r, t: "DE", zero=lambda r, t: 0)),
    "all dates": OddTable(
        lambda r: (
            {
                name: (np.datetime64("2020-01-01") + r.integers(0, 900, 300)).astype(str)
                for name in ("first", "second")
            }
            | {"days": r.integers(0, 99, 300)}
        )
    ),
    "far dates": OddTable(
        with_(
            until=lambda r, t: some(r, "9999-12-31", "0001-01-01", 0.3),
            day=lambda r, t: some(r, t["year"].astype(str) + "-02-03", "9999-12-31", 0.5),
        )
    ),
    "no numbers": OddTable(
        lambda r: {
            "town": r.choice(list("abc"), 400),
            "shop": r.choice(list("xyz"), 400),
            "kind": r.choice(["p", "q"], 400),
        },
        BINARY,
    ),
    "nearly all missing": OddTable(with_(lift=lambda r, t: some(r, t["area"], None, 0.99))),
    "few rows": OddTable(lambda r: flats(r, 40)),
    "two classes, one with few rows": OddTable(lambda r: labels(r, 400, 0.04), BINARY),
    "many classes": OddTable(
        lambda r: {
            "a": r.normal(size=900),
            "b": r.normal(size=900),
            "kind": r.choice([f"k{n}" for n in range(60)], 900),
        },
        CLASSES,
    ),
    "account numbers": OddTable(
        with_(account=lambda r, t: [f"7{n:019}" for n in r.integers(0, 10**18, len(t))])
    ),
    "huge whole numbers": OddTable(with_(area=lambda r, t: (t["area"] * 1e15).astype("int64"))),
    "leading zeros": OddTable(
        with_(zip=lambda r, t: [f"{n:05}" for n in r.choice([1000, 2000, 53111], len(t))])
    ),
    "a word for missing": OddTable(with_(area=lambda r, t: some(r, t["area"], "?", 0.1))),
    "several words for missing": OddTable(
        with_(
            area=lambda r, t: some(r, some(r, t["area"], "n/a ", 0.05), "-", 0.05),
            year=lambda r, t: some(r, t["year"], "unknown", 0.03),
        )
    ),
    "decimal commas": OddTable(
        with_(area=lambda r, t: comma(t["area"]), rent=lambda r, t: comma(t["rent"]))
    ),
    "dates with the day first": OddTable(
        with_(
            listed=lambda r, t: (
                pd.Timestamp("2020-01-01") + pd.to_timedelta(r.integers(0, 900, len(t)), "D")
            ).strftime("%d/%m/%Y")
        )
    ),
    "a column that begins late": OddTable(sorted_make),
    "odd names": OddTable(
        lambda r: {
            name: column
            for name, column in zip(
                ["$a$_{", 'the "size", in m²', " 100% ", "rent\n(€)"],
                flats(r).values(),
                strict=True,
            )
        }
    ),
    "repeated rows": OddTable(
        lambda r: pd.concat([pd.DataFrame(flats(r, 200))] * 3).to_dict("list")
    ),
}

REFUSED: dict[str, OddTable] = {
    "huge target": OddTable(with_(rent=lambda r, t: t["rent"] * 1e30)),
    "infinite values": OddTable(with_(area=lambda r, t: some(r, t["area"], "inf", 0.01))),
    "text among numbers": OddTable(with_(area=lambda r, t: some(r, t["area"], "12 rooms", 0.01))),
    "day or month": OddTable(
        with_(
            listed=lambda r, t: [f"{a:02}/{b:02}/2021" for a, b in r.integers(1, 13, (len(t), 2))]
        )
    ),
    "a target with one value": OddTable(with_(rent=lambda r, t: 5)),
    "a class of one row": OddTable(lambda r: labels(r, 60, 0.02), BINARY),
    "an unknown column": OddTable(flats, {"drop": "aera"}),
    "a column in two roles": OddTable(flats, {"drop": "area", "numeric": "area"}),
    "three classes of two": OddTable(
        lambda r: {"a": r.normal(size=90), "kind": r.choice(list("abc"), 90)}, BINARY
    ),
    "nothing to learn from": OddTable(
        lambda r: {"id": [f"row-{n}" for n in range(90)], "rent": r.normal(size=90)}
    ),
    "one column only": OddTable(lambda r: {"rent": r.normal(size=90)}),
}
