"""Tables as people have them: understood, or met with one sentence; nothing is lost in silence."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import preprocess

HEADER = ["area", "quarter", "price"]
QUARTERS = ["old", "new", "port"]
ROWS = [
    [str(40 + n * 7 % 90), QUARTERS[n % 3], str(2000 * (40 + n * 7 % 90) + n)] for n in range(240)
]


def text(rows: list[list[str]] = ROWS, header: list[str] = HEADER, by: str = ",") -> str:
    """The table as CSV."""
    return "".join(by.join(row) + "\n" for row in [header, *rows])


def with_cell(row: int, place: int, cell: str) -> list[list[str]]:
    """The rows with another cell."""
    found = [list(each) for each in ROWS]
    found[row][place] = cell
    return found


def quoted(*cells: str) -> str:
    """A line of CSV with all cells in quotes."""
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


@dataclass(frozen=True)
class Table:
    """A table: its content, or that of each file of a folder, and what becomes of it.

    `rows` are those of all splits, 0 where the table is refused; `said` is in the log or sentence.
    """

    content: str | bytes | dict[str, str | bytes]
    rows: int = 240
    said: str = "numeric: area\ncategorical: quarter\n"
    name: str = "homes.csv"


SHORT = text().replace(",".join(ROWS[7]), ",".join(ROWS[7][:2]))
WIDE = [[str(n * (place + 3) % 97) for place in range(599)] + ROWS[n][2:] for n in range(60)]
PARTS = {"a.csv": text(ROWS[:120]), "b.csv": text(ROWS[120:])}
TABLES = {
    "spaces around cells": Table(text([[f"  {a} ", f" {b}", c] for a, b, c in ROWS])),
    "a capital suffix": Table(text(), name="HOMES.CSV"),
    "no suffix": Table(text(), name="homes"),
    "compressed": Table(gzip.compress(text().encode()), name="homes.csv.gz"),
    "compressed under another name": Table(gzip.compress(text().encode())),
    "semicolons": Table(text(by=";")),
    "tabs": Table(text(by="\t"), name="homes.tsv"),
    "pipes": Table(text(by="|")),
    "lists in cells": Table(text([[a, f"{b};x;y;z;", c] for a, b, c in ROWS])),
    "a separator that is named": Table("sep=;\n" + text(by=";")),
    "a byte order mark": Table("\ufeff" + text()),
    "UTF-16": Table(text().encode("utf-16")),
    "Latin-1": Table(
        text(with_cell(3, 1, "ö")).encode("latin-1"),
        0,
        "homes.csv is not text in UTF-8; save it as CSV in UTF-8",
    ),
    "lines that end with CR": Table(text().replace("\n", "\r")),
    "lines that end with CR LF": Table(text().replace("\n", "\r\n")),
    "blank lines": Table(text().replace("\n", "\n\n  \n")),
    "a title": Table("Homes of 2021\n\n" + text(), said="'Homes of 2021'"),
    "a title as spreadsheets write it": Table(
        "Homes,,\n2021,,\n,,\n" + text(),
        said="is left out, since it names no columns: 'Homes 2021'",
    ),
    "remarks above": Table("# made, by me\n# today\n" + text(), said="'# made by me # today'"),
    "a total": Table(text() + "Total,,99999\n", said="sums up the others: 'Total'"),
    "a short total": Table(text() + "Summe:\n", said="'Summe:'"),
    "a remark below": Table(text() + "Source: the city\n", said="'Source: the city'"),
    "a total that is a value": Table(
        text([[a, ["total", "part"][n % 2], c] for n, (a, _, c) in enumerate(ROWS)])
        + "50,total,100000\n",
        241,
    ),
    "names of two lines": Table(
        quoted("area", "quarter\nof town", 'the "price"') + text().split("\n", 1)[1],
        said="numeric: area\ncategorical: quarter of town\n",
    ),
    "lines and quotes in cells": Table(
        quoted(*HEADER) + "".join(quoted(a, f'the "{b}"\n, town', c) for a, b, c in ROWS)
    ),
    "a short row": Table(SHORT, 239, "missing in 1 rows left out"),
    "long rows": Table(text([[*row, "x"] for row in ROWS]), 0, "more cells than the 3"),
    "separators behind": Table(text([[*row, ""] for row in ROWS])),
    "an index without a name": Table(
        text([[str(n), *row] for n, row in enumerate(ROWS)], ["", *HEADER]),
        said="ignored: unnamed: 0, because it is an identifier",
    ),
    "spaces before quotes": Table(
        text([[a, f' "{b}, town"', f" {c}"] for a, b, c in ROWS], ["area", " quarter", " price"])
    ),
    "a quote that is never closed": Table(
        text(with_cell(200, 1, '"old')), 0, "homes.csv has a quote that is never closed"
    ),
    "a cell of 1 MB": Table(text(with_cell(9, 1, "x" * 1_000_000))),
    "a zero byte": Table(text(ROWS * 2).replace("old", "o\0ld", 1), 0, "is not text in UTF-8"),
    "empty": Table("", 0, "homes.csv is empty"),
    "only names": Table(text([]), 0, "homes.csv has no rows under its header"),
    "one column": Table("price\n1\n2\n", 0, "homes.csv has one column, 'price'"),
    "a name twice": Table(text(header=["area", " area", "price"]), 0, "two columns named 'area'"),
    "600 columns": Table(
        text(WIDE, [*(f"c{place}" for place in range(599)), "price"]), 60, "numeric: c598"
    ),
    "a spreadsheet": Table(b"PK\x03\x04 and more", 0, "is a spreadsheet or a zip archive"),
    "files that are none": Table(
        PARTS | {".a.csv.crc": b"crc\0", "_SUCCESS": "", "._b.csv": b"\0\5", "Thumbs.db": b"\0\1"}
    ),
    "other files": Table(
        PARTS | {"README.md": "# Homes", "b.csv.bak": text()},
        said="left out of homes: README.md, b.csv.bak, being neither CSV nor Parquet by name",
    ),
    "files about the others": Table(
        PARTS
        | {"README.txt": "Homes, as of 2021\n", "LICENSE": "Free", "sha256sums.txt": "af  a.csv"},
        said="left out of homes: LICENSE, README.txt, sha256sums.txt, being neither CSV nor",
    ),
    "a text that is no table": Table(
        PARTS | {"columns.txt": "area: of the flat, in m²\nprice: asked\n", "more": b"\xff\0"},
        said="left out of homes: columns.txt, more, being no table with the others' columns",
    ),
    "a text that is a part of the table": Table(
        {"a.csv": PARTS["a.csv"], "b.txt": PARTS["b.csv"], "readme.txt": "b.txt came later"}
    ),
    "texts only": Table(
        {"a.txt": text(), "b": "x,y\n1,2\n"}, 0, "b has none of the columns of a.txt"
    ),
    "an empty part": Table(
        PARTS | {"part-3.csv": ""}, said="left out of homes: part-3.csv, being empty"
    ),
    "folders that name a column": Table(
        {"city=Ulm/a.csv": text(ROWS[:99]), "city=Bonn/b.csv": text(ROWS[99:])},
        said="left out of homes: city, being in the names of folders",
    ),
    "a broken archive": Table(
        gzip.compress(text().encode())[:200], 0, "is not a readable CSV file: Compressed file ended"
    ),
    "another order of columns": Table(
        {"a.csv": text(ROWS[:120]), "b.csv": text([r[::-1] for r in ROWS[120:]], HEADER[::-1])}
    ),
    "a column that a file lacks": Table(
        {"a.csv": text(ROWS[:120]), "b.csv": text([r[1:] for r in ROWS[120:]], HEADER[1:])},
        said="column 'area' is not in b.csv, whose rows have no value there",
    ),
    "a file without names": Table(
        {"a.csv": text(ROWS[:120]), "b.csv": text(ROWS[121:], ROWS[120])},
        0,
        "the first line of b.csv looks like data",
    ),
    "a file of another table": Table(
        {"a.csv": text(), "b.csv": "x,y\n1,2\n"}, 0, "b.csv has none of the columns of a.csv"
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_an_ugly_table_is_understood_or_refused(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = TABLES[case]
    folder = isinstance(table.content, dict)
    files = table.content if isinstance(table.content, dict) else {table.name: table.content}
    place = tmp_path / "homes" if folder else tmp_path
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(data)
    source, out = place if folder else place / table.name, tmp_path / "out"
    arguments = [f"--input={source}", f"--output={out}"]
    if table.rows:
        preprocess.main(arguments)
        assert table.said in capsys.readouterr().out
        schema = json.loads((out / "schema" / "schema.json").read_text(encoding="utf-8"))
        assert sum(schema["rows"].values()) == table.rows
        train = pd.read_csv(out / "train" / "train.csv", dtype=str, keep_default_na=False)
        assert not [c for c in train.columns if train[c].str.startswith(" ").any()]
        return
    with pytest.raises(SystemExit) as refused:
        preprocess.main(arguments)
    assert isinstance(refused.value.code, str) and "\n" not in refused.value.code
    assert table.said in refused.value.code
    assert not out.exists()


def test_a_column_that_begins_late_is_used(tmp_path: Path) -> None:
    """Nothing is concluded from the beginning of a file."""
    rows = [[a, "" if n < 5_200 else str(n % 90), c] for n, (a, _, c) in enumerate(ROWS * 25)]
    (tmp_path / "late.csv").write_text(text(rows, ["area", "score", "price"]), encoding="utf-8")
    preprocess.main([f"--input={tmp_path / 'late.csv'}", f"--output={tmp_path / 'out'}"])
    schema = json.loads((tmp_path / "out" / "schema" / "schema.json").read_text(encoding="utf-8"))
    assert [column["name"] for column in schema["columns"]] == ["area", "score"]


def test_a_class_that_no_training_row_has_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = [[a, c, ["flat", "house"][n % 2]] for n, (a, _, c) in enumerate(ROWS)]
    for number in range(100):  # until the one castle is not in the training split
        rows = [*kinds, ["50", str(number), "castle"]]
        table = text(rows, ["area", "price", "kind"])
        (tmp_path / "rare.csv").write_text(table, encoding="utf-8")
        preprocess.main([f"--input={tmp_path / 'rare.csv'}", f"--output={tmp_path / 'out'}"])
        train = pd.read_csv(tmp_path / "out" / "train" / "train.csv")
        if "castle" not in set(train["kind"]):
            break
        assert "castle" not in capsys.readouterr().out
    assert "no training row has 'castle' (1) as its target" in capsys.readouterr().out


def test_an_export_of_a_german_ledger_is_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A title, names of two lines, a minus behind, no-break spaces, names of months, a sum."""
    months, euro = ["Januar", "März", "Mai", "Dezember"], "\u00a0€"
    lines = [
        f"{n + 4711:08};{n % 28 + 1}. {months[n % 4]} 2021;{n * 7 % 400};"
        f"{'k. A.' if n % 23 == 0 else f'{n * 37 % 900},{n % 90 + 10}{euro}'};"
        f"{n * 7 % 400},5{n % 9 + 1}{'-' * (n % 3 == 0)}{euro}"
        for n in range(300)
    ]
    head = 'Deckungsbeitrag;;;;\nStand: 03.02.2023;;;;\nBeleg;"Buchungs-\ntag";Menge;Preis;Gewinn\n'
    whole = head + "\n".join(lines) + f"\nSumme;;59850;;1.234,00-{euro}\n"
    (tmp_path / "ledger.CSV").write_bytes(f"\ufeff{whole}".replace("\n", "\r\n").encode())
    preprocess.main([f"--input={tmp_path / 'ledger.CSV'}", f"--output={tmp_path / 'out'}"])
    said = capsys.readouterr().out
    assert "target: Gewinn (regression), missing in 0 rows left out" in said
    assert "date: Buchungs- tag\nnumeric: Menge\nnumeric: Preis\n" in said
    assert "column 'Beleg' holds codes with leading zeros" in said
    assert "column 'Preis': missing where it says 'k. A.' (14)" in said
    assert "the last row of ledger.CSV is left out, since it sums up the others: 'Summe'" in said
    schema = json.loads((tmp_path / "out" / "schema" / "schema.json").read_text(encoding="utf-8"))
    assert sum(schema["rows"].values()) == 300
    train = pd.read_csv(tmp_path / "out" / "train" / "train.csv")
    assert (train["Gewinn"] < 0).sum() > 0, "a minus behind is a minus"
