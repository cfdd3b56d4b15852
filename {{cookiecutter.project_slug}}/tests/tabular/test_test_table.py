"""Test rows of their own: all other rows train and validate, and none of these does."""

import csv
import json
from pathlib import Path

import pytest

import preprocess
from tabular.values import DataError

from {{ cookiecutter.package_name }} import sample_data


def split(folder: Path, data: Path, *options: str) -> dict[str, list[dict[str, str]]]:
    words = [f"--input={data}", f"--output={folder}", "--target=price", "--drop=listing_id"]
    words += options
    preprocess.preprocess(preprocess.arguments(words))
    found = {}
    for name in ("train", "validation", "test"):
        with (folder / name / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.DictReader(file))
    return found


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A table to train on, and a smaller one to test on."""
    folder = tmp_path_factory.mktemp("tables")
    data = sample_data.write_sample(folder / "data" / "cars.csv", 600, 1, 0.0, "regression")
    test = sample_data.write_sample(folder / "test" / "new.csv", 90, 2, 0.0, "regression")
    return data, test


def test_its_rows_are_the_test_rows_and_all_others_train_or_validate(
    tables: tuple[Path, Path], tmp_path: Path
) -> None:
    data, test = tables
    usual = split(tmp_path / "usual", data)
    found = split(tmp_path / "given", data, f"--test-data={test.parent}")
    assert len(found["test"]) == 90
    assert found["validation"] == usual["validation"]
    assert sorted(map(str, found["train"])) == sorted(map(str, usual["train"] + usual["test"]))
    schema = json.loads((tmp_path / "given" / "schema" / "schema.json").read_text(encoding="utf-8"))
    assert schema["rows"]["test"] == 90
    records = (tmp_path / "given" / "records" / "test.jsonl").read_text(encoding="utf-8")
    assert len(records.splitlines()) == 90


def test_a_row_limit_leaves_the_test_rows_whole(tables: tuple[Path, Path], tmp_path: Path) -> None:
    data, test = tables
    found = split(tmp_path, data, f"--test-data={test}", "--row-limit=300")
    assert len(found["test"]) == 90
    assert len(found["train"]) + len(found["validation"]) == 300


def test_folds_leave_the_test_rows_out(tables: tuple[Path, Path], tmp_path: Path) -> None:
    data, test = tables
    split(tmp_path, data, f"--test-data={test}", "--validation=cross_validation", "--folds=3")
    tested = 0
    for number in range(1, 4):
        file = tmp_path / "folds" / str(number) / "test" / "test.csv"
        tested += len(file.read_text(encoding="utf-8").splitlines()) - 1
    assert tested == 600


def test_columns_of_the_test_rows_alone_are_left_out(
    tables: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, test = tables
    lines = test.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    short = [f"{line.partition(',')[2]},1" for line in lines[1:]]
    file = tmp_path / "more.csv"
    file.write_text("\n".join([f"{lines[0].partition(',')[2]},more", *short]), encoding="utf-8")
    found = split(tmp_path / "out", data, f"--test-data={file}")
    assert len(found["test"]) == 90 and "more" not in found["test"][0]
    said = capsys.readouterr().out
    assert f"column {names[0]!r} is not in `test_data`" in said
    assert "left out of `test_data`: 'more'" in said


def test_another_table_is_refused(tables: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    with pytest.raises(DataError, match="none of the columns of the data, but a, b"):
        split(tmp_path / "out", tables[0], f"--test-data={other}")
