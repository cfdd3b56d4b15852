"""The data contract: what is found in tables and in records, and how a contract is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Run

import inference
import preprocess
import train
from tabular import batches, contract, contract_proposal, profile, table_check, violations
from tabular.spelling import Reading
from tabular.values import DataError

from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.pipelines import contracts

ROWS = 400
DOCUMENT: dict[str, Any] = {
    "problem_type": "regression",
    "target": "price",
    "key": ["id"],
    "columns": {
        "id": {"role": "drop", "type": "text", "reason": "it is an identifier"},
        "km": {
            "role": "numeric",
            "type": "integer",
            "unit": "km",
            "range": [50, 500_000],
            "usual": [4_000, 200_000],
            "missing_at_most": 0.05,
        },
        "fuel": {
            "role": "categorical",
            "type": "text",
            "categories": ["diesel", "petrol"],
            "missing_at_most": 0,
        },
        "day": {"role": "date", "type": "date", "range": ["2020-01-01", "today"]},
        "price": {"role": "target", "type": "number", "range": [100, 90_000]},
    },
}


def agreed(**changes: dict[str, Any]) -> contract.Contract:
    """The contract above, with changes to columns, or to its severities."""
    severity = changes.pop("severity", {})
    columns = {name: {**c, **changes.get(name, {})} for name, c in DOCUMENT["columns"].items()}
    return contract.from_document({**DOCUMENT, "severity": severity, "columns": columns})


def table() -> pd.DataFrame:
    """Rows as they are read, that keep the contract."""
    random = np.random.default_rng(7)
    km = random.integers(5_000, 190_000, ROWS)
    return pd.DataFrame(
        {
            "id": [f"car-{number}" for number in range(ROWS)],
            "km": km.astype(str),
            "fuel": random.choice(["diesel", "petrol"], ROWS),
            "day": [f"2023-0{month}-15" for month in random.integers(1, 10, ROWS)],
            "price": (20_000 - km / 20 + random.normal(0, 500, ROWS)).round().astype(str),
        },
        dtype=object,
    )


def put(column: str, *values: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A change of the first rows of a column."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[: len(values) - 1, column] = list(values)
        return frame

    return change


def broken() -> pd.DataFrame:
    """Rows that break many rules at once."""
    frame = put("km", "12 km", "60000000", "900000", *[None] * 30)(table())
    frame = put("fuel", "steam")(put("id", "car-9")(frame))
    return put("day", "2999-01-01")(frame)


# What is done to the table, and what is found: column, rule, severity, rows, examples.
CASES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], tuple[Any, ...]]] = {
    "a missing column": (
        lambda f: f.drop(columns="fuel"),
        ("fuel", "missing_column", "error", 0, ()),
    ),
    "a new category": (
        put("fuel", "steam", "steam", "wood"),
        ("fuel", "categories", "warning", 3, ("steam", "wood")),
    ),
    "meters in some rows": (
        put("km", "60000000", "71000000"),
        ("km", "unit", "error", 2, ("60000000", "71000000")),
    ),
    "thousands of km in one row": (put("km", "4"), ("km", "unit", "error", 1, ("4",))),
    "an outlier": (put("km", "900000", "40"), ("km", "range", "warning", 2, ("900000", "40"))),
    "text in a number": (
        put("km", "12 km", "inf"),
        ("km", "type", "error", 2, ("12 km", "inf")),
    ),
    "half a kilometer": (put("km", "60000.5"), ("km", "whole_number", "warning", 1, ("60000.5",))),
    "a duplicate key": (
        put("id", "car-9", "car-9"),
        ("id", "duplicate_key", "error", 3, ("car-9",)),
    ),
    "a future date": (
        put("day", "2999-01-01"),
        ("day", "future_date", "error", 1, ("2999-01-01",)),
    ),
    "an early date": (put("day", "1999-01-01"), ("day", "range", "warning", 1, ("1999-01-01",))),
    "no date": (put("day", "2023-02-30"), ("day", "type", "error", 1, ("2023-02-30",))),
    "too much missing": (
        put("km", *[None] * 30),
        ("km", "missing_values", "warning", 30, ()),
    ),
    "a category missing": (put("fuel", None), ("fuel", "missing_values", "warning", 1, ())),
    "a target out of range": (put("price", "95000"), ("price", "range", "warning", 1, ("95000",))),
    "a column too many": (
        lambda f: f.assign(colour="red"),
        ("colour", "unexpected_column", "warning", 0, ()),
    ),
}


def test_a_table_that_keeps_the_contract_has_no_violations() -> None:
    assert table_check.violations(table(), agreed()).violations == []


@pytest.mark.parametrize("case", CASES)
def test_what_a_table_breaks_is_found(case: str) -> None:
    change, expected = CASES[case]
    [found] = table_check.violations(change(table()), agreed()).violations
    assert (found.column, found.rule, found.severity, found.rows, found.examples) == expected


@pytest.mark.parametrize("column", ["km", "day", "price"])
def test_what_is_missing_is_not_of_a_wrong_type(column: str) -> None:
    assert table_check.violations(put(column, None)(table()), agreed()).violations == []
    [found] = table_check.violations(put(column, None, "x")(table()), agreed()).violations
    assert (found.column, found.rule, found.rows) == (column, "type", 1)


def test_rows_without_a_key_are_no_duplicates() -> None:
    assert table_check.violations(put("id", None, None)(table()), agreed()).violations == []


def test_a_wrong_unit_is_found_even_where_it_is_in_range() -> None:
    frame = table()
    frame["km"] = (frame["km"].astype(float) / 1_000).astype(str)
    found = table_check.violations(frame, agreed()).errors
    assert [(each.column, each.rule) for each in found] == [("km", "unit")]
    assert found[0].rows > ROWS * 0.9


def test_all_violations_are_in_one_report_by_column() -> None:
    frame = broken().drop(columns="price").assign(colour="red")
    report = table_check.violations(frame, agreed())
    columns = [each.column for each in report.violations]
    assert columns == sorted(columns, key=[*DOCUMENT["columns"], "colour"].index)
    assert set(columns) == {*DOCUMENT["columns"], "colour"}
    lines = str(report).splitlines()
    assert lines[0] == "data contract: 5 errors and 4 warnings in 400 rows"
    assert "error   km: not a number in 1 row, such as '12 km' [type]" in lines
    assert "warning fuel: a new category in 1 row, such as 'steam' [categories]" in lines


def test_the_contract_says_what_is_an_error_and_what_a_warning() -> None:
    frame = put("km", "900000", "12 km")(put("fuel", "steam")(table()))
    strict = agreed(severity={"categories": "error"}, km={"severity": {"range": "error"}})
    found = {each.rule: each.severity for each in table_check.violations(frame, strict).violations}
    assert found == {"categories": "error", "range": "error", "type": "error"}
    lenient = agreed(
        severity={"categories": "ignore", "range": "ignore"}, km={"severity": {"type": "warning"}}
    )
    [warning] = table_check.violations(frame, lenient).violations
    assert (warning.rule, warning.severity) == ("type", "warning")
    [held] = table_check.readable([batches.of_columns(frame)], lenient, ["km"])
    assert held.columns["km"].rows()[:2].to_pylist() == ["900000", None]


# Records


@pytest.mark.parametrize("case", CASES)
def test_a_record_is_judged_as_in_a_table(case: str) -> None:
    change, (column, rule, severity, *_) = CASES[case]
    if rule in ("duplicate_key", "unexpected_column") or column == "price":
        return  # needs other rows, or a column that no model takes
    frame = change(table())
    row = frame.iloc[0].where(frame.iloc[0].notna(), None).to_dict()
    report = violations.RecordCheck(agreed(), ["km", "fuel", "day"]).report([row])
    if case == "too much missing":
        assert report.violations == []  # one record has no share
    else:
        [found] = report.violations
        assert (found.column, found.rule, found.severity) == (column, rule, severity)


def test_records_and_tables_agree_on_odd_values() -> None:
    numbers = ["0", "-1", "49", "50", "500000", "5000001", "1e400", "4e7", "6.5", "6000.5"]
    numbers += ["x", "07", "0x10"]
    days = ["2019-12-31", "2020-01-01", "2023-1-1", "20230101", "2023-01-01T09:30", "2023-01-01x"]
    check = violations.RecordCheck(agreed(), ["km", "day"])
    for column, texts in {"km": numbers, "day": days}.items():
        for value in texts:
            in_table = table_check.violations(put(column, value)(table()), agreed())
            in_record = check.report([{"km": "6000", "day": "2023-01-01", column: value}])
            found = [[each.rule for each in r.violations] for r in (in_table, in_record)]
            assert found[0] == found[1], (column, value)


def test_numbers_in_json_are_as_good_as_texts() -> None:
    check = violations.RecordCheck(agreed(fuel={"categories": [1, 2]}), ["km", "fuel", "day"])
    record = {"km": 6000, "fuel": 2.0, "day": "2023-01-01"}
    assert check.report([record]).violations == []
    assert [v.rule for v in check.report([record | {"fuel": [2]}]).violations] == ["categories"]


@pytest.mark.parametrize(
    ("last", "rule", "severity"),
    [("today", "future_date", "error"), ("2023-12-31", "range", "warning")],
)
def test_a_day_after_the_last_is_of_the_future_only_where_that_is_today(
    last: str, rule: str, severity: str
) -> None:
    check = violations.RecordCheck(agreed(day={"range": ["2020-01-01", last]}), ["day"])
    [found] = check.report([{"day": "2999-01-01"}]).violations
    assert (found.rule, found.severity) == (rule, severity)


@pytest.mark.parametrize("given", [{}, {"km": "12 km"}])
def test_what_cannot_be_read_and_is_a_warning_is_missing(given: dict[str, str]) -> None:
    lenient = agreed(severity={"missing_column": "warning", "type": "warning"})
    [held] = violations.RecordCheck(lenient, ["km", "day"]).hold([{"day": "2023-01-01", **given}])
    assert held == {"km": None, "day": "2023-01-01"}


# From the contract to the answer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> inference.Model:
    """A model that was trained under the contract."""
    folder = tmp_path_factory.mktemp("agreed")
    (folder / "contract.json").write_text(contract.dumps(agreed().document), encoding="utf-8")
    table().to_csv(folder / "cars.csv", index=False)
    data = folder / "data"
    preprocess.main(
        [
            f"--input={folder / 'cars.csv'}",
            f"--output={data}",
            f"--contract={folder / 'contract.json'}",
        ]
    )
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    train.main([*channels, f"--model-dir={folder / 'model'}", "--num_round=20"])
    return inference.model_fn(str(folder / "model"))


RECORD = {"km": 60_000, "fuel": "petrol", "day": "2023-05-15"}


def test_a_record_that_breaks_the_contract_is_refused(model: inference.Model) -> None:
    assert model.columns == ["km", "fuel", "day"]
    with pytest.raises(DataError) as refused:
        inference.predict_fn([RECORD, RECORD | {"km": "60 km", "day": "2999-01-01"}], model)
    assert str(refused.value) == (
        "the data contract is broken: km: not a number in 1 row, such as '60 km'; "
        "day: a date in the future in 1 row, such as '2999-01-01'"
    )


def test_a_warning_is_logged_and_predicted(
    model: inference.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    [answer] = inference.predict_fn([RECORD | {"fuel": "steam"}], model)
    assert np.isfinite(answer["prediction"])
    assert "warning fuel: a new category in 1 row, such as 'steam'" in capsys.readouterr().err


def test_a_missing_field_is_refused_with_all_others(model: inference.Model) -> None:
    with pytest.raises(DataError, match=r"km: is missing in 1 row; fuel: is missing in 1 row"):
        inference.predict_fn([{"day": "2023-05-15"}], model)


def test_a_table_that_breaks_the_contract_stops_preprocessing(tmp_path: Path, run: Run) -> None:
    (tmp_path / "contract.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    frame = put("km", "12 km")(put("fuel", "steam")(put("day", "2999-01-01")(table())))
    frame.to_csv(tmp_path / "cars.csv", index=False)
    where = {"input": tmp_path / "cars.csv", "output": tmp_path / "out"}
    done = run("preprocess", contract=tmp_path / "contract.json", **where)
    assert done.returncode == 1 and not (tmp_path / "out").exists()
    assert done.stderr == (
        "preprocess: the data contract is broken: km: not a number in 1 row, such as '12 km'; "
        "day: a date in the future in 1 row, such as '2999-01-01'\n"
    )
    assert "warning fuel: a new category in 1 row, such as 'steam' [categories]" in done.stdout


# The file


def test_a_contract_is_written_as_it_is_read(tmp_path: Path) -> None:
    written = contract.dumps(agreed(severity={"range": "error"}).document)
    (tmp_path / "cars.json").write_text(written, encoding="utf-8")
    assert '      "categories": ["diesel", "petrol"],\n' in written
    for place in (tmp_path, tmp_path / "cars.json"):
        found = contract.load(place)
        assert found and found.columns["km"].usual == (4_000, 200_000)
        assert contract.dumps(found.document) == written
    assert contract.load(tmp_path / "nothing") is None
    assert contract.load("") is None


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda d: d["columns"]["km"].update(role="number"), "'number' is not one of numeric"),
        (lambda d: d["columns"]["km"].update(type="text"), "'text' is not one of integer, number"),
        (lambda d: d["columns"]["km"].update(unite="km"), "key 'unite' is not one of role, type"),
        (lambda d: d["columns"]["km"].update(range=[1]), "range must be [smallest, largest]"),
        (lambda d: d.update(severity={"rnge": "error"}), "rule 'rnge' is not one of"),
        (lambda d: d.update(severity={"range": "fatal"}), "severity of range 'fatal' is not one"),
        (lambda d: d.update(target="prize"), "'prize' is not one of id, km"),
        (lambda d: d.update(target="km"), "'km', and no other column, must have the role"),
        (lambda d: d["columns"].update(km="numeric"), "is 'numeric', not an object with role"),
        (lambda d: d.pop("columns"), 'has no "columns"'),
    ],
)
def test_a_mistake_in_a_contract_is_one_sentence(
    edit: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    edit(document)
    with pytest.raises(DataError) as refused:
        contract.from_document(document, "cars.json")
    assert sentence in str(refused.value) and str(refused.value).startswith("cars.json")


def test_a_folder_holds_one_contract(tmp_path: Path) -> None:
    assert contract.load(tmp_path) is None
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(contract.dumps(agreed().document), encoding="utf-8")
    with pytest.raises(DataError, match="holds 2 contracts; name the file of one"):
        contract.load(tmp_path)
    (tmp_path / "b.json").unlink()
    found = contract.load(tmp_path)
    assert found is not None and found.target == "price"


def test_a_contract_that_is_no_json_says_where(tmp_path: Path) -> None:
    (tmp_path / "cars.json").write_text('{"target": }', encoding="utf-8")
    with pytest.raises(DataError, match=r"cars.json is not valid JSON: .* line 1 column 12"):
        contract.load(tmp_path)


def test_the_proposal_follows_the_data() -> None:
    raw = table()
    raw.loc[:3, "fuel"] = None
    roles = {"km": "numeric", "fuel": "categorical", "day": "date", "price": "numeric"}
    facts = {"problem_type": "regression", "target": "price", "key": ["id"]}
    columns = profile.profile([batches.of_columns(raw)], raw.columns).columns
    readings = {name: Reading(name, role) for name, role in roles.items()}
    ignored = {"id": "it is an identifier"}
    proposed = contract_proposal.propose(columns, readings, ignored, {}, **facts)
    found = contract.from_document(proposed)
    assert table_check.violations(raw, found).violations == []
    assert found.columns["km"].type == "integer" and found.columns["day"].until_today
    assert found.columns["fuel"].missing_at_most == 0.05
    assert contract_proposal.key(columns, ignored) == ["id"]


def test_what_columns_mean_stands_before_what_they_hold() -> None:
    """A word that is not known is left out."""
    columns = {
        "km": {"role": "numeric", "type": "integer", "range": [0, 9]},
        "fuel": {"role": "categorical", "type": "text"},
    }
    meanings = {"km": ("km", "driven so far"), "fuel": ("", "burnt")}
    named = contract_proposal.described(columns, meanings)
    assert list(named["km"]) == ["role", "type", "unit", "description", "range"]
    assert named["km"] == columns["km"] | {"unit": "km", "description": "driven so far"}
    assert named["fuel"] == columns["fuel"] | {"description": "burnt"}
    assert contract_proposal.described(columns, {}) == columns


# Which contract belongs to which data


def test_data_is_held_to_its_own_contract_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts.paths, "CONTRACTS", tmp_path)
    for name in ("used_cars-regression", "houses", "abalone"):
        (tmp_path / f"{name}.json").write_text("{}", encoding="utf-8")

    def found(**given: str) -> str:
        asked = {"asked": "", "task": "", "input_data": "", "problem_type": "regression", **given}
        path = contracts.find(**asked)
        return path.stem if path else "none"

    assert found() == "used_cars-regression"
    assert found(problem_type="binary_classification") == "none"
    assert found(input_data="other.csv") == "none"
    assert found(input_data="other.csv", task="houses") == "houses"
    assert found(input_data="s3://bucket/raw/abalone.csv") == "abalone"
    assert found(asked="none") == "none"
    assert found(asked=str(tmp_path / "houses.json"), input_data="other.csv") == "houses"
    with pytest.raises(ProjectError, match="contract is not there"):
        found(asked="nowhere.json")
