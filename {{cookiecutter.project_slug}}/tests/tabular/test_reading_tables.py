"""What preprocessing makes of tables whose values are spelled in ways of their own."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import preprocess
import train
from tabular.values import DataError

ROWS = 300
CONTRACT: dict[str, Any] = {
    "target": "rent",
    "problem_type": "regression",
    "columns": {
        "area": {"role": "numeric", "type": "number", "range": [1, 20], "spelling": "1.234,56"},
        "age": {"role": "numeric", "type": "integer", "missing": ["?"]},
        "day": {"role": "date", "type": "date", "range": ["2020-01-01", "today"]},
        "rent": {"role": "target", "type": "number", "range": [1, 9_000], "spelling": "1.234,56 €"},
    },
}


def table() -> pd.DataFrame:
    """Typed rows; each area has three decimals at most, which look like thousands."""
    random = np.random.default_rng(7)
    area, age = random.uniform(2, 9, ROWS).round(3), random.integers(0, 99, ROWS)
    days = np.datetime64("2021-01-01") + random.integers(0, 700, ROWS)
    rent = (100 * area + age + 500).round(2)
    return pd.DataFrame({"area": area, "age": age, "day": days.astype(str), "rent": rent})


def comma(number: float) -> str:
    """1234.5 as 1.234,5."""
    return f"{number:,}".translate(str.maketrans(",.", ".,"))


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., Path]:
    """Preprocess a frame, written as CSV unless told otherwise; the folder of what it left."""

    def prepared(
        frame: pd.DataFrame, agreed: dict[str, Any] | None = None, kind: str = "csv", **options: str
    ) -> Path:
        file, out = tmp_path / f"rents.{kind}", tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        if kind == "parquet":
            frame.to_parquet(file)
        else:
            frame.to_csv(file, index=False)
        given = {"target": "rent", **options}
        if agreed:
            (tmp_path / "contract.json").write_text(json.dumps(agreed), encoding="utf-8")
            given["contract"] = str(tmp_path / "contract.json")
        words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        preprocess.preprocess(preprocess.arguments([f"--input={file}", f"--output={out}", *words]))
        file.unlink()
        return out

    return prepared


def schema(out: Path) -> dict[str, Any]:
    return json.loads((out / "schema" / "schema.json").read_text(encoding="utf-8"))


def column(out: Path, name: str) -> dict[str, Any]:
    """A column of the schema."""
    return next(each for each in schema(out)["columns"] if each["name"] == name)


def split(out: Path, name: str) -> pd.DataFrame:
    """The texts of a split."""
    return pd.read_csv(out / name / f"{name}.csv", dtype=str, keep_default_na=False)


def test_words_for_missing_make_no_categories_and_move_no_row(
    prepare: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table().astype({"age": object})
    frame.loc[::10, "age"] = "?"
    out = prepare(frame)
    assert column(out, "age") == {"name": "age", "role": "numeric", "missing": ["?"]}
    assert "note: column 'age': missing where it says '?' (30)" in capsys.readouterr().out
    assert "?" in set(split(out, "test")["age"]), "a split has what the data has"
    plain = {**CONTRACT["columns"], "area": {"role": "numeric", "type": "number"}}
    plain["rent"] = {"role": "target", "type": "number"}
    by_contract = prepare(frame, {**CONTRACT, "columns": plain})
    assert column(by_contract, "age") == column(out, "age")
    for name in ("train", "validation", "test"):
        pd.testing.assert_frame_equal(split(by_contract, name), split(out, name))


def test_a_target_in_another_spelling_is_written_as_plain_numbers(
    prepare: Callable[..., Path],
) -> None:
    frame = table()
    expected = frame.rent.map(str)
    frame["rent"] = frame.rent.map(lambda rent: f"{comma(rent)} €")
    frame.loc[:9, "rent"] = "k.A."
    out = prepare(frame)
    found = [rent for name in ("train", "validation", "test") for rent in split(out, name)["rent"]]
    assert sorted(map(float, found)) == sorted(map(float, expected[10:]))


def test_a_sign_among_labels_that_are_numbers_is_no_class(prepare: Callable[..., Path]) -> None:
    frame = table().assign(rent=["01"[place % 2] for place in range(ROWS)])
    frame.loc[::10, "rent"] = "?"
    out = prepare(frame)
    assert schema(out)["problem_type"] == "binary_classification"
    assert sum(schema(out)["rows"].values()) == ROWS * 9 // 10
    frame["rent"] = frame.rent.replace({"0": "red", "1": "blue"})
    assert schema(prepare(frame))["problem_type"] == "multiclass_classification"


def test_by_a_contract_everything_is_read_in_its_spelling(prepare: Callable[..., Path]) -> None:
    frame = table()
    frame["area"] = frame.area.map(comma)
    frame["rent"] = frame.rent.map(lambda rent: f"{comma(rent)} €")
    out = prepare(frame, CONTRACT)
    assert column(out, "area") == {"name": "area", "role": "numeric", "spelling": "1.234,56"}
    assert schema(out)["contract"] == CONTRACT
    assert schema(out)["problem_type"] == "regression"


def test_typed_numbers_of_parquet_are_numbers_whatever_the_spelling(
    prepare: Callable[..., Path],
) -> None:
    """Written as the column is spelled: 1.234 would be read as a thousand."""
    out = prepare(table(), CONTRACT, "parquet")
    areas = [area for name in ("train", "validation", "test") for area in split(out, name)["area"]]
    assert sorted(areas) == sorted(str(area).replace(".", ",") for area in table().area)
    records = (out / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["area"] for line in records} <= set(areas)


def test_what_is_open_is_asked_and_can_be_answered(prepare: Callable[..., Path]) -> None:
    frame = table()
    frame["day"] = [f"{day[8:] if day[8:] < '13' else '01'}/{day[5:7]}/2021" for day in frame.day]
    with pytest.raises(DataError, match='its spelling, "DD/MM/YYYY" or "MM/DD/YYYY", in the data'):
        prepare(frame)
    out = prepare(frame, spelling="day=MM/DD/YYYY")
    assert column(out, "day") == {"name": "day", "role": "date", "spelling": "MM/DD/YYYY"}


def test_an_answer_that_does_not_fit_is_refused(prepare: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"spelling. names 'days', which is not in .* mean 'day'"):
        prepare(table(), spelling="days=MM/DD/YYYY")
    with pytest.raises(DataError, match=r"'day=' is not like \"day=DD/MM/YYYY\""):
        prepare(table(), spelling="day=")
    with pytest.raises(DataError, match="column 'day': spelling 'MM/YYYY' is not one of DD/MM/Y"):
        prepare(table(), spelling="day=MM/YYYY", date="day")
    with pytest.raises(DataError, match=r"'1,234\.56', but the data contract says '1\.234,56'"):
        prepare(table(), CONTRACT, "parquet", spelling="area=1,234.56")


def test_what_is_said_of_a_column_is_said_of_one_that_is_ignored_too(
    prepare: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table().astype({"area": object})
    frame.loc[::5, "area"] = [f"about {number}" for number in range(ROWS // 5)]
    assert "identifier or free text" in schema(prepare(frame))["ignored"]["area"]
    assert "column 'area' is text, although 80% of its rows" in capsys.readouterr().out


def test_words_for_missing_can_be_given(
    prepare: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table().astype({"age": object, "area": object})
    frame["town"] = ["Ulm", "Bonn", "elsewhere"] * (ROWS // 3)
    frame.loc[::10, "age"] = -999
    frame.loc[::7, "area"] = [f"n{number % 30}" for number in range(len(frame[::7]))]
    frame.loc[:4, "rent"] = 9_999_999
    words = ",".join(f"N{number}" for number in range(30))
    said = f'area={words}; age="-999" ; town=elsewhere; rent=9999999'
    out = prepare(frame, target="rent", missing=said)
    assert column(out, "area")["role"] == "numeric"
    assert column(out, "age") == {"name": "age", "role": "numeric", "missing": ["-999"]}
    assert column(out, "town")["missing"] == ["elsewhere"]
    assert sum(schema(out)["rows"].values()) == ROWS - 5
    assert "note: column 'age': missing where it says '-999' (30)" in capsys.readouterr().out


def test_words_for_missing_that_do_not_fit_are_refused(prepare: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"missing. names 'ages', which is not in .* mean 'age'"):
        prepare(table(), missing="ages=?")
    with pytest.raises(DataError, match=r"missing 'age' is not like \"area=\?,k\.A\.\""):
        prepare(table(), missing="age")
    with pytest.raises(DataError, match=r"`missing` names '-1' in column 'age', which the data c"):
        prepare(table(), CONTRACT, "parquet", missing="age=?,-1")
    with pytest.raises(DataError, match=r"`missing` names 'x' in column 'rent'"):
        prepare(table(), CONTRACT, "parquet", missing="rent=x")
    assert column(prepare(table(), CONTRACT, "parquet", missing="age=?"), "age")["missing"] == ["?"]


def test_a_number_that_means_missing_does_so_however_it_is_written(
    prepare: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table().astype({"age": object})
    frame.loc[::10, "age"] = "-999.0"
    prepare(frame, missing="age=-999; day=later")
    said = capsys.readouterr().out
    assert "note: column 'age': missing where it says '-999.0' (30)" in said
    assert "note: column 'day': missing where it says 'later', which no row does" in said
    age = {**CONTRACT["columns"]["age"], "missing": ["-999.0"]}
    plain = {name: {**each, "spelling": ""} for name, each in CONTRACT["columns"].items()}
    agreed = {**CONTRACT, "columns": {**plain, "age": age}}
    assert column(prepare(frame, agreed, missing="age=-999"), "age")["missing"] == ["-999.0"]


def test_labels_that_are_too_many_are_named(prepare: Callable[..., Path]) -> None:
    frame = table().assign(rent=["yes", "no"] * (ROWS // 2))
    frame.loc[7, "rent"] = "maybe"
    asked = {"problem_type": "binary_classification"}
    with pytest.raises(DataError, match=r"3 values, but .* needs two: 'yes', 'no', 'maybe'; cho"):
        prepare(frame, **asked)
    assert sum(schema(prepare(frame, **asked, missing="rent=maybe"))["rows"].values()) == ROWS - 1


def test_what_is_no_number_is_met_with_all_that_can_be_done(prepare: Callable[..., Path]) -> None:
    frame = table().astype({"age": object})
    frame.loc[5, "age"] = "12 rooms"
    asked = (
        "correct it, or, if it means a missing value, say so by -p missing 'age=12 rooms' or in "
        "the data contract, or leave the column out by -p drop age"
    )
    with pytest.raises(DataError, match=asked):
        prepare(frame)
    prepare(frame, missing="age=12 rooms")


@pytest.mark.parametrize("name", ["Pb (mg/l)", "rent, in €", "it's"])
def test_advice_that_is_typed_as_it_stands_is_taken(
    prepare: Callable[..., Path], name: str
) -> None:
    frame = table().rename(columns={"age": name}).astype({name: object})
    frame.loc[5, name] = "12; rooms, or so"
    with pytest.raises(DataError) as refused:
        prepare(frame)
    advised = re.search("-p drop (.*)", str(refused.value))
    assert advised is not None
    (column,) = shlex.split(advised[1])
    kept = schema(prepare(frame, drop=column))["columns"]
    assert name not in [each["name"] for each in kept]


def test_where_no_column_is_left_each_is_named_with_its_reason(
    prepare: Callable[..., Path],
) -> None:
    frame = table()[["area", "rent"]].assign(country="DE")
    with pytest.raises(DataError) as refused:
        prepare(frame, drop="area")
    assert str(refused.value) == (
        "no column is left to learn from: 'area' is left out because it is listed under `drop`, "
        "'country' is left out because it has one value; give columns that say something of the "
        "target, name fewer by -p drop, or give a column its role, such as -p numeric a,b"
    )


SIZES = {  # a number by which rents are multiplied, one that is added, and what is to be done
    "huge": (1e30, 0, "divide it by 1e32"),
    "tiny": (1e-9, 0, "multiply it by 1e7"),
    "close together": (1, 1e12, "subtract 1e\\+12 from it"),
}


@pytest.mark.parametrize("case", SIZES)
def test_a_target_of_which_trees_would_learn_nothing_is_refused(
    case: str, prepare: Callable[..., Path]
) -> None:
    factor, added, advice = SIZES[case]
    frame = table()
    frame["rent"] = frame["rent"] * factor + added
    sentence = f"target 'rent' has values that lie about .* apart.*{advice}"
    with pytest.raises(DataError, match=sentence):
        prepare(frame)


@pytest.mark.parametrize(("factor", "added"), [(1e11, 0), (1e-5, 0), (1, 1e8), (-1e11, 1)])
def test_a_target_of_an_odd_size_is_learned(
    factor: float, added: float, prepare: Callable[..., Path]
) -> None:
    frame = table()
    frame["rent"] = frame["rent"] * factor + added
    out = prepare(frame)
    words = [f"--{name}={out / name}" for name in ("train", "validation", "test", "schema")]
    train.train(train.arguments([*words, f"--model-dir={out / 'model'}"]))
    measured = json.loads((out / "model" / "fold_metrics.json").read_text(encoding="utf-8"))
    assert measured["metrics"]["r2"] > 0.8
