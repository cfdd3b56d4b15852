"""Own data that does not fit: each kind works, or is met with one sentence that says what to do."""

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import evaluate
import preprocess
import train
from tabular import memory, tables
from tabular.values import DataError

ROWS = 300


@pytest.fixture(scope="module")
def cars(samples: dict[str, Path]) -> pd.DataFrame:
    """Listings as texts."""
    return pd.read_csv(samples["regression"], dtype=str)[:ROWS]


def refusal(path: Path, *arguments: str) -> str:
    """The sentence with which preprocessing stops."""
    with pytest.raises(SystemExit) as stopped:
        preprocess.main([f"--input={path}", f"--output={path.parent / 'out'}", *arguments])
    assert not (path.parent / "out").exists()
    assert isinstance(stopped.value.code, str) and "\n" not in stopped.value.code
    return stopped.value.code


def read(path: Path, text: str, encoding: str = "utf-8", **options: object) -> pd.DataFrame:
    """A file with this text, as it is read."""
    path.write_bytes(text.encode(encoding))
    return tables.read_raw(path, **options)


def test_no_header_works_with_names(cars: pd.DataFrame, tmp_path: Path) -> None:
    text = cars.to_csv(index=False, header=False)
    assert read(tmp_path / "cars.csv", text, column_names=list(cars.columns)).equals(cars)
    assert "name the columns by `column_names`, such as -p column_names a,b,c" in refusal(
        tmp_path / "cars.csv"
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator: str, cars: pd.DataFrame, tmp_path: Path) -> None:
    renamed = cars.rename(columns={"price": "price, euros; cash | card"})
    text = renamed.to_csv(index=False, sep=separator)
    assert read(tmp_path / "cars.csv", text).equals(renamed)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a^b^c\n1^2^3\n", "has one column, 'a^b^c', where a model needs a target"),
        ("a,b,c\n1;2;3\n4;5;6\n", "its rows have one cell, such as '1;2;3'; use the same"),
        ("a,b\n1,2,3\n4,5,6\n", "rows with more cells than the 2 of its first line"),
        ("a,b\n1,2\n4,5,6\n", "Expected 2 fields in line 3, saw 3"),
    ],
)
def test_a_wrong_delimiter_is_noticed(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    assert sentence in refusal(tmp_path / "bad.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mark_of_the_byte_order_is_understood(
    encoding: str, cars: pd.DataFrame, tmp_path: Path
) -> None:
    renamed = cars.rename(columns={"colour": "色"})
    found = read(tmp_path / "cars.csv", renamed.to_csv(index=False), encoding)
    assert found.equals(renamed)
    big_endian = codecs.BOM_UTF16_BE + renamed.to_csv(index=False).encode("utf-16-be")
    (tmp_path / "cars.csv").write_bytes(big_endian)
    assert tables.read_raw(tmp_path / "cars.csv").equals(renamed)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le"])
def test_another_encoding_is_named(encoding: str, cars: pd.DataFrame, tmp_path: Path) -> None:
    text = cars.replace("blue", "blå").to_csv(index=False)
    (tmp_path / "cars.csv").write_bytes(text.encode(encoding))
    assert "cars.csv is not text in UTF-8; save it as CSV in UTF-8" in refusal(
        tmp_path / "cars.csv"
    )


def test_mixed_types_name_the_row_or_are_categories(cars: pd.DataFrame, tmp_path: Path) -> None:
    few = cars.assign(photos=cars["photos"].mask(cars.index == 7, "many"))
    few.to_csv(tmp_path / "cars.csv", index=False)
    assert "column 'photos' is numeric but row 8 holds 'many'" in refusal(tmp_path / "cars.csv")
    words = cars["photos"].mask(cars.index % 4 == 0, "few")
    half = cars.assign(photos=words.mask(cars.index % 4 == 2, "many"))
    half.to_csv(tmp_path / "cars.csv", index=False)
    preprocess.main([f"--input={tmp_path / 'cars.csv'}", f"--output={tmp_path / 'out'}"])
    schema = (tmp_path / "out" / "schema" / "schema.json").read_text(encoding="utf-8")
    assert '"name": "photos",\n      "role": "categorical"' in schema


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda f: f[:0], "cars.csv has no rows under its header; give a file with data"),
        (lambda f: f[:1], "target 'price' has 1 different values in 1 rows"),
        (lambda f: f.assign(price="9000"), "target 'price' has 1 different values in 300 rows"),
    ],
    ids=["0 rows", "1 row", "a constant target"],
)
def test_what_nothing_can_be_learned_from(
    edit: Callable[[pd.DataFrame], pd.DataFrame],
    sentence: str,
    cars: pd.DataFrame,
    tmp_path: Path,
) -> None:
    edit(cars).to_csv(tmp_path / "cars.csv", index=False)
    assert sentence in refusal(tmp_path / "cars.csv")


def test_rows_without_a_target_are_left_out(
    cars: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = cars.assign(price=cars["price"].mask(cars.index % 2 == 0))
    half.to_csv(tmp_path / "cars.csv", index=False)
    where = [f"--input={tmp_path / 'cars.csv'}", f"--output={tmp_path / 'out'}"]
    preprocess.main([*where, "--problem-type=regression"])
    assert "missing in 150 rows left out" in capsys.readouterr().out


ODD_NAMES = {
    "mileage_km": "mileage [km] <1000",
    "power_kw": "the car's power",
    "fuel": "what, if it's fuel; or $ $",
    "listed_on": " listed on ",
    "colour": "{colour}",
    "price": 'price "in" [€] <incl. VAT>',
}


@pytest.mark.parametrize("family", ["xgboost", "linear"])
def test_odd_column_names_work(family: str, cars: pd.DataFrame, tmp_path: Path) -> None:
    cars.rename(columns=ODD_NAMES).to_csv(tmp_path / "cars.csv", index=False)
    data, model = tmp_path / "data", tmp_path / "model"
    target = f"--target={ODD_NAMES['price']}"
    preprocess.main([f"--input={tmp_path / 'cars.csv'}", f"--output={data}", target])
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    fit = [f"--model-family={family}", "--num_round=20"]
    train.main([*channels, f"--model-dir={model}", *fit])
    tests = [f"--{name}={data / name}" for name in ("test", "schema")]
    evaluate.main([*tests, f"--model={model}", f"--output={tmp_path / 'evaluation'}"])
    assert (tmp_path / "evaluation" / "evaluation.json").is_file()


@pytest.mark.parametrize("header", ["fuel,km,fuel,price", "fuel,km, fuel ,price"])
def test_a_name_that_comes_twice_is_refused(header: str, tmp_path: Path) -> None:
    (tmp_path / "cars.csv").write_text(f"{header}\ngas,1,oil,2\n", encoding="utf-8")
    assert "cars.csv has two columns named 'fuel'; rename one of them" in refusal(
        tmp_path / "cars.csv"
    )


def test_a_column_without_a_name_gets_one(tmp_path: Path) -> None:
    found = read(tmp_path / "cars.csv", ",fuel\n0,gas\n1,oil\n")
    assert list(found.columns) == ["unnamed: 0", "fuel"]


@pytest.fixture(scope="module")
def gigabyte(cars: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file of 1 GB, for as long as the tests of this module need it."""
    path = tmp_path_factory.mktemp("large") / "cars.csv"
    lines = cars.to_csv(index=False, header=False).encode() * 400
    with path.open("wb") as file:
        file.write(cars[:0].to_csv(index=False).encode())
        while file.tell() < 1_000_000_000:
            file.write(lines)
    yield path
    path.unlink()


def test_the_first_rows_of_a_gigabyte_are_read_at_once(gigabyte: Path, cars: pd.DataFrame) -> None:
    assert tables.read_raw(gigabyte, row_limit=ROWS).equals(cars)


def test_a_gigabyte_that_the_memory_does_not_hold_is_refused(
    gigabyte: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([8e9, 7e9, 5e9, 3e9, 1e9])  # what is free before, and after each chunk
    monkeypatch.setattr(memory, "available", lambda: next(left))
    sentence = "too large for this machine's memory, which is full after [0-9,]+ rows"
    with pytest.raises(DataError, match=sentence):
        tables.read_raw(gigabyte)
