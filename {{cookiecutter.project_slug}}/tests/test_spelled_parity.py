"""A table in other spellings gives the same model and the same predictions, to the bit.

The splits of each trained model are spelled otherwise by code of this file; what is trained on them
must answer spelled records as the first model answers the plain ones, however they are asked for.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Trained

import inference
import train
from tabular.records import read_records
from tabular.values import DataError

Record = dict[str, str]
ROWS = 60  # of the test split: enough to meet missing values and rare categories


def kilometers(number: str) -> str:
    """12345 as 12.345 km."""
    return f"{int(number):,}".replace(",", ".") + " km"


def day_first(day: str) -> str:
    """2021-02-03 as 03/02/2021."""
    return date.fromisoformat(day).strftime("%d/%m/%Y")


def american(day: str) -> str:
    """2021-02-03 as Feb 3, 2021 09:30 PM."""
    return date.fromisoformat(day).strftime("%b %d, %Y 09:30 PM").replace(" 0", " ")


# How a column is spelled, what its keys in the schema are, and what stands for a missing value.
SPELLED: dict[str, tuple[Callable[[str], str], dict[str, Any], str]] = {
    "mileage_km": (kilometers, {"spelling": "1.234,56 km", "missing": ["k.A."]}, "K.A."),
    "power_kw": ("+{}".format, {"missing": ["?", "-"]}, "?"),
    "previous_owners": ("{},0".format, {"spelling": "1234,56"}, "NA"),
    "first_registered": (day_first, {"spelling": "DD/MM/YYYY"}, ""),
    "listed_on": (american, {"spelling": "Mon DD, YYYY"}, ""),
    "colour": (str, {"missing": ["n/k"]}, " n/k "),
}


def spelled(record: Mapping[str, str]) -> Record:
    """A record as another program would have written it."""
    changed = dict(record)
    for name, (write, _, missing) in SPELLED.items():
        changed[name] = write(record[name]) if record[name] else missing
    return changed


def write(path: Path, records: Iterable[Mapping[str, str]]) -> None:
    """Write a split."""
    path.parent.mkdir()
    rows = list(records)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Pair:
    """Two models of the same rows, and some test records that they are asked about."""

    plain: inference.Model
    other: inference.Model
    plain_records: list[Record]
    other_records: list[Record]

    def expected(self) -> list[dict[str, Any]]:
        """What the model of the plain rows says."""
        return inference.predict_fn(self.plain_records, self.plain)


@pytest.fixture(scope="module")
def pair(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The trained model, and one of the same splits in other spellings, under a contract."""
    folder = tmp_path_factory.mktemp(f"spelled-{trained.problem_type}-{trained.family}")
    for split in ("train", "validation"):
        rows = read_records(trained.data / split / f"{split}.csv")
        write(folder / split / f"{split}.csv", map(spelled, rows))
    schema = json.loads((trained.data / "schema" / "schema.json").read_text(encoding="utf-8"))
    schema["columns"] = [
        {**column, **SPELLED.get(column["name"], (None, {}, ""))[1]} for column in schema["columns"]
    ]
    types = {"numeric": "number", "date": "date", "categorical": "text"}
    agreed = {each["name"]: {**each, "type": types[each["role"]]} for each in schema["columns"]}
    for entry in agreed.values():
        entry.pop("name")
    agreed[trained.target] = {"role": "target", "type": "text"}
    schema["contract"] = {"target": trained.target, "columns": agreed}
    (folder / "schema").mkdir()
    (folder / "schema" / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    channels = [f"--{name}={folder / name}" for name in ("train", "validation", "schema")]
    options = [f"--model-family={trained.family}", f"--model-dir={folder / 'model'}"]
    train.train(train.arguments([*channels, *options]))
    rows = list(read_records(trained.data / "test" / "test.csv"))[:ROWS]
    for row in rows:
        del row[trained.target]
    models = inference.model_fn(str(trained.model)), inference.model_fn(str(folder / "model"))
    return Pair(*models, rows, [spelled(row) for row in rows])


def test_the_other_model_has_learned_the_same(pair: Pair) -> None:
    assert "" in {value for row in pair.plain_records for value in row.values()}
    assert pair.other_records != pair.plain_records
    assert inference.predict_fn(pair.other_records, pair.other) == pair.expected()


def test_records_one_by_one_are_the_numbers_that_they_are_in_a_table(pair: Pair) -> None:
    encoder = pair.other.encoder
    expected = pair.plain.encoder.matrix(pair.plain_records)
    one_by_one = np.array([encoder.encode(record) for record in pair.other_records])
    np.testing.assert_array_equal(encoder.matrix(pair.other_records), expected, strict=True)
    np.testing.assert_array_equal(one_by_one, expected, strict=True)


@pytest.mark.parametrize("kind", ["text/csv", "application/json", "application/jsonlines"])
def test_every_type_of_request_is_answered_alike(pair: Pair, kind: str) -> None:
    content = {
        "text/csv": as_csv(pair.other_records),
        "application/json": json.dumps(pair.other_records),
        "application/jsonlines": "\n".join(map(json.dumps, pair.other_records)),
    }[kind]
    assert inference.predict_fn(inference.input_fn(content, kind), pair.other) == pair.expected()


def as_csv(records: list[Record]) -> str:
    """Records as lines with a header."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return lines.getvalue()


def test_numbers_of_json_and_iso_days_are_understood_under_any_spelling(pair: Pair) -> None:
    numeric = {"mileage_km", "power_kw", "previous_owners"}
    typed = [
        {
            name: (float(value) if value and name in numeric else value or None)
            for name, value in record.items()
        }
        for record in pair.plain_records
    ]
    assert inference.predict_fn(typed, pair.other) == pair.expected()


def test_what_is_spelled_otherwise_is_refused_and_named(pair: Pair) -> None:
    wrong = {**pair.other_records[0], "previous_owners": "1.5"}
    with pytest.raises(DataError, match=r"previous_owners: not a number like 1234,56 in 1 row, su"):
        inference.predict_fn([wrong], pair.other)
    with pytest.raises(DataError, match=r"'previous_owners' holds '1\.5', which is not a number"):
        inference.predict([wrong], pair.other)
